"""A search that must find something: what it gives tells what the silence of another search means."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gettok.collect.search import ENDPOINT, body_of
from gettok.collect.windows import Window
from gettok.errors import NotNow
from gettok.research_api import Call, Page, RequestFailing, ResearchApi, SearchExpired, quota_exhausted

_ROWS = 20
#: Days that are long since searchable, and that the server has no reason to fail for.
_RECENT = timedelta(days=10)
#: The most days that a search takes: a corner of the world may be silent for a day.
_MONTH = timedelta(days=30)
#: How long it is believed that the search sees: a run may take days, and a blackout may begin in the middle of it.
_BELIEVED_FOR = timedelta(hours=1)


@dataclass
class Canary:
    """A search for words so common that some video has them every day."""

    api: ResearchApi
    words: tuple[str, ...]
    _sang_at: datetime | None = field(default=None)

    def doubt(self, window: Window) -> None:
        """Raise `NotNow` when not even the common words find a video in the month up to these days; asks once an hour.

        For some days in March 2026 keyword searches gave no video and no error (traktok#29).
        """
        if self._sang_at is not None and self.api.now() < self._sang_at + _BELIEVED_FOR:
            return
        page = self._asked(Window(window.end - _MONTH, window.end))
        if not page.videos and not page.has_more:
            raise NotNow(
                f"the search for {window.start} to {window.end} finds nothing, and neither does one for "
                f"{', '.join(self.words)}: the Research API's search is blind at the moment, or to these days",
                "did not take it for an answer; every page received before is kept",
                "run the same command again later, or choose other words as collect.canary (none turns this check off)",
            )
        self._sang_at = page.observed_at

    def is_heard(self) -> bool:
        """Whether the server answers this search, asked once: if it does not, the fault is in no other question."""
        day = (self.api.now() - _RECENT).date()
        try:
            self.api.ask(replace(self._call(Window(day, day)), tries=1))
        except (RequestFailing, SearchExpired):
            return False
        return True

    def _asked(self, window: Window) -> Page:
        try:
            return self.api.ask(self._call(window))
        except (RequestFailing, SearchExpired) as error:
            raise quota_exhausted(error) from error

    def _call(self, window: Window) -> Call:
        condition = {"field_name": "keyword", "operation": "IN", "field_values": sorted(self.words)}
        body = body_of({"or": [condition]}, window, _ROWS)
        return Call(ENDPOINT, body, "canary", str(window), fields="id", shape={"has_more": bool})
