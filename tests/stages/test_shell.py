"""A stage as a program: exit codes, lock, signals, kills, and settings that are checked before anything is asked."""

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from workspace import Workspace

from gettok.store import Store
from gettok.tables import VIDEOS, WINDOWS
from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """260 videos from 20 November to 28 February, without media."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for number in range(260):
        created = int(datetime(2022, 11, 20, tzinfo=UTC).timestamp()) + number * 33_000
        api = {
            "id": str(((created - 40) << 32) + number),
            "create_time": created,
            "username": f"user_{number}",
            "region_code": "PE",
            "video_description": f"Castillo {number}",
            "hashtag_names": [],
        }
        rows.append(
            {"api": api, "page": {"media": None, "status_code": 10204, "status_msg": "status_deleted"}}
        )
    (folder / "videos.json").write_text(json.dumps(rows), "utf-8")
    return folder


@pytest.fixture
def sandbox(corpus):
    with Sandbox(corpus=corpus) as sandbox:
        yield sandbox


@pytest.fixture
def workspace(sandbox, tmp_path):
    return Workspace.make(tmp_path, sandbox.base)


def asked(sandbox: Sandbox, service: str) -> list[str]:
    return [entry["subject"] for entry in sandbox.requests() if entry["service"] == service]


def tables(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_first_stages_account_for_every_video(workspace, sandbox):
    said = workspace.run("collect", "tabulate", "download")
    assert workspace.books("collect") == {"asked": 101, "ok": 101, "unusable": {}}, "it counts days"
    assert workspace.books("download") == {"asked": 260, "ok": 0, "unusable": {"removed": 260}}
    assert "download: 0 of 260 ok; removed 260" in said
    assert VIDEOS.read(workspace.data / "videos").height == 260
    assert WINDOWS.read(workspace.data / "windows.parquet")["rows"].sum() == 260


def test_a_second_run_asks_nothing_and_writes_the_same_bytes(workspace, sandbox):
    workspace.run("collect", "tabulate", "download")
    first, requests = tables(workspace.data), len(sandbox.requests())
    workspace.run("collect", "tabulate", "download")
    assert tables(workspace.data) == first
    assert len(sandbox.requests()) == requests


def test_f22_wrong_settings_stop_a_stage_before_any_request(workspace, sandbox):
    params = workspace.folder / "params.yaml"
    params.write_text(params.read_text("utf-8").replace("stride: 300", "stride: -300"), "utf-8")
    code, said = workspace.outcome("collect")
    assert code == 78
    assert "frames.stride" in said
    assert "What you can do" in said
    assert sandbox.requests() == []
    assert not workspace.store.exists()


def test_settings_older_than_conf_stop_a_stage_before_any_request(workspace, sandbox):
    prompt = workspace.folder / "conf" / "prompts" / "codebook" / "paper.yaml"
    prompt.write_text(prompt.read_text("utf-8") + "# edited\n", "utf-8")
    code, said = workspace.outcome("collect")
    assert code == 78
    assert "gettok compose" in said
    assert sandbox.requests() == []


def test_f38_a_second_run_of_the_same_stage_is_refused(workspace, sandbox):
    workspace.store.mkdir()
    with (workspace.store / "collect.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said = workspace.outcome("collect")
    assert code == 69
    assert "another run of collect" in said
    assert sandbox.requests() == []


def test_f14_a_spent_quota_exits_75_and_the_same_command_goes_on(corpus, tmp_path):
    with Sandbox(corpus=corpus, script=["ok", "429_quota"]) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base)
        code, said = workspace.outcome("collect")
        assert code == 75
        assert "again after 2023-03-16 00:02 UTC" in said
        assert not (workspace.data / "pages").exists(), "half-done must not look done"
        sandbox.clock.advance(12 * 3600)
        workspace.run("collect")
        answered = [
            entry["subject"]
            for entry in sandbox.requests()
            if "video/query" in entry["path"] and entry["status"] == 200
        ]
        assert len(answered) == len(set(answered)), "no page was asked for twice"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_f36_a_signal_finishes_what_is_in_flight_and_the_next_run_goes_on(workspace, sandbox, number, code):
    workspace.run("collect", "tabulate")
    process = workspace.start("download")
    wait_for(sandbox, "pages", 20)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "the same command resumes" in said
    with Store(workspace.store) as store:
        kept = {stage: count for stage, count, _ in store.stats()}["download"]
    assert kept == len(asked(sandbox, "pages")), "what was asked is kept"
    workspace.run("download")
    assert sorted(asked(sandbox, "pages")) == sorted(set(asked(sandbox, "pages"))), "and is not asked again"


def test_f36_a_second_signal_ends_the_stage_at_once(corpus, tmp_path):
    with Sandbox(
        corpus=corpus, script=[{"do": "silent", "match": "www.tiktok.com", "times": None}]
    ) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base)
        workspace.run("collect", "tabulate")
        process = workspace.start("download")
        wait_for(sandbox, "pages", 1)
        process.send_signal(signal.SIGINT)
        assert "stopping" in next(line for line in process.stderr if "stopping" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130


def test_f38_of_two_real_runs_of_a_stage_the_second_is_refused(corpus, tmp_path):
    with Sandbox(
        corpus=corpus, script=[{"do": "silent", "match": "www.tiktok.com", "times": None}]
    ) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base)
        workspace.run("collect", "tabulate")
        first = workspace.start("download")
        wait_for(sandbox, "pages", 2)  # as many as run at the same time
        second = workspace.start("download")
        try:
            _, said = second.communicate(timeout=60)
        finally:
            for process in (first, second):
                process.kill()
                process.communicate()
        assert second.returncode == 69
        assert "another run of download" in said
        assert len(asked(sandbox, "pages")) == 2, "the second asked nothing"


def test_f36_sigterm_ends_tabulate_and_the_next_run_ends_with_the_same_bytes(workspace, tmp_path):
    """It asks nothing, so it stops at the next page, or when it has finished: DVC must not go on either way."""
    workspace.run("collect")
    process = workspace.start("tabulate")
    lock = workspace.store / "tabulate.lock"
    deadline = datetime.now(UTC).timestamp() + 60
    while not lock.exists():
        assert datetime.now(UTC).timestamp() < deadline
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "tabulate: stopped as asked" in said
    assert "Traceback" not in said
    assert list(workspace.data.rglob("*.unfinished")) == [], "nothing half-written is left"
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    clean = Workspace(tmp_path / "clean", workspace.sandbox)
    shutil.copytree(workspace.folder, clean.folder, ignore=shutil.ignore_patterns("clean"))
    for each in (workspace, clean):
        each.run("tabulate")
    assert tables(workspace.data) == tables(clean.data)
    assert VIDEOS.read(workspace.data / "videos").height == 260


#: Runs a stage that is killed just before its file or folder of this number gets its name.
KILLED_AT = """
import os, runpy, signal, sys
stage, left, replace = sys.argv[1], int(sys.argv[2]), os.replace
def counted(*paths):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)
os.replace = counted
runpy.run_module(f"stages.{stage}", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "published", [1, 4, *(pytest.param(count, marks=pytest.mark.slow) for count in (0, 2, 3, 5, 6))]
)
def test_f42_a_kill_between_two_outputs_of_a_stage_leaves_whole_ones_and_the_next_run_makes_them_all(
    workspace, tmp_path, published
):
    workspace.run("collect")
    clean = Workspace(tmp_path / "clean", workspace.sandbox)
    shutil.copytree(workspace.folder, clean.folder, ignore=shutil.ignore_patterns("clean"))
    clean.run("tabulate")
    expected = tables(clean.data)
    command = [sys.executable, "-c", KILLED_AT, "tabulate", str(published)]
    killed = subprocess.run(command, cwd=workspace.folder, env=workspace.surroundings, check=False)
    assert killed.returncode == -signal.SIGKILL
    shown = {name: content for name, content in tables(workspace.data).items() if ".unfinished" not in name}
    assert shown.items() < expected.items(), "what has its name is whole, and something is missing"
    workspace.run("tabulate")
    assert tables(workspace.data) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_f34_kills_at_random_instants_lose_nothing_and_nothing_kept_is_asked_again(corpus, tmp_path, seed):
    chance = random.Random(seed)
    with Sandbox(corpus=corpus) as sandbox:
        clean = Workspace.make(tmp_path / "clean", sandbox.base)
        clean.run("collect", "tabulate", "download")
        before = len(asked(sandbox, "pages"))
        workspace = Workspace.make(tmp_path / "killed", sandbox.base)
        workspace.run("collect", "tabulate")
        kept = 0
        for kill in range(4):
            process = workspace.start("download")
            asked_so_far = len(asked(sandbox, "pages")) - before
            wait_for(sandbox, "pages", before + asked_so_far + chance.randint(1, 40))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            now = len(asked(sandbox, "pages")) - before
            with Store(workspace.store) as store:
                assert list(store.verify()) == []
                answered = {stage: count for stage, count, _ in store.stats()}.get("download", 0)
            in_flight = 2 * 2  # two workers, and as many results on their way to the store
            assert kept <= answered
            assert now - asked_so_far <= (answered - kept) + in_flight, (
                f"kill {kill} lost more than was in flight"
            )
            kept = answered
        remaining = len(asked(sandbox, "pages"))
        workspace.run("download")
        assert len(asked(sandbox, "pages")) - remaining == 260 - kept, "exactly what was not kept is asked"
        assert tables(workspace.data) == tables(clean.data)


