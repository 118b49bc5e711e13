"""The lines of a release's README that load it, by language and library."""

import re
from typing import NamedTuple

from gettok.release.documents.rendering import render

_BLOCK = re.compile(
    r"^```(?P<language>\w+)\n(?:#|--) (?P<library>\w+)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL
)


class Lines(NamedTuple):
    language: str
    library: str
    code: str


def lines_of(text: str) -> list[Lines]:
    return [Lines(*match.group("language", "library", "code")) for match in _BLOCK.finditer(text)]


def lines_for(path: str, folder: str) -> list[Lines]:
    return lines_of(render("loading.md.j2", path=path, folder=folder, key="video_id"))
