"""A search that must find something: its result shows what an empty result of another search means."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gettok.collect.search import ENDPOINT, body_of
from gettok.collect.windows import Window
from gettok.errors import NotNow
from gettok.research_api import ApiCall, Page, RequestFailing, ResearchApi, SearchExpired, as_not_now

_ROWS = 20
#: Days old enough to be searchable, for which the server has no reason to fail.
_RECENT = timedelta(days=10)
#: The most days that one search covers: in a small country a day may have no video.
_MONTH = timedelta(days=30)
#: How long a result is trusted: a run may take days, and a blackout may begin in the middle of it.
_TRUSTED_FOR = timedelta(hours=1)


@dataclass
class Canary:
    """A search for words so common that some video has them every day."""

    api: ResearchApi
    words: tuple[str, ...]
    _found_at: datetime | None = field(default=None)

    def check(self, window: Window) -> None:
        """Raise `NotNow` when not even the common words find a video in the month before the window's end.

        Asks once an hour. For some days in March 2026 keyword searches gave no video and no error (traktok#29).
        """
        if self._found_at is not None and self.api.now() < self._found_at + _TRUSTED_FOR:
            return
        page = self._ask(Window(window.end - _MONTH, window.end))
        if not page.videos and not page.has_more:
            raise NotNow(
                f"the search for {window.start} to {window.end} finds nothing, and neither does one for "
                f"{', '.join(self.words)}: the Research API's search finds no videos at the moment, or none of these "
                "days",
                "did not count it as an answer; every page received before is kept",
                "run the same command again later, or choose other words as collect.canary (collect.canary=[] turns "
                "this check off)",
            )
        self._found_at = page.observed_at

    def is_answered(self) -> bool:
        """Whether the server answers this search in one attempt; if it does not, no other question is to blame."""
        day = (self.api.now() - _RECENT).date()
        try:
            self.api.ask(replace(self._call(Window(day, day)), max_attempts=1))
        except (RequestFailing, SearchExpired):
            return False
        return True

    def _ask(self, window: Window) -> Page:
        try:
            return self.api.ask(self._call(window))
        except (RequestFailing, SearchExpired) as error:
            raise as_not_now(error) from error

    def _call(self, window: Window) -> ApiCall:
        condition = {"field_name": "keyword", "operation": "IN", "field_values": sorted(self.words)}
        body = body_of({"or": [condition]}, window, _ROWS)
        return ApiCall(ENDPOINT, body, "canary", str(window), fields="id", shape={"has_more": bool})
