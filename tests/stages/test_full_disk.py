"""A full disk under a run: exit code 74, one message in three parts, and nothing is asked that cannot be kept."""

import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from batch_bench import asked_in_batches, engine_for, items, step_of
from root import ROOT
from small_disk import SmallDisk, small_disk
from workspace import Workspace

from gettok.books import STAGES
from gettok.engine import LocalEngine
from gettok.errors import NoSpace
from gettok.llm import CallLog
from gettok.llm.client import chat_client
from gettok.pipeline.answering import Asking
from gettok.step import Answer, Item, Workers
from gettok.store import Store, disk_space
from gettok.store.disk_space import RESERVE_BYTES, no_space
from gettok.tables import MEDIA, VIDEOS
from sandbox import bulk
from sandbox.server import Sandbox

DAYS, COUNT = 20, 3000
STUDY = ("study.start='2022-12-01'", "study.end='2022-12-20'")
RESERVE_KB = RESERVE_BYTES // 1024
#: 160 kB to 60 MB.
SIZES_KB = [round(160 * 1.484**number) for number in range(16)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Thirty pages of videos."""
    folder = tmp_path_factory.mktemp("corpus")
    bulk.write(folder, videos=COUNT, seed="full", start=date(2022, 12, 1), days=DAYS)
    return folder


def is_told_once(code: int, output: str, folder: Path) -> bool:
    """Whether the stage ended with the code of a full disk, and one message that names the folder."""
    parts = ("\n  What we did: ", "\n  What you can do: free some space")
    return (
        code == 74
        and f"the disk that holds {folder}" in output
        and [output.count(part) for part in parts] == [1, 1]
        and "Traceback" not in output
    )


def asked(sandbox: Sandbox) -> Counter[str]:
    """How often each page, video, file and question was asked for."""
    return Counter(
        f"{entry['service']} {entry['path']} {entry['subject']}"
        for entry in sandbox.requests()
        if entry["subject"]
    )


# --- what needs no right to mount --------------------------------------------------------------------------


@pytest.fixture
def sandbox(corpus):
    with Sandbox(corpus=corpus) as sandbox:
        yield sandbox


@pytest.fixture
def workspace(sandbox, tmp_path):
    return Workspace.make(tmp_path, sandbox.base, *STUDY)


def test_f37_a_run_log_that_does_not_fit_is_reported_once(workspace):
    workspace.store.mkdir()
    (workspace.store / "runs.jsonl").symlink_to("/dev/full")
    code, output = workspace.outcome("collect")
    assert is_told_once(code, output, workspace.store), output
    assert workspace.books("collect")["ok"] == DAYS, "only the log is missing"


def test_f37_a_run_log_that_does_not_fit_hides_no_other_error(corpus, tmp_path):
    with Sandbox(corpus=corpus, script=["ok", "429_quota"]) as sandbox:
        workspace = Workspace.make(tmp_path, sandbox.base, *STUDY)
        workspace.store.mkdir()
        (workspace.store / "runs.jsonl").symlink_to("/dev/full")
        code, output = workspace.outcome("collect")
    assert code == 75, output
    assert "disk" not in output
    assert "Traceback" not in output


def test_f37_the_code_is_right_even_if_the_message_does_not_fit_either(workspace):
    workspace.store.mkdir()
    (workspace.store / "runs.jsonl").symlink_to("/dev/full")
    with Path("/dev/full").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-m", "stages.collect"],
            cwd=workspace.folder,
            env=workspace.surroundings,
            stderr=log,
            check=False,
        )
    assert done.returncode == 74


@dataclass(frozen=True)
class Simultaneous:
    """Its workers answer at the same time. The question is what is left of the disk's room afterwards."""

    asked: list[str] = field(default_factory=list)
    together: threading.Barrier = field(default_factory=partial(threading.Barrier, 4))
    settings: dict = field(default_factory=dict)
    stage: str = "simultaneous"
    version: int = 1
    workers: Workers = Workers("threads", 4)

    def open(self) -> None: ...

    def ask(self, content: str) -> Answer:
        self.asked.append(content)
        self.together.wait(30)
        return Answer({"text": content})

    def read(self, _: Answer) -> list:
        return []


def test_f37_an_answer_that_does_not_fit_costs_none_of_those_in_flight(tmp_path, monkeypatch):
    put = Store.put

    def full_for_the_first(store, key, subject, answer):
        if subject == "0":
            raise no_space(store.root)
        put(store, key, subject, answer)

    entries = [Item(str(n), "2022-12-07", {"n": n}, str(n)) for n in range(4)]
    with Store(tmp_path / "store") as store:
        asking = Asking(Simultaneous(), store, LocalEngine(), threading.Event())
        with monkeypatch.context() as disk:
            disk.setattr(Store, "put", full_for_the_first)
            with pytest.raises(NoSpace):
                asking.ask(entries)
        kept = [store.get(asking.key(entry).digest) is not None for entry in entries]
    assert kept == [False, True, True, True]


def test_f37_when_room_runs_out_what_was_asked_is_kept_and_the_rest_not_asked(tmp_path, monkeypatch):
    free = iter([10**9] * 8 + [10**6] * 99)
    monkeypatch.setattr(disk_space, "free_bytes", lambda _: next(free))
    entries = [Item(str(n), "2022-12-07", {"n": n}, str(n)) for n in range(40)]
    step = Simultaneous()
    with Store(tmp_path / "store") as store:
        asking = Asking(step, store, LocalEngine(), threading.Event())
        with pytest.raises(NoSpace, match=r"1\.0 MB free, and a question is asked only with 16\.0 MB"):
            asking.ask(entries)
        assert sorted(step.asked) == [str(n) for n in range(8)]
        assert len(store.known(asking.key(entry).digest for entry in entries)) == 8


# --- small disks -----------------------------------------------------------------------------------------------


def test_f37_nothing_is_asked_on_a_disk_without_room(workspace, sandbox):
    with small_disk(workspace.store, RESERVE_KB) as disk:
        code, output = workspace.outcome("collect")
        assert is_told_once(code, output, workspace.store), output
        assert asked(sandbox) == {}
        disk.resize(4 * RESERVE_KB)
        workspace.run("collect", "tabulate")
        assert set(asked(sandbox).values()) == {1}
    assert VIDEOS.read(workspace.data / "videos").height == COUNT


@pytest.mark.parametrize("more_kb", [150, 400])
def test_f37_a_disk_that_fills_up_while_collecting_costs_no_page(workspace, sandbox, more_kb):
    with small_disk(workspace.store, RESERVE_KB + more_kb) as disk:
        code, output = workspace.outcome("collect")
        assert is_told_once(code, output, workspace.store), output
        assert 0 < len(asked(sandbox)) < COUNT // 100
        disk.resize(4 * RESERVE_KB)
        workspace.run("collect", "tabulate")
        assert set(asked(sandbox).values()) == {1}, "each page was asked for once"
    assert VIDEOS.read(workspace.data / "videos").height == COUNT


def test_f37_a_command_reports_a_full_disk_as_a_stage_does(tmp_path):
    with small_disk(tmp_path / "disk", 4000) as disk:
        workspace = Workspace.make(disk.folder, "")
        disk.leave(0)
        code, _, errors = workspace.gettok("compose")
        assert is_told_once(code, errors, disk.folder), errors


def paid(sandbox: Sandbox) -> Counter[str]:
    """How often each question was answered."""
    return Counter(
        entry["subject"]
        for entry in sandbox.requests()
        if entry["path"] == "/v1/chat/completions" and entry["status"] == 200
    )


@pytest.mark.parametrize(
    ("batch", "sent", "more_kb"),
    [(None, "/v1/chat/completions", 1000), ({"requests": 5}, "/v1/batches", 300)],
    ids=["direct", "batches"],
)
def test_f37_a_disk_that_fills_up_under_32_paid_questions_costs_none_of_them(
    corpus, tmp_path, batch, sent, more_kb
):
    settings = asked_in_batches(max_concurrency=32, batch=batch or {})
    if batch is None:
        settings = settings.model_copy(update={"batch": None})
    count = 150

    def ask(url: str) -> int:
        """Ask all the questions; returns how many answers there are."""
        with (
            Store(tmp_path / "store") as store,
            CallLog(store.root, None) as call_log,
            engine_for(settings, url, call_log, []) as engine,
        ):
            step = step_of(settings, url, store.root)
            asking = Asking(step, store, engine, threading.Event())
            try:
                asking.ask(entries)
            finally:
                chat_client.cache_clear()
                answered = len(store.known(asking.key(entry).digest for entry in entries))
            return answered

    entries = [replace(item, inputs={"n": item.video_id}) for item in items(count)]
    with Sandbox(corpus=corpus) as sandbox, small_disk(tmp_path / "store", RESERVE_KB + more_kb) as disk:
        with pytest.raises(NoSpace, match=str(tmp_path / "store")):
            ask(f"{sandbox.base}/v1")
        assert 0 < len([entry for entry in sandbox.requests() if entry["path"] == sent]) < count
        assert len(paid(sandbox)) < count
        disk.resize(4 * RESERVE_KB)
        assert ask(f"{sandbox.base}/v1") == count
        assert len(paid(sandbox)) == count
        assert set(paid(sandbox).values()) == {1}, "each was paid for once"


@pytest.mark.parametrize("free_kb", [4, 16])
def test_f37_an_output_that_does_not_fit_is_written_by_the_next_run(workspace, sandbox, free_kb):
    with small_disk(workspace.data, free_kb) as disk:
        code, output = workspace.outcome("collect")
        assert is_told_once(code, output, workspace.data), output
        disk.resize(4 * RESERVE_KB)
        workspace.run("collect")
        for kb in (free_kb, 20 * free_kb):
            disk.leave(kb)
            code, output = workspace.outcome("tabulate")
            assert is_told_once(code, output, workspace.data), output
        disk.resize(4 * RESERVE_KB)
        workspace.run("tabulate")
        assert VIDEOS.read(workspace.data / "videos").height == COUNT
    assert set(asked(sandbox).values()) == {1}


# --- the whole pipeline ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kb", SIZES_KB)
def test_f37_collecting_into_a_store_of_any_size_ends_with_all_pages_asked_for_once(workspace, sandbox, kb):
    with small_disk(workspace.store, kb) as disk:
        code, output = workspace.outcome("collect")
        assert code == 0 or is_told_once(code, output, workspace.store), output
        assert (code == 0) == (kb > RESERVE_KB + 2000)
        disk.resize(4 * RESERVE_KB)
        workspace.run("collect", "tabulate")
    assert VIDEOS.read(workspace.data / "videos").height == COUNT
    assert set(asked(sandbox).values()) == {1}


@pytest.fixture
def demo(tmp_path):
    """Two days of the demo: ten videos with media."""
    with Sandbox() as sandbox:
        days = ("study.start='2022-12-07'", "study.end='2022-12-08'", "prompt_injection.videos=1")
        workspace = Workspace.make(tmp_path, sandbox.base, *days, "download.keep_free_bytes=0")
        (tmp_path / "sandbox").symlink_to(ROOT / "sandbox")
        shutil.copytree(ROOT / "inputs", tmp_path / "inputs")
        yield workspace, sandbox


def run_on(disk: SmallDisk, workspace: Workspace, stage: str, growth: int) -> int:
    """Run a stage on a full disk that is enlarged until it succeeds; returns how often it did not fit."""
    size_kb, step_kb, failures = disk.used_kb, 4, 0
    while True:
        size_kb += step_kb
        step_kb = step_kb * growth // 2
        disk.resize(max(size_kb, disk.used_kb))
        code, output = workspace.outcome(stage)
        if not code:
            return failures
        assert is_told_once(code, output, disk.folder), output
        failures += 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "growth"), [("data", 3), ("store", 8)])
def test_f37_every_stage_on_a_full_disk_ends_with_74_and_asks_nothing_twice(demo, name, growth):
    workspace, sandbox = demo
    with small_disk(workspace.folder / name, 8) as disk:
        failures = {stage.name: run_on(disk, workspace, stage.name, growth) for stage in STAGES}
        assert min(failures.values()) >= 2, failures
        assert (workspace.data / "report" / "index.html").is_file()
        cut = MEDIA.read(workspace.data / "media.parquet").filter(pl.col("reason") == "truncated")["video_id"]
        repeated = {subject.split()[-1]: count for subject, count in asked(sandbox).items() if count > 1}
        assert repeated == dict.fromkeys(cut, 2), "a file that is cut off is fetched again once, on any disk"


@pytest.mark.slow
def test_a_full_folder_for_temporary_files_is_no_trouble_while_another_has_room(demo):
    workspace, _ = demo
    workspace.environment["TMPDIR"] = str(workspace.folder / "tmp")
    with small_disk(workspace.folder / "tmp", 4) as disk:
        (disk.folder / "rest").write_bytes(b"x" * 4096)
        workspace.run(*(stage.name for stage in STAGES))
    assert (workspace.data / "report" / "index.html").is_file()
