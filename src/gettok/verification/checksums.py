"""The file `checksums.sha256` of a release, in the format of `sha256sum -c`, compared with the files beside it."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from gettok.store.blobs import file_digest

#: The name of the list, which does not list itself.
CHECKSUMS = "checksums.sha256"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64}) [ *](?P<name>.+)")


def recorded_checksums(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The SHA-256 of each file by its name, and what is wrong with the list, a line for each."""
    try:
        lines = (folder / CHECKSUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}, [f"{CHECKSUMS} is missing"]
    except UnicodeDecodeError:
        return {}, [f"{CHECKSUMS} is not text in UTF-8"]
    digests: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append(f"{CHECKSUMS}, line {number}: not a SHA-256 and a name")
        elif leaves(match["name"]):
            problems.append(f"{CHECKSUMS}, line {number}: the name {match['name']!r} leaves the folder")
        elif match["name"] in digests:
            problems.append(f"{CHECKSUMS}, line {number}: {match['name']} is listed twice")
        else:
            digests[match["name"]] = match["digest"]
    return digests, problems


def leaves(name: str) -> bool:
    """Whether a name leads out of the folder, or is not written in the one way that names a file in it."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or str(path) != name or "\\" in name


def wrong_files(folder: Path, digests: dict[str, str], on_bytes: Callable[[int], object]) -> Iterator[str]:
    """A line for each file that is missing, not listed or of other bytes. `on_bytes` is told the bytes read."""
    found = files_below(folder)
    for name in sorted(digests.keys() - found.keys()):
        yield f"{name} is missing"
    for name in sorted(found.keys() - digests.keys() - {CHECKSUMS}):
        yield f"{name} is not listed in {CHECKSUMS}"
    names = sorted(digests.keys() & found.keys())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashed = pool.map(file_digest, (found[name] for name in names))
        for name, digest in zip(names, hashed, strict=True):
            on_bytes(found[name].stat().st_size)
            if digest != digests[name]:
                yield f"{name} has other bytes than {CHECKSUMS} says"


def files_below(folder: Path) -> dict[str, Path]:
    """Each file of a folder by its name, with those of folders in it."""
    return {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()
    }
