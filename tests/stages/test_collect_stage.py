"""Collecting as a program: what a person sees at the end of the quota, and what a kill cannot change."""

import json
import os
import random
import re
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from workspace import Workspace

from gettok.collect.refresh import DatasetVideo, Refresher
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import Interrupted
from gettok.pipeline.collecting.researching import wait_until
from gettok.research_api import Credentials, Ledger, QuotaExhausted, ResearchApi
from gettok.settings.secrets import Secret
from gettok.store import Store
from gettok.tables import COUNTS, COVERAGE, PAGES, VIDEOS
from sandbox import bulk
from sandbox.profiles import Profile
from sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
DAYS, COUNT = 40, 420
STUDY = ("study.start='2022-12-01'", "study.end='2023-01-09'")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """420 videos over the study's 40 days."""
    folder = tmp_path_factory.mktemp("corpus")
    bulk.write(folder, videos=COUNT, seed="stage", start=date(2022, 12, 1), days=DAYS)
    return folder


@pytest.fixture
def ids(corpus):
    return [row["api"]["id"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]


def tables(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def asked(sandbox: Sandbox, path: str = "/v2/research/") -> list[str]:
    return [entry["subject"] for entry in sandbox.requests() if path in entry["path"]]


def test_f14_at_the_edge_of_the_quota_the_stage_says_when_to_come_back_and_goes_on_then(
    corpus, ids, tmp_path
):
    with Sandbox(corpus=corpus, profile=Profile(quota_used_by_others=998)) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base, *STUDY)
        code, output = workspace.outcome("collect")
        assert code == 75
        assert "2023-03-16 00:02 UTC" in output
        assert "What we did: kept every page received before" in output
        assert not (workspace.data / "pages").exists(), "half-done must not look done"
        sandbox.clock.set(datetime(2023, 3, 16, 0, 2, tzinfo=UTC))
        code, output = workspace.outcome("collect")
        assert code == 75
        assert "2023-03-17 00:02 UTC" in output
        sandbox.clock.set(datetime(2023, 3, 17, 0, 2, tzinfo=UTC))
        workspace.run("collect", "tabulate")
        assert VIDEOS.read(workspace.data / "videos")["video_id"].sort().to_list() == sorted(ids)
        answered = [
            entry["subject"]
            for entry in sandbox.requests()
            if entry["status"] == 200 and "query" in entry["path"]
        ]
        assert len(answered) == len(set(answered)) == 6, "no page was paid for twice"


def test_f14_waiting_reports_how_long_it_will_be_and_ends_in_time_or_with_a_signal(capsys):
    back_at = datetime(2023, 3, 16, 0, 2, tzinfo=UTC)
    clock = [back_at - timedelta(minutes=25)]
    pauses = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        clock[0] += timedelta(seconds=seconds)
        return False

    spent = QuotaExhausted("the quota is spent", "kept", "come back", back_at)
    wait_until(spent, lambda: clock[0], pause)
    assert pauses == [600, 600, 300]
    assert clock[0] == back_at
    output = capsys.readouterr().err
    assert "waiting until 2023-03-16 00:02 UTC" in output
    assert re.findall(r"\d h \d\d min", output) == ["0 h 25 min", "0 h 15 min", "0 h 05 min"]
    clock[0] = back_at - timedelta(hours=1)
    with pytest.raises(Interrupted):
        wait_until(spent, lambda: clock[0], lambda _: True)


def test_f01_a_day_that_always_fails_is_named_and_is_a_gap_in_the_books_at_last(corpus, tmp_path):
    # a cursor that does not move fails without the waits of a failing server
    script = ["ok", "stuck_cursor", "ok", "ok", "stuck_cursor"]
    study = ("study.start='2022-12-08'", "study.end='2022-12-10'", "source.window_days=1")
    with Sandbox(corpus=corpus, script=script) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base, *study, "collect.patience_days=2")
        code, output = workspace.outcome("collect")
        assert code == 75
        assert "fails on every try for 1 day: 2022-12-09" in output
        sandbox.clock.advance(86_400)
        output = workspace.run("collect")
        assert "2022-12-09 is a gap: the search does not move on" in output
        assert workspace.books("collect") == {"asked": 3, "ok": 2, "unusable": {"failing_day": 1}}
        days = COVERAGE.read(workspace.data / "coverage.parquet")
        assert days["state"].to_list() == ["complete", "gap", "complete"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_f34_kills_while_windows_are_halved_change_no_video(corpus, tmp_path, seed):
    chance = random.Random(seed)
    script = ["ok", "ok", "stuck_cursor"]
    windows = (*STUDY, "source.window_days=3")
    with Sandbox(corpus=corpus, script=script) as sandbox:
        clean = Workspace.make(tmp_path / "clean", sandbox.base, *windows)
        clean.run("collect", "tabulate")
    with Sandbox(corpus=corpus, script=script, profile=Profile(delay_s=0.02)) as sandbox:
        workspace = Workspace.make(tmp_path / "killed", sandbox.base, *windows)
        for _ in range(2):
            process = workspace.start("collect")
            wait_for(sandbox, len(asked(sandbox)) + chance.randint(1, 5))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            assert not (workspace.data / "pages").exists(), "half-done must not look done"
        workspace.run("collect", "tabulate")
        assert videos_of(workspace) == videos_of(clean)
        first, requests = tables(workspace.data), len(asked(sandbox))
        workspace.run("collect", "tabulate")
        assert tables(workspace.data) == first
        assert len(asked(sandbox)) == requests


def test_f34_a_kill_leaves_the_same_bytes_as_no_kill(corpus, tmp_path):
    with Sandbox(corpus=corpus, profile=Profile(delay_s=0.02)) as sandbox:
        clean = Workspace.make(tmp_path / "clean", sandbox.base, *STUDY, "source.window_days=3")
        clean.run("collect", "tabulate")
        workspace = Workspace.make(tmp_path / "killed", sandbox.base, *STUDY, "source.window_days=3")
        before = len(asked(sandbox))
        process = workspace.start("collect")
        wait_for(sandbox, before + 8)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        workspace.run("collect", "tabulate")
        assert len(asked(sandbox)) - before <= before + 2, "two pages at most were paid for twice"
        ours, theirs = tables(workspace.data), tables(clean.data)
        assert {name for name in ours if ours[name] != theirs.get(name)} == set()
        assert ours.keys() == theirs.keys()


def test_pages_of_halved_windows_are_in_the_same_files_in_every_run(corpus, tmp_path):
    with Sandbox(corpus=corpus, script=["ok", "stuck_cursor"]) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base, *STUDY)
        workspace.run("collect")
        first = tables(workspace.data)
        workspace.run("collect")
        assert tables(workspace.data) == first


