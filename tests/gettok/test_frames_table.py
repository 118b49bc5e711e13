"""The table of frames is what `datasets` of Hugging Face takes for pictures, and what we read again."""

import hashlib
import io

import pytest
from PIL import Image
from pyarrow import parquet

from gettok.pictures import Picture, StoredFrames
from gettok.tables import FRAMES


def jpeg(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 20), "red").save(file, "JPEG")
    return file.getvalue()


def row(index: int, width: int) -> dict[str, object]:
    image = {"bytes": jpeg(width), "path": f"{index}.jpg"}
    return {"video_id": "1", "frame_index": index, "sha256": "", "status": "ok", "image": image}


UNUSABLE = {"video_id": "2", "status": "unusable", "reason": "undecodable"}


@pytest.mark.filterwarnings("default")
def test_datasets_shows_the_frames_as_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    import datasets  # noqa: PLC0415 - it reads the environment once, when it is imported

    FRAMES.write([row(0, 30), row(300, 40), UNUSABLE], tmp_path / "2022-12-07.parquet")
    files = str(tmp_path / "*.parquet")
    loaded = datasets.load_dataset(
        "parquet", data_files=files, cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert isinstance(loaded.features["image"], datasets.Image)
    assert [picture and picture.size for picture in loaded["image"]] == [(30, 20), (40, 20), None]
    assert loaded[0]["video_id"] == "1"


def test_what_is_written_is_read_again_and_the_same_rows_give_the_same_bytes(tmp_path):
    rows = [row(index, 30 + index) for index in range(150)]
    for name in ("a.parquet", "b.parquet"):
        FRAMES.write(reversed([*rows, UNUSABLE]), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    again = FRAMES.read(tmp_path / "a.parquet")
    assert again.schema == FRAMES.schema
    assert again.equals(FRAMES.frame([*rows, UNUSABLE]))
    assert again["image"].null_count() == 1


def test_few_frames_lie_together_so_that_one_videos_are_read_without_the_others(tmp_path):
    FRAMES.write([row(index, 30) for index in range(130)], tmp_path / "a.parquet")
    groups = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert [groups.row_group(place).num_rows for place in range(groups.num_row_groups)] == [64, 64, 2]


def test_a_table_without_frames_is_written_too(tmp_path):
    FRAMES.write([], tmp_path / "a.parquet")
    assert FRAMES.read(tmp_path / "a.parquet").is_empty()
    FRAMES.write([UNUSABLE], tmp_path / "a.parquet")
    assert StoredFrames(str(tmp_path / "a.parquet"), "2").load() == []


def test_a_photo_without_a_time_is_shown_to_a_model_all_the_same(tmp_path):
    data = jpeg(30)
    photo = row(0, 30) | {"sha256": hashlib.sha256(data).hexdigest(), "time_s": None}
    FRAMES.write([photo], tmp_path / "a.parquet")
    assert StoredFrames(str(tmp_path / "a.parquet"), "1").load() == [Picture(0, None, data)]
