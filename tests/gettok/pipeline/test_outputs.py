"""An output is read only if its bytes are those that a real DVC recorded, and the message names what repairs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from flipped import flip

from gettok.errors import BadInput, Damaged
from gettok.pipeline.outputs import (
    books_of,
    damaged_outputs,
    is_made,
    output,
    refuse_damaged_objects,
    was_read_as_now,
)

DAYS = ("2022-12-07.parquet", "2022-12-08.parquet", "más/2022-12-09.parquet")
PIPELINE = f"""\
stages:
  tabulate:
    cmd: {sys.executable} make.py
    deps: [make.py]
    outs: [data/videos, data/comments, data/users.parquet]
"""
MAKE = f"""\
from pathlib import Path
Path("data/comments").mkdir(parents=True)
for day in {DAYS}:
    file = Path("data/videos", day)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("the videos of " + day)
Path("data/users.parquet").write_text("the users")
"""


def dvc(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository whose stage DVC ran."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        dvc("init", "--quiet", "--no-scm")
        dvc("config", "core.site_cache_dir", str(folder / "site-cache"))
        Path("dvc.yaml").write_text(PIPELINE, "utf-8")
        Path("make.py").write_text(MAKE, "utf-8")
        dvc("repro", "--quiet")
    return folder


@pytest.fixture(autouse=True)
def folder(made, tmp_path, monkeypatch):
    """A copy of it, in which the test runs. What a copy does not keep, the cache's files are copies, too."""
    shutil.copytree(made, tmp_path / "repo")
    monkeypatch.chdir(tmp_path / "repo")
    return tmp_path / "repo"


def cached(content: bytes) -> Path:
    (file,) = (
        file for file in Path(".dvc/cache").rglob("*") if file.is_file() and file.read_bytes() == content
    )
    return file


@pytest.mark.parametrize("name", ["videos", "comments", "users.parquet"])
def test_what_dvc_recorded_is_read(name):
    assert output(name) == Path("data", name)


def test_a_changed_bit_is_found_though_size_and_time_are_as_before():
    flip(Path("data/videos", DAYS[1]), 3)
    flip(Path("data/users.parquet"), 3)
    with pytest.raises(Damaged, match=rf"^data/videos/{DAYS[1]} is not what dvc\.lock records.*tabulate"):
        output("videos")
    with pytest.raises(Damaged, match=r"^data/users\.parquet is not what dvc\.lock records"):
        output("users.parquet")


def test_what_the_message_says_repairs_a_file_that_is_damaged_in_the_cache_too():
    day = Path("data/videos", DAYS[2])
    before = day.read_bytes()
    in_cache = cached(before)
    day.unlink()
    os.link(in_cache, day)  # one file, as DVC links them
    flip(day, 3)
    with pytest.raises(Damaged) as refused:
        output("videos")
    (command,) = re.findall(r"`(rm -rf [^`]*)`", refused.value.can)
    assert command == f"rm -rf data/videos {in_cache}"
    subprocess.run(command.split(), check=True)
    dvc("repro", "--quiet")
    assert output("videos") == Path("data/videos")
    assert day.read_bytes() == in_cache.read_bytes() == before


def test_only_what_is_damaged_is_removed_from_the_cache():
    flip(Path("data/users.parquet"), 3)
    with pytest.raises(Damaged, match=r"run `rm -rf data/users\.parquet` and then `dvc repro`"):
        output("users.parquet")


def test_files_that_are_missing_or_too_many_are_named():
    Path("data/videos", DAYS[0]).unlink()
    Path("data/videos/more.parquet").write_text("more", "utf-8")
    with pytest.raises(Damaged, match=rf"^data/videos/{DAYS[0]} and 1 other file are not"):
        output("videos")
    Path("data/comments/more.parquet").write_text("more", "utf-8")
    with pytest.raises(Damaged, match=r"^data/comments/more\.parquet is not"):
        output("comments")


def test_each_output_that_changed_is_found_when_all_is_looked_at():
    flip(Path("data/videos", DAYS[1]), 3)
    flip(Path("data/users.parquet"), 3)
    what = [error.what.partition(" is not")[0] for error in damaged_outputs()]
    assert what == ["data/users.parquet", f"data/videos/{DAYS[1]}"]


def test_a_missing_file_is_no_damage_and_what_the_message_says_brings_it_back():
    day = Path("data/videos", DAYS[0])
    before = day.read_bytes()
    day.unlink()
    with pytest.raises(BadInput, match=rf"^data/videos/{DAYS[0]} is missing\n") as refused:
        output("videos")
    assert [error.what for error in damaged_outputs()] == [refused.value.what]
    (command,) = re.findall(r"`dvc ([^`]*)`", refused.value.can)
    dvc(*command.split())
    assert day.read_bytes() == before
    assert output("videos") == Path("data/videos")


def test_missing_files_that_dvc_s_cache_lacks_too_come_from_a_remote_or_are_made_again():
    for day in DAYS[:2]:
        cached(Path("data/videos", day).read_bytes()).unlink()
        Path("data/videos", day).unlink()
    with pytest.raises(BadInput, match=rf"^data/videos/{DAYS[0]} and 1 other file are missing\n") as refused:
        output("videos")
    assert "`dvc pull data/videos` if a remote has the data; or `dvc repro tabulate`" in refused.value.can


