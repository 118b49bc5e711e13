"""Collecting from a list of ids: every line has a row, and a refresh of another study adds nothing."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gettok.collect.refresh import Refresher
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.pipeline.runner import Stage
from gettok.research_api import Credentials, Ledger, ResearchApi
from gettok.settings.secrets import Secret
from gettok.tables import COUNTS, FIELDS, IDS, PAGES, REJECTS, VIDEOS
from sandbox.videos import CORPUS
from stages import collect, tabulate

ROWS = [row["api"] for row in json.loads((CORPUS / "videos.json").read_text("utf-8"))]
FIRST, LAST = "2022-12-06", "2022-12-10"


def published(row: dict) -> str:
    return str(datetime.fromtimestamp(row["create_time"], UTC).date())


INSIDE = [row["id"] for row in ROWS if FIRST < published(row) < LAST]
OUTSIDE = next(row["id"] for row in ROWS if published(row) > "2023-01-01")
SOURCE = ("source=ids", "source.api='sandbox:'", "source.name=sandbox")


@pytest.fixture
def study(collecting) -> Callable:
    """Collects a list of ids, and makes the tables."""
    return lambda text, **sandboxed: _Started(collecting(*SOURCE, **sandboxed), text)


class _Started:
    def __init__(self, collecting, text: str) -> None:
        self._collecting, self._text = collecting, text

    def __enter__(self):
        self.sandbox, self.stage = self._collecting.__enter__()
        Path("inputs/collect").mkdir(parents=True, exist_ok=True)
        Path("inputs/collect/ids.csv").write_text(self._text, "utf-8")
        return self

    def __exit__(self, *error):
        return self._collecting.__exit__(*error)

    def run(self) -> None:
        collect.run(self.stage)
        tabulate.run(
            Stage("tabulate", self.stage.settings, self.stage.store, self.stage.engine, self.stage.stop)
        )


def test_every_line_has_a_row_that_says_what_came_of_it(study):
    link = f"https://www.tiktok.com/@a/video/{INSIDE[1]}"
    lines = [INSIDE[0], link, INSIDE[0], "7000000000000000001", "1", "golpe", OUTSIDE, "golpe"]
    with study("\n".join(lines)) as started:
        started.run()
        table = IDS.read(Path("data/ids.parquet"))
        assert table["text"].to_list() == lines
        assert table["line"].to_list() == list(range(1, 9))
        assert table["video_id"].to_list() == [*INSIDE[:2], INSIDE[0], lines[3], "1", None, OUTSIDE, None]
        assert table["state"].to_list() == [
            *("found", "found", "found", "not_found"),
            *("not_an_id", "not_an_id", "outside_study", "not_an_id"),
        ]
        assert table["is_repeated"].to_list() == [False, False, True, *[False] * 5]
        assert table["detail"].to_list()[4:7] == [
            "its bits are not a time at which TikTok existed",
            "it is neither an id of 1 to 20 digits nor a link to a video",
            f"it was published on {next(published(row) for row in ROWS if row['id'] == OUTSIDE)}",
        ]
        assert json.loads(Path("data/books/collect.json").read_text("utf-8")) == {
            "asked": 7,
            "ok": 2,
            "unusable": {"not_an_id": 3, "not_found": 1, "outside_study": 1},
        }
        found = table.filter(table["state"] == "found")["video_id"].unique().sort()
        assert VIDEOS.read(Path("data/videos"))["video_id"].sort().equals(found)


def test_tiktok_s_own_export_of_a_person_s_data_becomes_videos(study):
    links = [{"Date": "x", "Link": f"https://www.tiktokv.com/share/video/{name}/"} for name in INSIDE[:3]]
    with study(json.dumps({"Your Activity": {"Watch History": {"VideoList": links}}})) as started:
        started.run()
        assert VIDEOS.read(Path("data/videos"))["video_id"].sort().to_list() == sorted(INSIDE[:3])
        assert IDS.read(Path("data/ids.parquet"))["state"].to_list() == ["found"] * 3


def refreshed(started: _Started, ids: list[str]) -> None:
    """One round about these videos, by a study that shares the repository and the store."""
    days = {row["id"]: date.fromisoformat(published(row)) for row in ROWS}
    with Ledger(started.stage.store.root) as ledger:
        api = ResearchApi(started.sandbox.research_api, Credentials("sandbox", Secret("sandbox")), ledger)
        refresher = Refresher(started.stage.store, api, "sandbox")
        round_ = refresher.begin({name: days[name] for name in ids}, "ids")
        assert list(refresher.run(round_))
        outcome = refresher.outcome(round_)
    RefreshLists(Path("inputs/refresh")).add(outcome.line("sandbox"), map(sha256, outcome.missing))


def tables() -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(Path("data").rglob("*")) if file.is_file()}


def test_a_refresh_of_another_study_adds_nothing_to_this_one(study):
    with study("\n".join(INSIDE[:3])) as started:
        started.run()
        before = tables()
        started.sandbox.clock.advance(16 * 86_400)
        refreshed(started, INSIDE[3:])
        started.run()
        assert tables() == before


def test_of_a_refresh_that_two_studies_share_only_this_one_s_videos_are_read(study):
    with study("\n".join(INSIDE[:3])) as started:
        started.run()
        fields = FIELDS.read(Path("data/fields.parquet"))
        started.sandbox.clock.advance(16 * 86_400)
        refreshed(started, INSIDE[2:])
        started.run()
        videos = VIDEOS.read(Path("data/videos")).sort("video_id")
        assert videos["video_id"].to_list() == sorted(INSIDE[:3])
        assert dict(videos.select("video_id", "observations").iter_rows()) == {
            **dict.fromkeys(INSIDE[:2], 1),
            INSIDE[2]: 2,
        }
        assert COUNTS.read(Path("data/counts")).height == 4
        assert REJECTS.read(Path("data/rejects.parquet")).height == 0
        assert PAGES.read(Path("data/pages/refreshed")).height == 1
        again = FIELDS.read(Path("data/fields.parquet"))
        (count,) = again.filter(again["field"] == "id", again["table"] == "videos")["rows"]
        assert count == fields.filter(fields["field"] == "id", fields["table"] == "videos")["rows"][0] + 1


def test_an_unfinished_round_of_another_study_is_left_to_it(study):
    with study("\n".join(INSIDE[:3])) as started:
        started.run()
        with Ledger(started.stage.store.root) as ledger:
            api = ResearchApi(started.sandbox.research_api, Credentials("sandbox", Secret("sandbox")), ledger)
            refresher = Refresher(started.stage.store, api, "sandbox")
            begun = refresher.begin({INSIDE[4]: date(2022, 12, 8)}, "ids")
            assert refresher.unfinished(about=INSIDE[:3]) is None
            assert refresher.unfinished(about=[INSIDE[4]]) == begun