def test_f34_a_killed_collection_goes_on_at_the_page_where_it_was(corpus, tmp_path):
    with Sandbox(corpus=corpus) as sandbox:
        workspace = Workspace.make(
            tmp_path, sandbox.base, "source.window_days=2", "collect.canary=[Castillo]"
        )
        process = workspace.start("collect")
        wait_for(sandbox, "research_api", 12)
        process.kill()
        process.communicate()
        workspace.run("collect", "tabulate")
        pages = [subject for subject in asked(sandbox, "research_api") if subject.count("/") == 2]
        assert len(pages) - len(set(pages)) <= 2, "at most the page being kept and the one on its way"
        assert VIDEOS.read(workspace.data / "videos").height == 260


def test_the_run_log_tells_what_an_output_may_not(workspace):
    workspace.run("collect")
    (entry,) = (json.loads(line) for line in (workspace.store / "runs.jsonl").read_text().splitlines())
    assert (entry["stage"], entry["outcome"]) == ("collect", "done")
    assert entry["took_s"] > 0


def wait_for(sandbox: Sandbox, service: str, count: int) -> None:
    """Return as soon as the service has been asked that often; the log has an entry before the answer leaves."""
    deadline = datetime.now(UTC).timestamp() + 60
    while len(asked(sandbox, service)) < count:
        assert datetime.now(UTC).timestamp() < deadline, (
            f"{service} was asked only {len(asked(sandbox, service))} times"
        )