def test_a_missing_file_whose_copy_is_damaged_is_not_brought_back():
    day = Path("data/videos", DAYS[0])
    in_cache = cached(day.read_bytes())
    flip(in_cache, 3)
    day.unlink(missing_ok=True)
    with pytest.raises(Damaged, match=re.escape(f"{day} is not what")) as refused:
        output("videos")
    assert f"rm -rf data/videos {in_cache}`" in refused.value.can


def test_the_folder_is_named_if_the_list_of_its_files_is_damaged_too():
    (listing,) = (file for file in Path(".dvc/cache").rglob("*.dir") if b"2022-12-07" in file.read_bytes())
    flip(listing, 3)
    output("videos")
    flip(Path("data/videos", DAYS[0]), 3)
    output("comments")
    with pytest.raises(Damaged, match=r"^data/videos is not what .* records") as refused:
        _compare_again("videos")
    assert f"rm -rf data/videos {listing}`" in refused.value.can


def _compare_again(name: str) -> None:
    """As another process does."""
    os.chdir(shutil.copytree(Path.cwd(), Path.cwd().with_name("again")))
    output(name)


def test_an_output_is_compared_once_in_a_process():
    output("videos")
    flip(Path("data/videos", DAYS[0]), 3)
    assert output("videos") == Path("data/videos")
    with pytest.raises(Damaged):
        _compare_again("videos")


def test_what_dvc_did_not_make_has_nothing_to_be_compared_with():
    Path("data/books").mkdir()
    Path("data/books/collect.json").write_text('{"asked": 1, "ok": 1, "unusable": {}}', "utf-8")
    assert books_of("collect").ok == 1


def test_without_a_lock_there_is_nothing_to_compare():
    Path("data/users.parquet").write_text("another", "utf-8")
    Path("dvc.lock").unlink()
    assert output("users.parquet").read_text("utf-8") == "another"


def test_a_missing_output_is_for_its_reader_to_report():
    Path("data/users.parquet").unlink()
    assert output("users.parquet") == Path("data/users.parquet")
    with pytest.raises(BadInput, match="describe has no results"):
        books_of("describe")


@pytest.mark.parametrize("text", ["stages: {", "[]", "stages: {a: {outs: [1]}}", "a: b", ""])
def test_a_lock_that_cannot_be_read_is_refused(text):
    Path("dvc.lock").write_text(text, "utf-8")
    with pytest.raises(Damaged, match=r"^dvc\.lock cannot be read"):
        output("videos")


def test_damaged_files_of_the_cache_are_found_and_named():
    in_cache = cached(Path("data/videos", DAYS[2]).read_bytes())
    listing = next(file for file in Path(".dvc/cache").rglob("*.dir") if b"2022-12-07" in file.read_bytes())
    md5 = listing.parent.name + listing.name
    refuse_damaged_objects("data/videos", md5)
    flip(in_cache, 3)
    with pytest.raises(Damaged, match=f"rm -f {in_cache}`"):
        refuse_damaged_objects("data/videos", md5)
    flip(listing, 3)
    with pytest.raises(Damaged, match=f"rm -f {listing}`"):
        refuse_damaged_objects("data/videos", md5)


def test_a_file_of_a_folder_is_compared_alone():
    one, other = (Path("data/videos", day) for day in DAYS[:2])
    flip(other, 0)
    assert output(f"videos/{one.name}") == one
    with pytest.raises(Damaged, match=re.escape(str(other))):
        output(f"videos/{other.name}")
    with pytest.raises(Damaged, match=re.escape(str(other))):
        output("videos")


def test_a_folder_in_a_folder_is_compared_with_all_of_it():
    assert output("videos/más") == Path("data/videos/más")
    flip(Path("data/videos", DAYS[0]), 3)
    with pytest.raises(Damaged, match=re.escape(DAYS[0])):
        _compare_again("videos/más")
    flip(Path("data/videos", DAYS[0]), 3)
    Path("data/videos", DAYS[2]).unlink()
    with pytest.raises(BadInput):
        output("videos/más")


def test_a_file_that_dvc_did_not_put_into_a_folder_is_refused():
    Path("data/videos/2022-12-31.parquet").write_text("by hand", "utf-8")
    with pytest.raises(Damaged, match=re.escape("2022-12-31.parquet")):
        output("videos/2022-12-31.parquet")


@pytest.mark.parametrize("is_changed", [False, True])
def test_without_the_list_of_its_files_a_folder_is_compared_whole(is_changed):
    for listing in Path(".dvc/cache").rglob("*.dir"):
        listing.unlink()
    if not is_changed:
        assert output(f"videos/{DAYS[0]}").is_file()
        return
    flip(Path("data/videos", DAYS[1]), 0)
    with pytest.raises(Damaged, match="data/videos is not what"):
        output(f"videos/{DAYS[0]}")


def test_what_is_not_made_yet_is_told_from_what_is():
    assert is_made("videos")
    assert is_made(f"videos/{DAYS[0]}")
    assert not is_made("transcripts/none")


@pytest.mark.parametrize(("read", "is_as_now"), [("a.dir", True), ("b.dir", False)])
def test_a_stage_that_ran_before_its_input_was_made_anew_did_not_read_it_as_it_is_now(read, is_as_now):
    stages = {
        "tabulate": {"outs": [{"path": "data/videos", "md5": "a.dir"}]},
        "download": {"deps": [{"path": "data/videos", "md5": read}], "outs": []},
    }
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": stages}), "utf-8")
    assert was_read_as_now("download", "videos") is is_as_now


def test_without_a_record_of_a_run_an_input_was_read_as_it_is_now():
    assert was_read_as_now("download", "videos")
