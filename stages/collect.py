"""Ask the source for every page of what the study is about, and keep the pages verbatim."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from gettok.books import Books
from gettok.collect import IdLookup, PageFiles, StoredPage, captured
from gettok.collect.coverage import NOT_YET
from gettok.collect.ids import Refused, read_ids
from gettok.collect.journal import WindowState
from gettok.collect.refresh import round_settings
from gettok.collect.search import stored_pages
from gettok.collect.tombstones import Refreshes
from gettok.pipeline.answering import atomic_dir
from gettok.pipeline.collecting.people import CommentsAndProfiles, keep_books
from gettok.pipeline.collecting.researching import research_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, days_of
from gettok.pipeline.paths import DATA, INPUTS
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.research_api import ResearchApi
from gettok.step import Row
from gettok.tables import COVERAGE, WINDOWS

PARAMS = ("study.query", "study.start", "study.end", "source", "collect")


def run(stage: Stage) -> None:
    source, collect = stage.settings.source, stage.settings.collect
    if source.kind == "zeeschuimer":
        _captured(stage)
        return
    with research_api(source, collect, stage.store.root, stage.stop) as api:
        retry_until_quota(partial(_asked, stage, api), api, collect.on_quota)


def _asked(stage: Stage, api: ResearchApi) -> None:
    with atomic_dir(DATA / "pages") as folder:
        crowd = CommentsAndProfiles(stage, api, folder)
        with PageFiles(folder / "videos") as files:
            by_ids = stage.settings.source.kind == "ids"
            (_by_ids if by_ids else _searched)(stage, api, files, crowd)
            _write(_refreshed(stage), files, crowd)
        crowd.ask()


def _searched(stage: Stage, api: ResearchApi, files: PageFiles, crowd: CommentsAndProfiles) -> None:
    study = days_of(stage.settings)
    with Progress(stage.name, len(study.days), 0, "day") as progress:

        def told(life: WindowState) -> None:
            progress.add(life.state or "", len(life.window.within(study).days))

        search = collector(stage.settings, stage.store, api, told)
        _write(search.collect(), files, crowd)
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


def _by_ids(stage: Stage, api: ResearchApi, files: PageFiles, crowd: CommentsAndProfiles) -> None:
    source = stage.settings.source
    assert source.file is not None, "the settings are checked"
    listed = read_ids(Path(source.file))
    _say_refused(listed.refused)
    known = IdLookup(stage.store, api, listed.ids, {"source": source.name})
    with Progress(stage.name, len(listed.ids), 0) as progress:
        for kept in known.collect():
            before = len(known.found)
            files.add(kept.search, kept)
            crowd.meet(kept)
            progress.add("found", len(known.found) - before)
    _write_no_days()
    for name in sorted(known.unplaceable):
        say(f"collect: {name} is no id of a video: its bits are no time at which TikTok existed")
    lost = {"not_found": len(known.missing), "not_an_id": len(listed.refused) + len(known.unplaceable)}
    asked = len(listed.ids) + len(listed.refused)
    stage.keep_books(Books(asked, asked - sum(lost.values()), {name: n for name, n in lost.items() if n}))


def _refreshed(stage: Stage) -> Iterator[StoredPage]:
    """The pages of the rounds that are on the list under `inputs/`."""
    source = stage.settings.source.name
    for name in Refreshes(INPUTS).rounds(source):
        yield from stored_pages(stage.store, round_settings(source, name))


def _captured(stage: Stage) -> None:
    source = stage.settings.source
    assert source.file is not None, "the settings are checked"
    refused: list[Refused] = []
    count = 0
    with atomic_dir(DATA / "pages") as folder, PageFiles(folder / "videos") as files:
        for kept in captured(Path(source.file), refused):
            files.add("captured", kept)
            count += kept.page.request["body"]["videos"]
    _say_refused(tuple(refused))
    _write_no_days()
    for what in ("comments", "users"):  # a capture has none, and nobody is asked
        keep_books(what, Books(0, 0, {}))
    lost = {"not_an_id": len(refused)} if refused else {}
    stage.keep_books(Books(count + len(refused), count, lost))


def _write(pages: Iterable[StoredPage], files: PageFiles, crowd: CommentsAndProfiles) -> None:
    for kept in pages:
        files.add(kept.search, kept)
        crowd.meet(kept)


def _write_no_days() -> None:
    """A list of videos covers no day: what is not in it was not looked for."""
    WINDOWS.write([], DATA / "windows.parquet")
    COVERAGE.write([], DATA / "coverage.parquet")


def _say_refused(refused: tuple[Refused, ...]) -> None:
    for line in refused[:10]:
        say(f"collect: {line}")
    if len(refused) > 10:
        say(f"collect: {len(refused) - 10} more lines are refused")


if __name__ == "__main__":
    run_stage(globals())
