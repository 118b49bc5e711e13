"""Videos captured in a browser, as pages: the file's lines are kept verbatim like an API's answers."""

import json
from collections.abc import Iterator
from pathlib import Path

from gettok.collect.journal import STAGE
from gettok.collect.search import Kept
from gettok.lookup import Refused
from gettok.research_api import Page
from gettok.step import Answer
from gettok.store import Key
from gettok.zeeschuimer import Lines, observed_at, read

ENDPOINT = "zeeschuimer"
_VERSION = 1


def captured(path: Path, refused: list[Refused]) -> Iterator[Kept]:
    """The file's videos, a hundred lines a page; lines that are no videos are added to `refused`.

    Nothing was paid for them, so they do not go into the store: whoever has the file has the pages.
    """
    for lines in read(path):
        refused += lines.refused
        if lines.items:
            yield _kept(path.name, lines)


def _kept(file: str, lines: Lines) -> Kept:
    text = json.dumps({"items": lines.items}, ensure_ascii=True)
    request = {
        "path": ENDPOINT,
        "body": {"file": file, "first_line": lines.first, "videos": len(lines.items)},
    }
    page = Page(request, 200, {}, max(map(observed_at, lines.items)), text)
    answer = Answer(page.to_json())
    key = Key.of(STAGE, _VERSION, {"endpoint": ENDPOINT}, answer.body)
    return Kept(ENDPOINT, file, 0, lines.first, key.digest, answer, page)
