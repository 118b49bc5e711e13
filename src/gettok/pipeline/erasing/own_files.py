"""Which files of a person's name what is to be erased: those under `inputs/` and `conf/`, and media of their own."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from gettok.errors import UserFacingError
from gettok.pipeline.paths import CONF, INPUTS, PARAMS, REFRESH_LISTS
from gettok.settings import load

_NUMBER = re.compile(rb"[0-9]+")
_NAME = re.compile(rb"[A-Za-z0-9_.]+")


class Named(NamedTuple):
    """A file, and the numbers of its lines that name something of a request; none if its own name does."""

    file: Path
    lines: tuple[int, ...] = ()


def own_files(ids: Collection[str], users: Collection[str]) -> list[Named]:
    """Every such file in order. Words are compared whole, and usernames in small letters."""
    settings = [CONF, PARAMS] if CONF.is_dir() or PARAMS.is_file() else []
    files = sorted({file for place in (INPUTS, *_sources(), *settings) for file in _files(place)})
    found = [
        Named(file, tuple(_lines(file, ids, users))) for file in files if REFRESH_LISTS not in file.parents
    ]
    return [each for each in found if each.lines] + [Named(file) for file in _own_media(ids)]


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    yield from (file for file in place.rglob("*") if file.is_file())


def _sources() -> list[Path]:
    """The list of ids or captures of the study, which may lie elsewhere."""
    try:
        file = load(PARAMS).source.file
    except UserFacingError:
        return []
    return [Path(file)] if file else []


def _lines(file: Path, ids: Collection[str], users: Collection[str]) -> Iterator[int]:
    wanted = {name.encode() for name in ids}
    names = {name.encode() for name in users}
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            has_user = bool(names) and any(part.lower() in names for part in _NAME.findall(line))
            if has_user or not wanted.isdisjoint(_NUMBER.findall(line)):
                yield number


def _own_media(ids: Collection[str]) -> Iterator[Path]:
    """Files and folders named by an id in the folder of the download backend `local`."""
    try:
        download = load(PARAMS).download
    except UserFacingError:
        return
    folder = Path(download.folder)
    if download.backend == "local" and folder.is_dir():
        yield from (entry for entry in sorted(folder.iterdir()) if entry.stem in ids)
