"""Ask the Research API for every page of the study's query, and keep the pages verbatim."""

import os

from gettok.books import Books
from gettok.collect import Collector, conditions
from gettok.research_api import ResearchApi
from gettok.secrets import Secret, from_environment
from gettok.tables import PAGES, WINDOWS
from gettok.windows import Window
from stages.answering import whole
from stages.progress import Progress
from stages.sandboxed import SANDBOX, addresses
from stages.shell import DATA, Stage, main

PARAMS = ("study.query", "study.start", "study.end", "source")


def run(stage: Stage) -> None:
    settings = stage.settings
    with addresses(settings.source.api) as where, whole(DATA / "pages") as pages:
        api = _api(where.of(settings.source.api, "api"), sandboxed=settings.source.api == SANDBOX)
        query = conditions(settings.study.query)
        collector = Collector(stage.store, api, settings.source.name, query, stage.stop)
        study = Window(settings.study.start, settings.study.end)
        planned = collector.plan(study, settings.source.window_days)
        with Progress(stage.name, len(planned), 0, "window") as progress:
            for window in planned:
                PAGES.write([kept.row() for kept in collector.collect(window)], pages / f"{window}.parquet")
                progress.add("done")
    WINDOWS.write([collector.done_row(window) for window in planned], DATA / "windows.parquet")
    stage.keep(Books(len(planned), len(planned)))


def _api(base: str, *, sandboxed: bool) -> ResearchApi:
    if sandboxed:
        return ResearchApi(base, "sandbox", Secret("sandbox"))
    secret = from_environment("TIKTOK_CLIENT_SECRET")
    return ResearchApi(base, os.environ.get("TIKTOK_CLIENT_KEY", ""), secret)


if __name__ == "__main__":
    main(globals(), run)