def test_a_list_of_ids_becomes_videos(corpus, ids, tmp_path):
    wanted = ids[::3]
    with Sandbox(corpus=corpus) as sandbox:
        workspace = brought(
            tmp_path, sandbox, "ids", "ids.csv", "\n".join(["id", *wanted, "7000000000000000001", "1", "x"])
        )
        output = workspace.run("collect", "tabulate")
        assert VIDEOS.read(workspace.data / "videos")["video_id"].sort().to_list() == sorted(wanted)
        assert workspace.books("collect") == {
            "asked": len(wanted) + 3,
            "ok": len(wanted),
            "unusable": {"not_an_id": 2, "not_found": 1},
        }
        assert "1 is not a video id" in output
        assert "line 144: 'x'" in output
        requests, first = len(sandbox.requests()), tables(workspace.data)
        workspace.run("collect", "tabulate")
        assert len(sandbox.requests()) == requests
        assert tables(workspace.data) == first


def test_a_capture_of_zeeschuimer_becomes_videos_and_asks_nothing(corpus, tmp_path):
    lines = [captured(number) for number in range(250)]
    with Sandbox(corpus=corpus) as sandbox:
        text = "\n".join([*lines, "no JSON at all"])
        workspace = brought(tmp_path, sandbox, "zeeschuimer", "zeeschuimer.ndjson", text)
        workspace.run("collect", "tabulate")
        assert VIDEOS.read(workspace.data / "videos").height == 250
        assert workspace.books("collect") == {"asked": 251, "ok": 250, "unusable": {"not_an_id": 1}}
        declared = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]["collect"]["outs"]
        assert [out for out in declared if not (workspace.folder / out).exists()] == []
        assert sandbox.requests() == []


