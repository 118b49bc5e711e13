"""Every text in the files of a folder, as a reader sees it: cells, members of JSON, and HTML without escapes."""

import base64
import html
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Each text with the name of its file."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            yield name, name
            yield from ((name, text) for text in _of_file(file))


def _of_file(file: Path) -> Iterator[str]:
    if file.suffix == ".parquet":
        for row in pl.read_parquet(file).iter_rows():
            yield from _of_value(row)
    elif file.suffix == ".json":
        yield from _of_value(json.loads(file.read_text("utf-8")))
    else:
        text = file.read_bytes().decode("utf-8", "replace")
        yield from (text, html.unescape(text))


def _of_value(value: Any) -> Iterator[str]:
    """The texts in a value, also in JSON within texts; bytes as web pages embed them."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _of_value(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _of_value(part)
    elif isinstance(value, bytes):
        yield base64.b64encode(value).decode()
    elif value is not None:
        yield str(value)
        if isinstance(value, str) and value.startswith(("{", "[")):
            with suppress(ValueError):
                yield from _of_value(json.loads(value))
