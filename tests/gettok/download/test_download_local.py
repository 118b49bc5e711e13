"""Local files get the same checks, and stay as they are."""

import os
import re
import stat
from threading import Event

import media_files
import pytest
from download_corpus import settings, slideshow
from flipped import rotten
from track_files import Sound, bursts
from track_files import film as film_with_tracks

from gettok.download import DownloadStep, VideoLink, placed_files, put_files, read_files
from gettok.engine import LocalEngine
from gettok.errors import BadSettings, Damaged, NoSpace, Unusable
from gettok.pipeline.answering import Asking
from gettok.pipeline.downloading import video_item
from gettok.store import Key, Store

ID = "7175000000000000001"
LINK = VideoLink(ID, "someone")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media_files.video(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.fixture
def step(mine, tmp_path):
    return DownloadStep(settings(backend="local", folder=str(mine)), "tiktok", "", tmp_path / "spool")


def reason_of(step, link=LINK) -> str:
    with pytest.raises(Unusable) as refusal:
        step.ask(link)
    assert not list(step.spool.iterdir())
    return refusal.value.reason


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v", ".MP4", ".MOV", ".Mp4"])
def test_a_video_is_found_by_its_id(step, mine, film, suffix):
    (mine / f"{ID}{suffix}").write_bytes(film.read_bytes())
    answer = step.ask(LINK)
    (row,) = step.read(answer)
    assert answer.blobs["media"].read() == film.read_bytes()
    assert (row["kind"], row["frame_count"], row["backend"]) == ("video", 60, "local")


@pytest.mark.parametrize(("name", "kept"), [("webm", "webm"), ("mkv", "mkv"), ("mp4", "webm")])
def test_a_webm_or_matroska_file_is_kept_under_the_suffix_of_its_format(step, mine, tmp_path, name, kept):
    made = film_with_tracks(tmp_path / f"made.{kept}", Sound(bursts(0.5)), frames=9)
    (mine / f"{ID}.{name}").write_bytes(made.read_bytes())
    answer = step.ask(LINK)
    (row,) = step.read(answer)
    assert (row["kind"], row["frame_count"], row["container"]) == (
        "video",
        9,
        {"webm": "webm", "mkv": "matroska"}[kept],
    )
    media = tmp_path / "media"
    name, files = placed_files(answer, ID)
    put_files(files, media)
    assert name == f"{ID}.{kept}"
    assert (media / f"{ID}.{kept}").read_bytes() == made.read_bytes()
    assert read_files(media, ID, f"{ID}.{kept}", answer.body)["media"].read() == made.read_bytes()


def test_a_slideshow_is_a_folder_of_photos_ordered_by_the_numbers_in_their_names(step, mine):
    folder = slideshow(mine / ID)
    media_files.sound_only(folder / "music.mp4")
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden.png").write_bytes((folder / "1.png").read_bytes())
    answer = step.ask(LINK)
    assert list(answer.blobs) == ["000.png", "001.png", "002.png", "sound.m4a"]
    assert answer.blobs["002.png"].read() == (folder / "10.png").read_bytes()
    (row,) = step.read(answer)
    assert (row["kind"], row["frame_count"], row["has_audio"]) == ("slideshow", 3, True)


def test_a_missing_file_is_looked_for_again_in_the_next_run(step, mine, film):
    assert reason_of(step) == "no_file"
    (mine / ID).mkdir()
    assert reason_of(step) == "no_file"
    assert step.inputs(LINK) == {"video_id": ID}
    (mine / f"{ID}.mp4").write_bytes(film.read_bytes())
    assert step.ask(LINK).blobs["media"].size


@pytest.mark.parametrize(
    ("content", "reason"), [(b"<html>", "not_a_video"), (b"", "not_a_video"), (b"#EXTM3U\n", "not_a_video")]
)
def test_f23_a_local_file_that_is_not_a_video_is_refused(step, mine, content, reason):
    (mine / f"{ID}.mp4").write_bytes(content)
    assert reason_of(step) == reason


def test_f24_a_local_file_with_half_a_video_is_truncated(step, mine, film):
    media_files.cut(film, mine / f"{ID}.mp4")
    assert reason_of(step) == "truncated"


def test_a_video_over_the_limit_is_left_out_before_it_is_copied(mine, film, tmp_path):
    (mine / f"{ID}.mp4").write_bytes(film.read_bytes())
    chosen = settings(backend="local", folder=str(mine), max_bytes=1000)
    assert reason_of(DownloadStep(chosen, "x", "", tmp_path / "spool")) == "too_large"


def test_f37_too_little_free_space_stops_the_run(mine, film, tmp_path):
    (mine / f"{ID}.mp4").write_bytes(film.read_bytes())
    chosen = settings(backend="local", folder=str(mine), keep_free_bytes=10**18)
    with pytest.raises(NoSpace):
        DownloadStep(chosen, "x", "", tmp_path / "spool").ask(LINK)


def test_the_file_keeps_its_inode_mode_and_times_and_shares_nothing_with_the_store(
    step, mine, film, tmp_path
):
    file = mine / f"{ID}.mp4"
    padding = (1_200_000).to_bytes(4) + b"free" + bytes(1_200_000 - 8)
    file.write_bytes(film.read_bytes() + padding)
    file.chmod(0o640)
    os.utime(file, ns=(10**18, 10**18))
    before = file.stat()
    with Store(tmp_path / "store") as store:
        key = Key.of("download", 3, step.settings, step.inputs(LINK))
        store.put(key, ID, step.ask(LINK))
        kept = store.get(key.digest).blobs["media"]
        assert kept.path is not None
        after = file.stat()
        same = ("st_mode", "st_ino", "st_mtime_ns", "st_ctime_ns", "st_nlink", "st_size")
        assert all(getattr(after, name) == getattr(before, name) for name in same)
        file.write_bytes(b"changed in place")
        assert list(store.verify()) == []
        assert stat.S_IMODE(kept.path.stat().st_mode) == 0o444


def test_the_key_depends_on_the_content_of_the_files(step, mine, film):
    file = mine / f"{ID}.mp4"
    file.write_bytes(film.read_bytes())
    first = step.inputs(LINK)
    file.touch()
    assert step.inputs(LINK) == first
    file.write_bytes(film.read_bytes() + b"\0\0\0\x08free")
    assert step.inputs(LINK) != first
    file.unlink()
    folder = slideshow(mine / ID)
    second = step.inputs(LINK)
    (folder / "1.png").rename(folder / "99.png")
    assert step.inputs(LINK) != second


@pytest.mark.parametrize("is_slideshow", [False, True])
def test_f40_files_that_changed_since_their_key_are_not_stored(step, mine, film, tmp_path, is_slideshow):
    if is_slideshow:
        changed = slideshow(mine / ID) / "10.png"
    else:
        changed = mine / f"{ID}.mp4"
        changed.write_bytes(film.read_bytes())
    item = video_item(step, ID, "2022-12-07", "someone")
    with Store(tmp_path / "store") as store:
        with rotten(changed), pytest.raises(Damaged, match=re.escape(f"video {ID}: ") + ".*" + changed.name):
            Asking(step, store, LocalEngine(), Event()).ask([item])
        assert store.about(ID) == []
        Asking(step, store, LocalEngine(), Event()).ask([item])
        assert [answer.subject for answer in store.about(ID)] == [ID]


def test_the_source_of_the_ids_is_not_in_the_key(mine):
    chosen = settings(backend="local", folder=str(mine))
    assert DownloadStep(chosen, "tiktok", "").settings == DownloadStep(chosen, "sandbox", "x").settings


@pytest.mark.parametrize("video_id", ["../secret", "/etc/passwd", "", "a", "1/2", "1\0", "x" * 300])
def test_f53_file_names_are_built_from_ids_only(step, mine, film, video_id):
    (mine.parent / "secret.mp4").write_bytes(film.read_bytes())
    with pytest.raises(Unusable, match="not the id"):
        step.ask(VideoLink(video_id, "someone"))
    assert step.inputs(VideoLink(video_id, "someone")) == {"video_id": video_id}


def test_a_symbolic_link_in_the_folder_is_followed(step, mine, film):
    (mine / f"{ID}.mp4").symlink_to(film)
    assert step.ask(LINK).blobs["media"].read() == film.read_bytes()
    assert film.is_file()


def test_a_folder_that_is_missing_or_has_nothing_of_a_video_stops_the_run_at_once(tmp_path, film):
    step = DownloadStep(settings(backend="local", folder=str(tmp_path / "mine")), "x", "")
    with pytest.raises(BadSettings, match=r"download\.folder: .*mine' is not a folder"):
        step.open()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").touch()
    with pytest.raises(BadSettings, match="has no video and no folder of a slideshow"):
        step.open()
    (tmp_path / "mine" / f"{ID}.webm").write_bytes(film.read_bytes())
    step.open()
