"""Ask the source for every page that the study's query matches, and keep the pages verbatim."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

from gettok.books import Books
from gettok.collect import IdLookup, PageFiles, StoredPage, captured_pages, videos_on
from gettok.collect.coverage import NOT_YET
from gettok.collect.erased import Erased
from gettok.collect.ids import RefusedLine, read_ids
from gettok.collect.journal import WindowState
from gettok.collect.refresh import round_settings
from gettok.collect.search import stored_pages
from gettok.collect.tombstones import RefreshLists
from gettok.errors import counted
from gettok.pipeline.collecting.comments_and_profiles import CommentsAndProfiles, keep_books
from gettok.pipeline.collecting.looking_up import IdStates, id_books
from gettok.pipeline.collecting.researching import open_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, study_window
from gettok.pipeline.collecting.study_pages import StudyPages
from gettok.pipeline.paths import DATA, REFRESH_LISTS
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.research_api import ResearchApi
from gettok.step import Row
from gettok.store.atomic_write import atomic_dir
from gettok.tables import COVERAGE, IDS, WINDOWS

PARAMS = ("study.query", "study.start", "study.end", "source", "collect")
_MAX_LISTED = 10


def run(stage: Stage) -> None:
    source, collect = stage.settings.source, stage.settings.collect
    if source.kind == "zeeschuimer":
        _read_captures(stage)
        return
    with open_api(source, collect, stage.store.root, stage.stop) as api:
        retry_until_quota(partial(_collect, stage, api), api, collect.on_quota)


def _collect(stage: Stage, api: ResearchApi) -> None:
    left_out = Erased.or_gone(REFRESH_LISTS)
    with atomic_dir(DATA / "pages") as folder:
        people = CommentsAndProfiles(stage, api, folder, left_out)
        with StudyPages(folder, people, left_out) as pages:
            collect_videos = _look_up if stage.settings.source.kind == "ids" else _search
            collect_videos(stage, api, pages)
            for stored in _refreshed_pages(stage):
                pages.add_refreshed(stored)
        people.collect()


def _search(stage: Stage, api: ResearchApi, pages: StudyPages) -> None:
    study = study_window(stage.settings)
    with Progress(stage.name, len(study.days), 0, "day") as progress:

        def on_window_done(state: WindowState) -> None:
            progress.add(state.last_event or "", len(state.window.within(study).days))

        search = collector(stage.settings, stage.store, api, on_window_done)
        for stored in search.collect():
            pages.add(stored)
    IDS.write([], DATA / "ids.parquet")
    _keep(stage, search.windows(), search.coverage())


def _keep(stage: Stage, windows: list[Row], days: list[Row]) -> None:
    """Write how the days were covered; the books count days."""
    WINDOWS.write(windows, DATA / "windows.parquet")
    COVERAGE.write(days, DATA / "coverage.parquet")
    for day in (day for day in days if day["why"]):
        state = "a gap" if day["state"] == "gap" else day["state"]
        say(f"collect: {day['day']} is {state}: {day['why']}")
    stage.keep_books(Books.of([_reason(day) for day in days], len(days)))


def _reason(day: Row) -> str | None:
    if day["state"] != "gap":
        return None
    return "future_day" if day["why"] == NOT_YET else "failing_day"


def _look_up(stage: Stage, api: ResearchApi, pages: StudyPages) -> None:
    source = stage.settings.source
    assert source.file is not None, "the settings are checked"
    listed = read_ids(Path(source.file))
    _say_refused(listed.refused)
    lookup = IdLookup(stage.store, api, listed.ids, {"source": source.name})
    erased, by_erased = Erased.of(REFRESH_LISTS), set[str]()
    days: dict[str, date] = {}
    with Progress(stage.name, len(listed.ids), 0) as progress:
        for stored in lookup.collect():
            before = len(lookup.found)
            pages.add(stored)
            by_erased |= erased.ids_on(stored.page)
            days |= {video.video_id: date.fromisoformat(video.day) for video in videos_on(stored.page)}
            progress.add("found", len(lookup.found) - before)
    _write_no_days()
    for name in sorted(lookup.unplaceable):
        say(f"collect: {name} is not a video id: its bits are not a time at which TikTok existed")
    found = dict.fromkeys(lookup.found) | days
    gone = RefreshLists(REFRESH_LISTS).gone()
    states = IdStates(found, lookup.unplaceable, gone, study_window(stage.settings), erased, by_erased)
    rows = states.rows(listed)
    IDS.write(rows, DATA / "ids.parquet")
    stage.keep_books(id_books(rows))


def _refreshed_pages(stage: Stage) -> Iterator[StoredPage]:
    """The pages of the rounds that are on the list under `inputs/refresh/`."""
    source = stage.settings.source.name
    for name in RefreshLists(REFRESH_LISTS).rounds(source):
        yield from stored_pages(stage.store, round_settings(source, name))


def _read_captures(stage: Stage) -> None:
    source = stage.settings.source
    assert source.file is not None, "the settings are checked"
    refused: list[RefusedLine] = []
    left_out = Erased.or_gone(REFRESH_LISTS)
    count = 0
    with atomic_dir(DATA / "pages") as folder, PageFiles(folder / "videos") as files:
        for stored in captured_pages(Path(source.file), refused):
            files.add("captured", left_out.page(stored))
            count += stored.page.request["body"]["videos"]
    _say_refused(tuple(refused))
    _write_no_days()
    IDS.write([], DATA / "ids.parquet")
    for what in ("comments", "users"):  # a capture has neither, and the API is not asked
        keep_books(what, Books(0, 0, {}))
    lost = {"not_an_id": len(refused)} if refused else {}
    stage.keep_books(Books(count + len(refused), count, lost))


def _write_no_days() -> None:
    """A list of videos covers no day: other videos of these days were not looked for."""
    WINDOWS.write([], DATA / "windows.parquet")
    COVERAGE.write([], DATA / "coverage.parquet")


def _say_refused(refused: tuple[RefusedLine, ...]) -> None:
    for line in refused[:_MAX_LISTED]:
        say(f"collect: {line}")
    if len(refused) > _MAX_LISTED:
        say(f"collect: {counted(len(refused) - _MAX_LISTED, 'more refused line')}")


if __name__ == "__main__":
    run_stage(globals())
