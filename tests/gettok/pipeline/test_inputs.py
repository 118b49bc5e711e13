"""Stages get the videos in order, each with its file and its frames, or with the reason why there are none."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from gettok.pipeline.answering import Skipped
from gettok.pipeline.inputs import (
    frames_digest,
    frames_of_day,
    media_days,
    rows_digest,
    stored_frames,
    videos,
)
from gettok.step import Item
from gettok.tables import FRAMES, MEDIA, VIDEOS


@pytest.fixture(autouse=True)
def _tables(tmp_path, monkeypatch):
    """Of three videos the newest has the smallest id; the second has no file, and no frame of its own."""
    monkeypatch.chdir(tmp_path)
    for name, day in (("1", 8), ("2", 7), ("3", 7)):
        row = {"video_id": name, "created_at": datetime(2022, 12, day, tzinfo=UTC)}
        VIDEOS.write([row], Path("data/videos", f"{name}.parquet"))
    MEDIA.write(
        [
            {"video_id": name, "file": file, "sha256": file and name * 64}
            for name, file in (("1", "1.mp4"), ("2", None), ("3", "3.webm"))
        ],
        Path("data/media.parquet"),
    )
    of_second = {"video_id": "2", "status": "unusable", "reason": "no_media"}
    of_third = [
        {"video_id": "3", "frame_index": index, "time_s": index / 30, "sha256": f"{index}" * 4}
        for index in (0, 20, 300)
    ]
    FRAMES.write([of_second, *of_third], Path("data/frames/2022-12-07.parquet"))
    FRAMES.write([], Path("data/frames/2022-12-08.parquet"))


def test_videos_come_by_day_and_then_by_id():
    assert [(video.day, video.video_id) for video in videos()] == [
        ("2022-12-07", "2"),
        ("2022-12-07", "3"),
        ("2022-12-08", "1"),
    ]
    assert [video.video_id for video in videos(only={"1", "3"})] == ["3", "1"]


def test_a_video_without_a_file_is_skipped_and_the_others_are_named_by_their_digest():
    earlier, later = media_days()
    assert (earlier.day, later.day) == ("2022-12-07", "2022-12-08")
    (second, third), (first,) = earlier.entries, later.entries
    assert second == Skipped("2", "2022-12-07", "no_media")
    assert isinstance(first, Item)
    assert isinstance(third, Item)
    assert (third.inputs, third.content.path) == ({"media": "3" * 64}, "data/media/3.webm")


def test_a_video_without_a_frame_has_none_and_the_key_depends_on_what_frames_show():
    assert frames_of_day("2022-12-08") == {}
    frames = frames_of_day("2022-12-07")
    assert {name: [frame.frame_index for frame in found] for name, found in frames.items()} == {
        "3": [0, 20, 300]
    }
    later = [frame._replace(time_s=9.0) for frame in frames["3"]]
    other = [*frames["3"][:2], frames["3"][2]._replace(sha256="other")]
    assert frames_digest(later) == frames_digest(frames["3"]) != frames_digest(other)
    reference = stored_frames("2022-12-07", "3", frames["3"][1:])
    assert (reference.parquet, reference.frame_indices) == ("data/frames/2022-12-07.parquet", (20, 300))


def test_a_day_is_made_of_its_videos_and_their_files_and_of_no_other_day_s():
    before, later = (day.inputs for day in media_days())
    MEDIA.write(
        [{"video_id": name, "file": f"{name}.mp4", "sha256": name * 64} for name in "123"],
        Path("data/media.parquet"),
    )
    changed, unchanged = (day.inputs for day in media_days())
    assert (changed != before, unchanged) == (True, later)


def test_rows_are_told_apart_by_values_nulls_and_order():
    rows = [{"a": "1", "b": None}, {"a": None, "b": "1"}]
    frames = [pl.DataFrame(each) for each in (rows, rows[::-1], rows[:1], [{"a": "1", "b": ""}])]
    assert len({rows_digest(frame) for frame in frames}) == 4
    parts = pl.concat(
        [pl.DataFrame(rows[:1], schema=frames[0].schema), pl.DataFrame(rows[1:], frames[0].schema)]
    )
    assert rows_digest(parts) == rows_digest(frames[0])
