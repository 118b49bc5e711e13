"""Writes pages into files, enough of them in each that neither memory nor the number of files grows too large."""

from collections import Counter
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from gettok.collect.background_writer import BackgroundWriter
from gettok.collect.search import StoredPage
from gettok.tables import PAGES

_PAGES_PER_FILE = 64


class PageFiles:
    """Writes pages into a folder as they come, in files named `<name>.<number>.parquet`; for a `with` block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._writer = BackgroundWriter("pages")
        self._files: Counter[str] = Counter()
        self._name = ""
        self._waiting: list[StoredPage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._writer:
            if error is None:
                self._write()

    def add(self, name: str, stored: StoredPage) -> None:
        """Add a page; pages of one name should come one after the other."""
        if name != self._name or len(self._waiting) >= _PAGES_PER_FILE:
            self._write()
            self._name = name
        self._waiting.append(stored)

    def _write(self) -> None:
        if self._waiting:
            path = self._folder / f"{self._name}.{self._files[self._name]:04d}.parquet"
            self._writer.write(partial(_write, self._waiting, path))
            self._files[self._name] += 1
            self._waiting = []


def _write(pages: list[StoredPage], path: Path) -> None:
    PAGES.write([stored.row() for stored in pages], path)
