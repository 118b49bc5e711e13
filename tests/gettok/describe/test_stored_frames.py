"""The frames that are described are those that were stored, to the byte."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from gettok.errors import BadInput, Damaged
from gettok.media.images import Picture, StoredFrames
from gettok.tables import FRAMES


def frames_file(folder: Path, *frames: tuple[str, int, bytes]) -> Path:
    rows = [
        {
            "video_id": video,
            "frame_index": index,
            "time_s": index / 30,
            "sha256": hashlib.sha256(content).hexdigest(),
            "image": {"bytes": content, "path": f"{index}.jpg"},
            "status": "ok",
        }
        for video, index, content in frames
    ]
    unusable = {"video_id": "30", "status": "unusable"}
    pl.DataFrame([*rows, unusable], schema=FRAMES.schema).write_parquet(folder / "2022-12-07.parquet")
    return folder / "2022-12-07.parquet"


def test_stored_frames_are_those_of_the_one_video_in_order(tmp_path: Path) -> None:
    file = frames_file(tmp_path, ("20", 300, b"c"), ("20", 0, b"b"), ("7213456789012345678", 0, b"a"))
    assert StoredFrames(str(file), "20").load() == [Picture(0, 0.0, b"b"), Picture(300, 10.0, b"c")]
    assert StoredFrames(str(file), "30").load() == []
    assert StoredFrames(str(file), "40").load() == []


@pytest.mark.parametrize("place", [0, 1])
def test_f40_a_frame_with_another_digest_is_never_sent(tmp_path: Path, place: int) -> None:
    file = frames_file(tmp_path, ("20", 0, b"b"), ("20", 300, b"c"))
    rows = FRAMES.read(file).drop_nulls("sha256").to_dicts()
    rows[place]["image"]["bytes"] = b"changed"
    FRAMES.write(rows, file)
    with pytest.raises(Damaged, match=f"frame {rows[place]['frame_index']} of video 20"):
        StoredFrames(str(file), "20").load()


def test_frames_that_cannot_be_read_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no parquet")
    for name in ("missing.parquet", "text.parquet"):
        with pytest.raises(BadInput, match=name):
            StoredFrames(str(tmp_path / name), "20").load()
