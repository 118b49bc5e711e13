"""Versions of the release: annotated git tags such as `dataset@v1.2.0`, by which DVC finds its artifact `dataset`."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from semver import Version

from gettok.errors import BadInput, counted
from gettok.settings.yaml_file import parse_yaml

ARTIFACT = "dataset"
_PIPELINE = Path("dvc.yaml")
_MOST_NAMED = 3


def tag_of(given: str) -> str:
    """The tag of a version that is released, as `1.2.0` or `v1.2.0`; any other name as it is."""
    version = _version(given.removeprefix("v"))
    return _tag(version) if version in released_versions() else given


def released_versions() -> list[Version]:
    """The versions that this repository has tags of, from the lowest to the highest; without git, none."""
    try:
        tags = _git("tag", "--list", f"{ARTIFACT}@v*").split()
    except BadInput:
        return []
    versions = [_version(tag.removeprefix(f"{ARTIFACT}@v")) for tag in tags]
    return sorted(version for version in versions if version is not None)


def new_version(given: str) -> Version:
    """Raises `BadInput` unless it is a semantic version above all that are released."""
    version = _version(given.removeprefix("v"))
    if version is None:
        raise BadInput(
            f"{given} is not a semantic version",
            "made no tag",
            "give three numbers, such as 1.2.0: the first grows if results cannot be compared with those before, the "
            "second if there is more, the third if something was corrected (https://semver.org)",
        )
    last = max(released_versions(), default=None)
    if last is not None and version <= last:
        what = (
            "exists already" if version in released_versions() else f"is not above the last version, {last}"
        )
        raise BadInput(
            f"the version {version} {what}",
            "made no tag",
            f"give a version above {last}; `git tag --list '{ARTIFACT}@*'` lists all",
        )
    return version


def refuse_no_artifact(path: Path) -> None:
    """Raise `BadInput` unless `dvc.yaml` has the artifact, with this path: DVC would not find the tag's data."""
    pipeline = parse_yaml(_PIPELINE.read_bytes()) if _PIPELINE.is_file() else {}
    declared = pipeline.get("artifacts") or {}
    if declared.get(ARTIFACT, {}).get("path") != path.as_posix():
        raise BadInput(
            f"{_PIPELINE} has no artifact {ARTIFACT} with the path {path}",
            "made no tag: `dvc artifacts get` would not find the release",
            f"add to {_PIPELINE}: artifacts: {{{ARTIFACT}: {{path: {path}, type: dataset}}}}, and commit it",
        )


def refuse_other_version(version: Version, release: Path) -> None:
    """Raise `BadInput` if the release says of itself, where it says how to cite it, that it is another version."""
    citation = release / "CITATION.cff"
    said = str(parse_yaml(citation.read_bytes())["version"]) if citation.is_file() else str(version)
    if said != str(version):
        raise BadInput(
            f"the release says that it is version {said}, not {version}",
            "made no tag: people would cite another version than they have",
            f"set citation.version to {version} in conf/citation/default.yaml, run `gettok compose` and `dvc repro`, "
            "and commit the result",
        )


def refuse_dirty_tree() -> None:
    """Raise `BadInput` if git does not have everything that is here, apart from what it ignores."""
    lines = _git("status", "--porcelain").splitlines()
    names = [line[3:] for line in lines]
    if names:
        more = ", …" if len(names) > _MOST_NAMED else ""
        raise BadInput(
            f"git does not have {counted(len(names), 'file')} as they are here: {', '.join(names[:_MOST_NAMED])}{more}",
            "made no tag: it would name a commit from which this release was not made",
            "commit them, or restore them with `git restore`; move away what does not belong here",
        )


def add_tag(version: Version, message: str) -> str:
    """Tag the commit that is checked out; DVC finds only annotated tags. Returns the tag's name."""
    _git("tag", "--annotate", "--message", message, _tag(version))
    return _tag(version)


def address_of(given: str) -> str | None:
    """Where the web shows the commit of a tag or version: the remote `origin`, if that has such an address.

    A name or password in the remote's address is left out.
    """
    try:
        remote = _git("remote", "get-url", "origin").strip()
    except BadInput:
        return None
    found = re.fullmatch(
        r"(?:https?://(?:[^@/]*@)?|(?:ssh://)?git@)([^:/]+\.[^:/]+)[:/](.+?)(?:\.git)?/?", remote
    )
    if found is None:
        return None
    host, path = found.groups()
    is_known = host == "github.com" or host.startswith("gitlab.")
    return f"https://{host}/{path}" + (f"/tree/{quote(tag_of(given), safe='')}" if is_known else "")


def _tag(version: Version | None) -> str:
    return f"{ARTIFACT}@v{version}"


def _version(text: str) -> Version | None:
    return Version.parse(text) if Version.is_valid(text) else None


def _git(*arguments: str) -> str:
    command: Sequence[str] = ("git", *arguments)
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - no shell
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise BadInput(
            f"git cannot do this: {said.strip()}",
            "changed nothing",
            "run this from the top of a gettok repository, and correct what the message names",
        ) from error
