"""The commands `plan`, `quota` and `refresh`: costs before they are paid, the ledger, and confirming videos again."""

import csv
import hashlib
import json
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
import requests
from workspace import Workspace

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.tables import COUNTS, VIDEOS
from sandbox.bulk import write
from sandbox.profiles import Profile
from sandbox.server import Sandbox

COUNT = 900


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, videos=COUNT, seed="plan", start=date(2022, 12, 1), days=60)
    return folder


@pytest.fixture
def workspace(tmp_path):
    """A study of two months at a sandbox that a test starts."""

    def make(sandbox: Sandbox, *overrides: str) -> Workspace:
        days = ("study.start='2022-12-01'", "study.end='2023-01-29'")
        query = (
            "study.query.any.keywords=[Castillo]",
            "study.query.any.hashtags=[]",
            "study.query.all.regions=[]",
        )
        return Workspace.make(tmp_path, sandbox.base, *query, *days, *overrides)

    return make


def queries(sandbox: Sandbox) -> list[str]:
    return [entry["subject"] for entry in sandbox.requests() if "research/" in entry["path"]]


def rows(workspace: Workspace, name: str) -> list[dict[str, str]]:
    with (workspace.folder / "inputs" / "refresh" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_plan_shows_body_windows_and_least_cost_and_asks_nothing(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        code, output, err = workspace(sandbox).gettok("plan")
        assert code == 0, err
        assert sandbox.requests() == []
    assert '"field_name": "keyword"' in output
    assert "2022-12-01 to 2022-12-30" in output
    assert "2022-12-31 to 2023-01-29" in output
    assert "requests: at least 2 if no request fails" in output
    assert "1 day of quota" in output


def test_a_probe_shows_how_many_rows_to_expect_and_its_pages_are_not_paid_again(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        code, output, err = at.gettok("plan", "--probe")
        assert code == 0, err
        assert queries(sandbox) == ["20221201/20221230/0", "20221231/20230129/0"]
        expected = int(re.search(r"expected: about (\d+) rows", output)[1])
        assert abs(expected - COUNT) < COUNT / 5
        least = int(re.search(r"at least (\d+) if no request fails", output)[1])
        at.run("collect", "tabulate")
        pages = len(queries(sandbox))
        assert len(set(queries(sandbox))) == pages, "a probe's page was paid for twice"
        assert abs(least - (pages - 2)) <= 2
        assert VIDEOS.read(at.data / "videos").height == COUNT
        output = at.gettok("plan")[1]
        assert f"\nnothing to collect: all is read (2 windows, {COUNT} rows)\n" in output
        assert "request" not in output, "one line says it all"


def test_a_probe_that_finds_nothing_says_how_to_see_whether_the_terms_or_the_days_are_at_fault(
    corpus, workspace
):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox, "study.query.all.regions=[NZ]")
        _, output, _ = at.gettok("plan", "--probe")
        assert "0 rows)\nnothing matches the terms, the regions and the days together" in output
        at.compose("study.query.any.keywords=[Castillo]", "study.query.all.regions=[]")
        assert "nothing matches" not in at.gettok("plan", "--probe")[1]


def test_a_probe_counts_comments_and_authors_and_the_days_by_their_shares(corpus, workspace):
    wanted = ("study.end='2022-12-02'", "collect=with_comments_and_users")
    shares = ("collect.comments.requests_per_day=20", "collect.users.requests_per_day=10")
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox, *wanted, *shares, "collect.comments.per_video=5")
        output = at.gettok("plan")[1]
        assert "comments are not counted yet: at least one request a video, 20 a day" in output
        assert "users are not counted yet: one request an author, 10 a day" in output
        output = at.gettok("plan", "--probe")[1]
        counts = re.search(
            r"searching 0, comments (\d+), users (\d+)\); that is (\d+) days? of quota", output
        )
        comments, users, days = map(int, counts.groups())
        code = 75
        for _ in range(days):
            assert code == 75
            code, output = at.outcome("collect")
            sandbox.clock.advance(86_400)
        assert code == 0, output
        paths = [entry["path"] for entry in sandbox.requests()]
        assert [sum(name in path for path in paths) for name in ("comment/list", "user/info")] == [
            comments,
            users,
        ]
        assert "nothing to collect: all is read (1 window, " in at.gettok("plan")[1]


def test_a_plan_counts_days_that_are_due_again(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        sandbox.clock.set(datetime(2022, 12, 3, 12, tzinfo=UTC))
        at = workspace(sandbox, "study.end='2022-12-03'")
        at.run("collect")
        output = at.gettok("plan")[1]
        assert "requests: at least 3 if no request fails" in output, "by this machine's clock they are due"
        assert "2022-12-03 to 2022-12-03: read too early, 0 pages kept, at least 1 to ask" in output
        sandbox.clock.advance(5 * 86_400)
        before = len(queries(sandbox))
        at.gettok("plan", "--probe")
        at.run("collect")
        assert len(queries(sandbox)) == before + 3, "a probe's page was paid for twice"


def test_the_quota_is_listed_by_day_and_endpoint(corpus, workspace):
    with Sandbox(corpus=corpus, script=["ok", "500"]) as sandbox:
        at = workspace(sandbox)
        at.run("collect")
        _, output, _ = at.gettok("quota")
        sent = len(queries(sandbox))
    assert re.search(rf"2023-03-15  video/query +{sent} requests, 1 of them failed", output)
    assert "1000 of 1000 are left" in output, "the sandbox's day is another than this machine's"


@pytest.mark.parametrize("method", [pytest.param("ids", marks=pytest.mark.slow), "compliance"])
def test_a_refresh_confirms_what_is_there_and_lists_what_two_looks_missed(corpus, workspace, method):
    with Sandbox(corpus=corpus, profile="refresh") as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        _, output, _ = at.gettok("refresh", "--method", method)
        assert f"none of {COUNT} videos is due" in output
        sandbox.clock.advance(16 * 86_400)
        code, output, err = at.gettok("refresh", "--method", method)
        assert code == 0, err
        found = collected_by_a_new_study(sandbox, at)
        missing = COUNT - len(found)
        assert missing > COUNT / 20
        assert f"both searches missed {missing}" in output
        (line,) = rows(at, "refreshes.csv")
        assert (line["asked"], line["missing"], line["method"]) == (str(COUNT), str(missing), method)
        ids = set(VIDEOS.read(at.data / "videos", ["video_id"])["video_id"])
        gone = {hashlib.sha256(video_id.encode()).hexdigest() for video_id in ids - found}
        assert {row["video_sha256"] for row in rows(at, "tombstones.csv")} == gone
        assert "is due" in at.gettok("refresh")[1]


def collected_by_a_new_study(sandbox: Sandbox, at: Workspace) -> set[str]:
    """The ids that a fresh collection finds now."""
    other = Workspace(at.folder, sandbox.base, {"GETTOK_STORE": str(at.folder / "other-store")})
    kept = at.data.rename(at.folder / "kept")
    other.run("collect", "tabulate")
    found = set(VIDEOS.read(other.data / "videos", ["video_id"])["video_id"])
    other.data.rename(at.folder / "other-data")
    kept.rename(at.data)
    return found


def test_refreshed_counts_join_the_history_and_the_latest_is_shown(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        before = COUNTS.read(at.data / "counts").height
        sandbox.clock.advance(16 * 86_400)
        assert at.gettok("refresh", "--method", "ids")[0] == 0
        asked = len(queries(sandbox))
        at.run("collect", "tabulate")
        assert len(queries(sandbox)) == asked, "the round's pages are in the store"
        assert COUNTS.read(at.data / "counts").height == 2 * before
        assert VIDEOS.read(at.data / "videos")["observed_at"].dt.date().unique().to_list() == [
            date(2023, 3, 31)
        ]


def test_a_refresh_that_runs_out_of_quota_goes_on_with_the_same_round(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        sandbox.clock.advance(16 * 86_400)
        sandbox.play(["ok", "429_quota"])
        code, _, err = at.gettok("refresh", "--method", "ids")
        assert code == 75
        assert "2023-04-01 00:02 UTC" in err
        sandbox.clock.advance(86_400)
        before = set(queries(sandbox))
        code, output, err = at.gettok("refresh")
        assert code == 0, err
        assert "continues the round of 2023-03-31T12:00:00Z" in output
        assert "both searches missed 0" in output
        assert len(before) < len(set(queries(sandbox)))


def test_f04_a_client_that_may_not_search_is_stopped_by_everything_that_searches(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        sandbox.clock.advance(16 * 86_400)
        switches = f"{sandbox.base}/__sandbox__/switches"
        requests.post(switches, json={"denied": ["/v2/research/video/query/"]}, timeout=9)
        outcomes = [at.gettok("refresh", "--method", "ids")[::2]]
        at.compose("study.start='2021-01-01'", "study.end='2021-01-02'")
        outcomes += [at.gettok("plan", "--probe")[::2], at.outcome("collect")]
    for code, output in outcomes:
        assert code == 77, output
        assert "does not let this client ask for video/query: scope_not_authorized" in output
        assert "What you can do: check that TIKTOK_CLIENT_KEY" in output
        assert "Traceback" not in output


DIES = """
import os, signal
from gettok.cli.app import main
from gettok.collect.tombstones import RefreshLists
RefreshLists.add = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


def test_f34_a_kill_between_a_round_s_outcome_and_its_line_loses_neither(corpus, workspace):
    with Sandbox(corpus=corpus, profile="refresh") as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        sandbox.clock.advance(16 * 86_400)
        command = [sys.executable, "-c", DIES, "refresh", "--method", "compliance"]
        killed = subprocess.run(command, cwd=at.folder, env=at.surroundings, timeout=600, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert not (at.folder / "inputs").exists()
        asked = len(queries(sandbox))
        code, output, err = at.gettok("refresh")
        assert code == 0, err
        assert "listed the round of 2023-03-31T12:00:00Z" in output
        assert f"none of {COUNT} videos is due" in output
        assert len(queries(sandbox)) == asked
        (line,) = rows(at, "refreshes.csv")
        assert (line["asked"], line["method"]) == (str(COUNT), "compliance")
        assert len(rows(at, "tombstones.csv")) == int(line["missing"]) > 0


@pytest.mark.parametrize("name", ["refreshes.csv", "tombstones.csv"])
def test_a_broken_list_ends_a_refresh_before_anything_is_asked(corpus, workspace, name):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        sandbox.clock.advance(16 * 86_400)
        lists = at.folder / "inputs" / "refresh"
        lists.mkdir(parents=True)
        (lists / name).write_text("<<<<<<< HEAD", "utf-8")
        asked = len(sandbox.requests())
        code, _, err = at.gettok("refresh")
        assert (code, name in err) == (66, True)
        assert len(sandbox.requests()) == asked
        assert [path.name for path in lists.iterdir()] == [name]


def test_a_dataset_that_is_mostly_gone_needs_a_person_s_consent(corpus, workspace):
    with Sandbox(corpus=corpus, profile=Profile(vanish_rate=0.7)) as sandbox:
        at = workspace(sandbox)
        at.run("collect", "tabulate")
        sandbox.clock.advance(16 * 86_400)
        code, _, err = at.gettok("refresh", "--method", "compliance")
        assert (code, "--accept-losses" in err) == (70, True), err
        assert not (at.folder / "inputs").exists()
        sandbox.clock.advance(60)
        code, _, err = at.gettok("refresh", "--method", "compliance", "--accept-losses")
        assert code == 0, err
        (line,) = rows(at, "refreshes.csv")
        assert COUNT / 2 < int(line["missing"]) == len(rows(at, "tombstones.csv"))


def test_an_unknown_method_and_a_missing_table_are_reported(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox)
        code, _, err = at.gettok("refresh", "--method", "telepathy")
        assert (code, "choose one of auto, ids, compliance" in err) == (66, True)
        code, _, err = at.gettok("refresh")
        assert (code, "there is no table of videos" in err) == (66, True)
        assert sandbox.requests() == []


def test_a_plan_expects_no_video_that_is_erased_from_a_list_of_ids(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox, "source=ids", "source.api=sandbox:")
        (at.folder / "inputs" / "collect").mkdir(parents=True)
        ids = [row["api"]["id"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))][:20]
        (at.folder / "inputs" / "collect" / "ids.csv").write_text("\n".join(ids), "utf-8")
        assert json.loads(at.gettok("plan", "--json")[1])["videos"] == 20
        RefreshLists(at.folder / "inputs" / "refresh").erase([sha256(ids[3])], date(2026, 12, 1))
        assert json.loads(at.gettok("plan", "--json")[1])["videos"] == 19


def captured(place: int, day: str) -> str:
    created = datetime.fromisoformat(f"{day}T23:59:59+00:00")
    video = {"id": str(7170000000000000000 + place), "createTime": int(created.timestamp())}
    return json.dumps({"source_platform": "tiktok.com", "timestamp_collected": 1700000000000, "data": video})


def test_a_plan_by_ids_counts_look_ups_and_a_plan_of_captures_says_that_it_is_free(corpus, workspace):
    with Sandbox(corpus=corpus) as sandbox:
        at = workspace(sandbox, "source=ids", "source.api=sandbox:")
        (at.folder / "inputs" / "collect").mkdir(parents=True)
        ids = [row["api"]["id"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]
        (at.folder / "inputs" / "collect" / "ids.csv").write_text("\n".join([*ids[:250], "a word"]), "utf-8")
        code, output, err = at.gettok("plan")
        assert code == 0, err
        assert "looks up 250 videos" in output
        assert "refused lines: 1" in output
        at.compose("source=zeeschuimer")
        code, output, err = at.gettok("plan")
        assert (code, "no quota is spent" in output) == (66, True)
        assert "inputs/collect/zeeschuimer.ndjson cannot be read" in err
        file = at.folder / "inputs" / "collect" / "zeeschuimer.ndjson"
        at.compose("source=zeeschuimer", "study.start='2022-12-01'", "study.end='2023-01-29'")
        days = ("2022-11-30", "2022-12-01", "2023-01-29", "2023-01-30")
        lines = [captured(place, day) for place, day in enumerate(days)]
        file.write_text("\n".join(lines), "utf-8")
        code, output, err = at.gettok("plan", "--json")
        assert json.loads(output)["videos"] == 2, "those of the study's days"
        assert sandbox.requests() == []
