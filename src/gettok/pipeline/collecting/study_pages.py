"""The pages on which a study's videos are: those of its own search, and those of refreshes."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from gettok.collect import PageFiles, StoredPage
from gettok.collect.erased import Erased
from gettok.collect.id_lookup import ids_on
from gettok.pipeline.collecting.comments_and_profiles import CommentsAndProfiles


class StudyPages:
    """Writes pages into `videos` and `refreshed` under a folder; for a `with` block.

    Rounds of refreshing belong to a source, which several studies may ask: only pages that show a video of this study
    are kept, and nothing is asked about the other videos on them. What is `left_out` is on no page, and nothing is
    asked about it.
    """

    def __init__(self, folder: Path, people: CommentsAndProfiles, left_out: Erased) -> None:
        self._found, self._refreshed = PageFiles(folder / "videos"), PageFiles(folder / "refreshed")
        self._people, self._left_out = people, left_out
        self._ids: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._found)
        self._stack.enter_context(self._refreshed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, stored: StoredPage) -> None:
        """Add a page of the study's own search; its pages come before those of refreshes."""
        left = self._left_out.page(stored)
        self._found.add(left.search, left)
        self._people.add_page(left)
        self._ids.update(ids_on(left.page))

    def add_refreshed(self, stored: StoredPage) -> None:
        """Add a page of a refresh, if it shows a video that the study's own search found."""
        left = self._left_out.page(stored)
        if not self._ids.isdisjoint(ids_on(left.page)):
            self._refreshed.add(left.search, left)
            self._people.add_page(left, self._ids)
