"""What git has of earlier versions: their `dvc.lock`, and how a commit is made without touching the working tree."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gettok.errors import BadInput

LOCK = "dvc.lock"


def git(
    *arguments: str, content: bytes | None = None, environment: Mapping[str, str] = MappingProxyType({})
) -> str:
    """What a git command prints; raises `BadInput` if it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ("git", *arguments),  # noqa: S607 - the git of the person
            check=True,
            capture_output=True,
            input=content,
            env={**os.environ, **environment},
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise BadInput(
            f"git cannot do this: {said.decode(errors='replace').strip()}",
            "stopped; what was done until then stays",
            "run this from the top of a gettok repository, correct what the message names, and run it again",
        ) from error
    return done.stdout.decode(errors="surrogateescape")


@dataclass(frozen=True)
class Locked:
    """A `dvc.lock` that git has: the commits with it, and the MD5 of each output that DVC's cache has, by path."""

    blob: str
    commits: tuple[str, ...]


def locks() -> list[Locked]:
    """Each `dvc.lock` of a commit that a branch, tag, experiment or stash leads to, stashes' older entries included."""
    stashed = git("reflog", "show", "--format=%H", "refs/stash").split() if _has("refs/stash") else []
    commits = git("rev-list", "--all", *stashed).split()
    asked = "".join(f"{commit}:{LOCK}\n" for commit in commits).encode()
    answers = git("cat-file", "--batch-check=%(objectname) %(objecttype)", content=asked).splitlines()
    found: dict[str, list[str]] = {}
    for commit, answer in zip(commits, answers, strict=True):
        name, kind = answer.rsplit(" ", 1)
        if kind == "blob":
            found.setdefault(name, []).append(commit)
    return [Locked(blob, tuple(having)) for blob, having in found.items()]


def _has(ref: str) -> bool:
    return bool(git("for-each-ref", "--format=%(refname)", ref).strip())


def blob(name: str) -> bytes:
    return git("cat-file", "blob", name).encode("utf-8", "surrogateescape")


def refs(pattern: str) -> dict[str, str]:
    """The commit of each ref below a name; of an annotated tag, the one that it is of."""
    lines = git("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", pattern).splitlines()
    return {parts[0]: parts[-1] for parts in map(str.split, lines)}


def is_annotated(tag: str) -> bool:
    return git("cat-file", "-t", f"refs/tags/{tag}").strip() == "tag"


def message_of(tag: str) -> str:
    return git("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}")


def commit_with(parent: str, files: Mapping[str, bytes | None], message: str) -> str:
    """A commit on top of another, with these files changed, or deleted where they are None. Returns its name."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git("read-tree", parent, environment=index)
        for path, content in files.items():
            if content is None:
                git("update-index", "--force-remove", path, environment=index)
            else:
                written = git("hash-object", "-w", "--stdin", content=content).strip()
                git("update-index", "--add", "--cacheinfo", f"100644,{written},{path}", environment=index)
        tree = git("write-tree", environment=index).strip()
    return git("commit-tree", tree, "-p", parent, "-m", message).strip()
