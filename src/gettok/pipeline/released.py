"""The folder of a release: one on this disk, or that of a git revision, brought from DVC's cache or a remote."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gettok.errors import BadInput
from gettok.pipeline.paths import RELEASE, if_no_remote

_SCRATCH = Path(".dvc/tmp")


@contextmanager
def release_folder(given: str) -> Iterator[Path]:
    """The folder that is given; or the release of a revision or version, in a folder that is deleted afterwards."""
    if Path(given).is_dir():
        yield Path(given)
        return
    # beside the cache, since a release may be larger than the system's folder for such files
    with tempfile.TemporaryDirectory(dir=_SCRATCH if _SCRATCH.is_dir() else None) as scratch:
        folder = Path(scratch) / RELEASE.name
        _bring(given, folder)
        yield folder


def _bring(given: str, folder: Path) -> None:
    # they take as long to import as a small release takes to check, and a folder needs none of them
    from dvc.api import DVCFileSystem  # noqa: PLC0415
    from dvc.exceptions import DvcException  # noqa: PLC0415
    from dvc.scm import RevError  # noqa: PLC0415
    from dvc_data.index import DataIndexDirError  # noqa: PLC0415

    from gettok.pipeline.release_versions import tag_of  # noqa: PLC0415

    try:
        with closing(DVCFileSystem(".", rev=tag_of(given))) as files:
            if not files.isdir(RELEASE.as_posix()):
                raise BadInput(
                    f"{given} has no {RELEASE}",
                    "read nothing",
                    "name a commit or tag at which the release had been made and dvc.lock committed",
                )
            files.get(RELEASE.as_posix(), str(folder), recursive=True)
    except RevError as error:
        raise BadInput(
            f"{given} is neither a folder, nor a commit or tag of this repository",
            "read nothing",
            "name a folder, or a tag that `git tag` lists; `git fetch --tags` brings those of others",
        ) from error
    except (DataIndexDirError, FileNotFoundError) as error:
        raise _not_here(given) from error
    except DvcException as error:
        raise BadInput(
            f"DVC cannot read the release of {given}: {error}",
            "read nothing",
            "run this from the top of a gettok repository, and correct what the message names",
        ) from error


def _not_here(given: str) -> BadInput:
    return BadInput(
        f"the release of {given} is neither in DVC's cache nor in a remote that can be reached",
        "read nothing",
        f"run `dvc pull release` at that commit, or have it pushed where it was made (`dvc push`){if_no_remote()}",
    )
