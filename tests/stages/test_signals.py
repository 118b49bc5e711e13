"""A signal ends a stage that asks nothing, one that decodes, and one that is still being imported: real processes."""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import media_files
import pytest
from small_study import video
from waiting import wait_until
from workspace import Workspace

from gettok.store import Store
from gettok.tables import FRAMES, MEDIA, VIDEOS

DAY = "2022-12-07"
FILMS = 24


def outputs(workspace: Workspace) -> dict[str, bytes]:
    """Every file under `data/`, those that are hidden too."""
    return {
        file.relative_to(workspace.data).as_posix(): file.read_bytes()
        for file in sorted(workspace.data.rglob("*"))
        if file.is_file()
    }


def catches(process: subprocess.Popen[str], number: int) -> bool:
    """Whether the process has a handler for the signal by now."""
    (mask,) = (
        line.split()[1]
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("SigCgt")
    )
    return bool(int(mask, 16) >> (number - 1) & 1)


def is_locked(workspace: Workspace, stage: str) -> bool:
    path = workspace.store / f"{stage}.lock"
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def answers(workspace: Workspace, stage: str) -> int:
    with Store(workspace.store) as store:
        return {name: count for name, count, _ in store.stats()}.get(stage, 0)


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[bytes]:
    """Films that take some tenths of a second each, no two of them with the same bytes."""
    path = media_files.video(tmp_path_factory.mktemp("film") / "v.mp4", frames=60)
    film = path.read_bytes()
    return [film + (12).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big") for number in range(FILMS)]


@pytest.fixture
def downloaded(tmp_path, films) -> Callable[[str], Workspace]:
    """A workspace in which the stages before `extract_frames` have run."""

    def make(name: str) -> Workspace:
        (tmp_path / name).mkdir()
        workspace = Workspace.make(tmp_path / name, "", "frames.stride=30")
        study = [video(place, created_at=datetime(2022, 12, 7, tzinfo=UTC)) for place in range(FILMS)]
        VIDEOS.write(study, workspace.data / "videos" / f"{DAY}.parquet")
        (workspace.data / "media").mkdir()
        rows = []
        for row, film in zip(study, films, strict=True):
            file = f"{row['video_id']}.mp4"
            (workspace.data / "media" / file).write_bytes(film)
            digest = hashlib.sha256(film).hexdigest()
            rows.append({"video_id": row["video_id"], "status": "ok", "file": file, "sha256": digest})
        MEDIA.write(rows, workspace.data / "media.parquet")
        return workspace

    return make


@pytest.mark.slow
def test_f36_sigterm_ends_the_extraction_of_frames_and_the_next_run_ends_with_the_same_bytes(downloaded):
    clean, workspace = downloaded("clean"), downloaded("stopped")
    clean.run("extract_frames")
    before = outputs(workspace)
    process = workspace.start("extract_frames")
    wait_until(lambda: workspace.store.exists() and answers(workspace, "extract_frames") > 0)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "stopping: finishing what is in flight" in said
    assert "extract_frames: stopped as asked; all answers are kept" in said
    assert "Traceback" not in said
    assert outputs(workspace) == before, "nothing half-written is left"
    assert not is_locked(workspace, "extract_frames")
    kept = answers(workspace, "extract_frames")
    assert 0 < kept < FILMS
    workspace.run("extract_frames")
    assert outputs(workspace) == outputs(clean)
    assert FRAMES.read(workspace.data / "frames").height > FILMS


def test_f36_a_second_signal_leaves_no_process_and_no_warning(downloaded):
    workspace = downloaded("stopped")
    process = workspace.start("extract_frames")
    wait_until(lambda: workspace.store.exists() and answers(workspace, "extract_frames") > 0)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr is not None
    said = next(line for line in process.stderr if "stopping" in line)
    os.killpg(process.pid, signal.SIGINT)
    said += process.communicate(timeout=60)[1]  # every process that can write to it has ended
    assert process.returncode == 130, said
    assert "resource_tracker" not in said
    assert "Traceback" not in said
    workspace.run("extract_frames")


def imports(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "command",
    [("-m", "stages.transcribe"), ("-c", "from gettok.cli import main; main()", "plan")],
    ids=["stage", "command"],
)
def test_f36_a_signal_during_the_imports_ends_the_process_without_a_traceback(command, number, code):
    process = imports(*command)
    wait_until(
        lambda: catches(process, signal.SIGTERM)
    )  # from here on it is ours; before, Python itself begins
    process.send_signal(number)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said) == (code, "", "")
