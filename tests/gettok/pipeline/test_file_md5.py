"""In a run of DVC a file is read once for its MD5, unless a program writes it; outside a run, each time."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flipped import flip

from gettok.pipeline.file_md5 import md5s_in_run

KEPT = Path(".dvc/tmp/gettok-md5.json")
OTHER = "0" * 32
STAGE = """\
import sys
from pathlib import Path
from gettok.pipeline.file_md5 import md5s_in_run
Path(sys.argv[1]).write_text(" ".join(md5s_in_run([Path("file")])), "utf-8")
kept = Path(".dvc/tmp/gettok-md5.json")
kept.write_text(kept.read_text("ascii").replace(md5s_in_run([Path("file")])[0], "0" * 32), "ascii")
"""
PIPELINE = f"""\
stages:
  first:
    cmd: {sys.executable} stage.py first.txt
    deps: [stage.py]
    outs: [first.txt]
  second:
    cmd: {sys.executable} stage.py second.txt
    deps: [first.txt]
    outs: [second.txt]
"""


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A file in a repository, in which a stage of DVC runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "describe")
    KEPT.parent.mkdir(parents=True)
    Path("file").write_text("some bytes", "utf-8")
    return Path("file")


def actual(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()


def keep_another() -> None:
    """Have the run remember another MD5, which shows whether it is asked."""
    kept = json.loads(KEPT.read_text("ascii"))
    KEPT.write_text(json.dumps(kept | {"md5s": dict.fromkeys(kept["md5s"], OTHER)}), "ascii")


def test_a_file_is_read_once_in_a_run(file):
    assert md5s_in_run([file]) == [actual(file)]
    keep_another()
    assert md5s_in_run([file]) == [OTHER]


def test_a_file_that_a_program_writes_is_read_again_though_its_size_and_time_are_as_before(file):
    md5s_in_run([file])
    keep_another()
    flip(file, 3)
    assert md5s_in_run([file]) == [actual(file)]


def test_a_file_that_is_new_is_read_beside_one_that_is_known(file):
    md5s_in_run([file])
    keep_another()
    new = Path("new")
    new.write_text("other bytes", "utf-8")
    assert md5s_in_run([new, file, new]) == [actual(new), OTHER, actual(new)]


@pytest.mark.parametrize("run", [[1, 0.5], None])
def test_another_run_reads_every_file(file, run):
    md5s_in_run([file])
    keep_another()
    KEPT.write_text(json.dumps(json.loads(KEPT.read_text("ascii")) | {"run": run}), "ascii")
    assert md5s_in_run([file]) == [actual(file)]


def test_outside_a_run_every_file_is_read(file, monkeypatch):
    md5s_in_run([file])
    keep_another()
    monkeypatch.delenv("DVC_STAGE")
    assert md5s_in_run([file]) == [actual(file)]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run": 1'])
def test_what_a_run_has_kept_may_be_damaged(file, text):
    KEPT.write_text(text, "ascii")
    assert md5s_in_run([file]) == [actual(file)]


def test_without_a_repository_nothing_is_kept(file):
    KEPT.parent.rmdir()
    assert md5s_in_run([file]) == [actual(file)]
    assert not KEPT.exists()


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_stages_of_one_dvc_repro_share_what_they_have_read_and_the_next_one_reads_anew(
    file, monkeypatch, shell
):
    """A shell such as dash stays between DVC and the stage."""
    monkeypatch.setenv("SHELL", shutil.which(shell) or "/bin/sh")
    KEPT.parent.rmdir()
    KEPT.parent.parent.rmdir()
    dvc("init", "--quiet", "--no-scm")
    dvc("config", "core.site_cache_dir", str(Path("site-cache").absolute()))
    Path("dvc.yaml").write_text(PIPELINE, "utf-8")
    Path("stage.py").write_text(STAGE, "utf-8")
    for _ in range(2):
        dvc("repro", "--quiet", "--force")
        assert Path("first.txt").read_text("utf-8") == actual(file)
        assert Path("second.txt").read_text("utf-8") == OTHER


def dvc(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], check=True)
