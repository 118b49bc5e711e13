"""A search that must find something: what it gives tells what the silence of another search means."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gettok.errors import NotNow
from gettok.research_api import Call, Failing, ResearchApi, SearchLost, come_back
from gettok.step import Json
from gettok.windows import Window

_ROWS = 20
#: Days that are long since searchable, and that the server has no reason to fail for.
_RECENT = timedelta(days=10)
#: The most days that a search takes: a corner of the world may be silent for a day.
_MONTH = timedelta(days=30)


@dataclass
class Canary:
    """A search for words so common that some video has them every day."""

    api: ResearchApi
    words: tuple[str, ...]
    _sang: bool = field(default=False)

    def doubt(self, window: Window) -> None:
        """Raise `NotNow` when not even the common words find a video in the month up to these days; asks once a run.

        For some days in March 2026 keyword searches gave no video and no error (traktok#29).
        """
        if self._sang:
            return
        data = self._asked(Window(window.end - _MONTH, window.end))
        if not data.get("videos") and not data.get("has_more"):
            raise NotNow(
                f"the search for {window.start} to {window.end} finds nothing, and neither does one for "
                f"{', '.join(self.words)}: the Research API's search is blind at the moment, or to these days",
                "did not take it for an answer; every page received before is kept",
                "run the same command again later, or choose other words as collect.canary (none turns this check off)",
            )
        self._sang = True

    def is_heard(self) -> bool:
        """Whether the server answers this search, asked once: if it does not, the fault is in no other question."""
        day = (self.api.now() - _RECENT).date()
        try:
            self.api.ask(replace(self._call(Window(day, day)), tries=1))
        except (Failing, SearchLost):
            return False
        return True

    def _asked(self, window: Window) -> Mapping[str, Json]:
        try:
            return self.api.ask(self._call(window)).data
        except (Failing, SearchLost) as error:
            raise come_back(error) from error

    def _call(self, window: Window) -> Call:
        condition = {"field_name": "keyword", "operation": "IN", "field_values": sorted(self.words)}
        body: dict[str, Json] = {
            "query": {"or": [condition]},
            "start_date": f"{window.start:%Y%m%d}",
            "end_date": f"{window.end:%Y%m%d}",
            "max_count": _ROWS,
        }
        return Call("video/query", body, "canary", str(window), fields="id", shape={"has_more": bool})
