"""Frames are the right ones, at the right time, and the same bytes each time."""

import hashlib
import io
import pickle

import media_files
import numpy as np
import pytest
from PIL import Image

from gettok import frames as frames_module
from gettok.errors import Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.settings import Frames
from gettok.tables import FRAMES


def step(stride=20, max_frames=50, longest_edge=768, jpeg_quality=90) -> FramesStep:
    made = FramesStep(
        Frames(stride=stride, max_frames=max_frames, longest_edge=longest_edge, jpeg_quality=jpeg_quality)
    )
    made.open()
    return made


def rows_of(made, path):
    return made.read(made.ask(MediaFile(str(path), "")))


def image(row) -> Image.Image:
    return Image.open(io.BytesIO(row["jpeg"]))


def numbers(rows, turns=0):
    return [media_files.number_in(np.rot90(np.asarray(image(row)), -turns)) for row in rows]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize(("gop", "open_gop"), [(7, True), (7, False), (250, True)])
def test_every_frame_is_the_one_that_its_index_says(tmp_path, codec, gop, open_gop):
    path = media_files.video(tmp_path / "v.mp4", frames=101, codec=codec, gop=gop, open_gop=open_gop)
    rows = rows_of(step(), path)
    assert [row["frame_index"] for row in rows] == [0, 20, 40, 60, 80, 100]
    assert numbers(rows) == [0, 20, 40, 60, 80, 100]
    assert [row["time_s"] for row in rows] == [0.0, 0.667, 1.333, 2.0, 2.667, 3.333]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_pictures_shown_before_the_key_frame_that_they_follow_are_found_too(tmp_path, codec):
    path = media_files.video(tmp_path / "v.mp4", frames=90, codec=codec, gop=8, open_gop=True)
    assert not frames_module.read_timetable(path).is_plain
    assert numbers(rows_of(step(stride=1, max_frames=90), path)) == list(range(90))


def test_a_last_index_equal_to_the_number_of_pictures_is_not_taken(tmp_path):
    rows = rows_of(step(), media_files.video(tmp_path / "v.mp4", frames=100, codec="libx265"))
    assert numbers(rows) == [0, 20, 40, 60, 80]


def test_a_video_shorter_than_the_stride_has_its_first_frame(tmp_path):
    rows = rows_of(step(stride=300), media_files.video(tmp_path / "v.mp4", frames=12))
    assert numbers(rows) == [0]


def test_f28_the_number_of_frames_is_capped(tmp_path):
    rows = rows_of(step(stride=1, max_frames=9), media_files.video(tmp_path / "v.mp4", frames=60))
    assert numbers(rows) == list(range(9))


def test_a_variable_rate_gives_right_frames_and_right_times(tmp_path):
    times = [n + n * n // 20 for n in range(60)]
    rows = rows_of(step(), media_files.video(tmp_path / "v.mp4", times=times))
    assert numbers(rows) == [0, 20, 40]
    assert [row["time_s"] for row in rows] == [round(times[n] / 30, 3) for n in (0, 20, 40)]


@pytest.mark.parametrize("first", [1, 40, 59])
def test_pictures_that_an_edit_list_hides_are_not_taken(tmp_path, first):
    whole = media_files.video(tmp_path / "whole.mp4", frames=90)
    rows = rows_of(step(stride=10), media_files.trimmed(whole, tmp_path / "trimmed.mp4", first))
    assert numbers(rows) == list(range(first, 90, 10))
    assert rows[1]["time_s"] == 0.333


def test_both_ways_of_reading_see_the_same_pictures(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=60, rotation=90)
    timetable = frames_module.read_timetable(path)
    by_index = list(frames_module._by_index(path, timetable, range(0, 60, 7)))
    by_time = list(frames_module._by_time(path, timetable, range(0, 60, 7)))
    assert np.shape(by_index) == np.shape(by_time) == (9, 192, 128, 3)
    assert np.abs(np.asarray(by_index, dtype=int) - np.asarray(by_time, dtype=int)).mean() < 3


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_a_rotated_video_gives_upright_frames(tmp_path, turn):
    rows = rows_of(step(), media_files.video(tmp_path / "v.mp4", rotation=turn))
    assert (rows[0]["width"], rows[0]["height"]) == ((192, 128) if turn == 180 else (128, 192))
    assert numbers(rows, turns=turn // 90) == [0, 20, 40]


def test_a_frame_is_made_smaller_and_never_larger(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=3)
    small, large = rows_of(step(longest_edge=96), path)[0], rows_of(step(longest_edge=5000), path)[0]
    assert (small["width"], small["height"]) == image(small).size == (96, 64)
    assert (large["width"], large["height"]) == image(large).size == (192, 128)


def test_the_same_video_gives_the_same_bytes_and_digests_that_match(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=60)
    first, second = rows_of(step(), path), rows_of(step(), path)
    assert first == second
    assert all(row["sha256"] == hashlib.sha256(row["jpeg"]).hexdigest() for row in first)
    assert rows_of(step(jpeg_quality=40), path)[0]["jpeg"] != first[0]["jpeg"]


def test_the_rows_fit_the_table(tmp_path):
    rows = rows_of(step(), media_files.video(tmp_path / "v.mp4"))
    not_its_own = {"video_id", "status", "reason", "detail", "answer_key", "answer"}
    assert set(rows[0]) == {column.name for column in FRAMES.columns} - not_its_own
    assert FRAMES.frame([{**row, "video_id": "1", "status": "ok"} for row in rows]).height == 3


def test_many_frames_are_read_in_pieces_without_a_gap(tmp_path):
    rows = rows_of(step(stride=2), media_files.video(tmp_path / "v.mp4", frames=60))
    assert numbers(rows) == list(range(0, 60, 2))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(media_files.cut, "truncated"), (media_files.damaged, "undecodable")],
    ids=["cut", "damaged"],
)
def test_f24_a_damaged_file_gives_a_reason_and_no_frames(tmp_path, spoil, reason):
    path = spoil(media_files.video(tmp_path / "whole.mp4", frames=90), tmp_path / "bad.mp4")
    with pytest.raises(Unusable) as refusal:
        step().ask(MediaFile(str(path), ""))
    assert refusal.value.reason == reason
    assert str(tmp_path) not in refusal.value.detail
    assert ".cc:" not in refusal.value.detail


def test_f29_a_playlist_gives_no_frame_of_another_file(tmp_path):
    secret = media_files.video(tmp_path / "secret.mp4")
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    with pytest.raises(Unusable) as refusal:
        step().ask(MediaFile(str(tmp_path / "list.mp4"), ""))
    assert refusal.value.reason == "not_a_video"


def test_the_step_travels_to_a_worker_and_all_its_settings_are_in_the_key():
    made = step()
    assert pickle.loads(pickle.dumps(made)) == made
    assert set(made.settings) == set(Frames.model_fields)