def test_a_round_of_refreshing_that_is_on_the_list_adds_its_observations(corpus, tmp_path):
    with Sandbox(corpus=corpus, profile=Profile(vanish_rate=0.1, counts_drift=0.1)) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base, *STUDY)
        workspace.run("collect", "tabulate")
        before = VIDEOS.read(workspace.data / "videos")
        sandbox.clock.advance(20 * 86_400)
        missing = refresh(workspace, sandbox)
        assert 20 < len(missing) < 80
        requests = len(sandbox.requests())
        workspace.run("collect", "tabulate")
        assert len(sandbox.requests()) == requests
        assert PAGES.read(workspace.data / "pages" / "refreshed").height > 0
        after = VIDEOS.read(workspace.data / "videos")
        assert set(after["video_id"]) == set(before["video_id"]) - set(missing)
        assert after["observations"].unique().to_list() == [2]
        assert COUNTS.read(workspace.data / "counts").height == 2 * len(after)
        assert workspace.books("tabulate") == {
            "asked": len(before),
            "ok": len(after),
            "unusable": {"gone": len(missing)},
        }


def refresh(workspace: Workspace, sandbox: Sandbox) -> tuple[str, ...]:
    """One round as `gettok refresh` runs it; returns the videos that it missed."""
    rows = VIDEOS.read(workspace.data / "videos").select("video_id", "created_at", "observed_at").rows()
    videos = [DatasetVideo(video_id, created.date(), observed) for video_id, created, observed in rows]
    with Store(workspace.store) as store, Ledger(workspace.store) as ledger:
        credentials = Credentials("sandbox", Secret("sandbox"))
        api = ResearchApi(sandbox.research_api, credentials, ledger, sleep=[].append)
        refresher = Refresher(store, api, "sandbox")
        (age,) = {sandbox.clock.now() - video.observed_at for video in videos}
        round_ = refresher.begin(refresher.due(videos, age, set()), "ids")
        assert list(refresher.run(round_))
        outcome = refresher.outcome(round_)
    lists = RefreshLists(workspace.folder / "inputs" / "refresh")
    lists.add(outcome.line("sandbox"), map(sha256, outcome.missing))
    return outcome.missing


def brought(folder: Path, sandbox: Sandbox, source: str, name: str, text: str) -> Workspace:
    """A workspace with a file of videos."""
    workspace = Workspace.make(folder, sandbox.base, *STUDY, f"source={source}", "source.api='sandbox:'")
    (folder / "inputs" / "collect").mkdir(parents=True)
    (folder / "inputs" / "collect" / name).write_text(text, "utf-8")
    return workspace


def captured(number: int) -> str:
    """A line as the browser's extension writes it."""
    created = int(datetime(2022, 12, 5, tzinfo=UTC).timestamp()) + number
    data = {
        "id": str(((created - 40) << 32) + number),
        "desc": f"Video {number}",
        "createTime": created,
        "author": {"uniqueId": f"user_{number}", "id": "1"},
        "stats": {"diggCount": 1, "shareCount": 2, "commentCount": 3, "playCount": 4},
        "video": {"duration": 9},
        "music": {"id": "7"},
    }
    line = {
        "source_platform": "tiktok.com",
        "item_id": data["id"],
        "timestamp_collected": 1_678_000_000_000,
        "data": data,
    }
    return json.dumps(line)


def videos_of(workspace: Workspace) -> list[tuple[object, ...]]:
    """The table of videos, without the number of observations, which depends on where a search was interrupted."""
    videos = VIDEOS.read(workspace.data / "videos").sort("video_id")
    return [tuple(map(repr, row)) for row in videos.drop("observations").rows()]


def wait_for(sandbox: Sandbox, count: int) -> None:
    """Return as soon as the API has received so many requests; the log has an entry before the answer leaves."""
    deadline = datetime.now(UTC).timestamp() + 60
    while len(asked(sandbox)) < count:
        assert datetime.now(UTC).timestamp() < deadline
