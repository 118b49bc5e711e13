"""Hugging Face's `datasets` reads the table of frames as pictures, and we can read it back."""

import hashlib
import io
import subprocess
import sys

import pytest
from PIL import Image
from pyarrow import parquet

from gettok.media.images import Picture, StoredFrames
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
def test_datasets_loads_the_frames_as_pictures(tmp_path, monkeypatch):
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


def test_written_rows_can_be_read_back_and_the_same_rows_give_the_same_bytes(tmp_path):
    rows = [row(index, 30 + index) for index in range(150)]
    for name in ("a.parquet", "b.parquet"):
        FRAMES.write(reversed([*rows, UNUSABLE]), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    again = FRAMES.read(tmp_path / "a.parquet")
    assert again.schema == FRAMES.schema
    assert again.equals(FRAMES.frame([*rows, UNUSABLE]))
    assert list(FRAMES.rows(tmp_path / "a.parquet")) == again.to_dicts()
    assert again["image"].null_count() == 1


def test_row_groups_are_small_so_that_one_video_is_read_without_the_others(tmp_path):
    FRAMES.write([row(index, 30) for index in range(130)], tmp_path / "a.parquet")
    groups = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert [groups.row_group(place).num_rows for place in range(groups.num_row_groups)] == [64, 64, 2]


def test_a_table_without_frames_is_written_too(tmp_path):
    FRAMES.write([], tmp_path / "a.parquet")
    assert FRAMES.read(tmp_path / "a.parquet").is_empty()
    FRAMES.write([UNUSABLE], tmp_path / "a.parquet")
    assert StoredFrames(str(tmp_path / "a.parquet"), "2").load() == []


def test_a_photo_without_a_time_can_be_loaded_for_a_model(tmp_path):
    data = jpeg(30)
    photo = row(0, 30) | {"sha256": hashlib.sha256(data).hexdigest(), "time_s": None}
    FRAMES.write([photo], tmp_path / "a.parquet")
    assert StoredFrames(str(tmp_path / "a.parquet"), "1").load() == [Picture(0, None, data)]


def test_rows_that_arrive_in_order_give_the_same_file_as_all_at_once(tmp_path):
    rows = [row(index, 30) for index in range(150)]
    FRAMES.write(reversed([*rows, UNUSABLE]), tmp_path / "a.parquet")
    FRAMES.write_in_order(iter([*rows, UNUSABLE]), tmp_path / "b.parquet")
    assert (tmp_path / "b.parquet").read_bytes() == (tmp_path / "a.parquet").read_bytes()
    FRAMES.write([], tmp_path / "a.parquet")
    FRAMES.write_in_order(iter([]), tmp_path / "b.parquet")
    assert (tmp_path / "b.parquet").read_bytes() == (tmp_path / "a.parquet").read_bytes()


def test_rows_out_of_order_are_a_bug_and_leave_the_old_file(tmp_path):
    file = tmp_path / "a.parquet"
    FRAMES.write_in_order([UNUSABLE], file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="the rows of the table frames are not in order"):
        FRAMES.write_in_order([UNUSABLE, *(row(index, 30) for index in range(64))], file)
    assert file.read_bytes() == before
    FRAMES.write_in_order([UNUSABLE, {**UNUSABLE, "video_id": "3"}], file)


#: Writes and reads many pictures of 100 kB, and prints how much more memory that took than a few.
PEAK = """
import os, resource, sys
from pathlib import Path
from gettok.tables import FRAMES

def rows(count):
    for index in range(count):
        image = {"bytes": os.urandom(100_000), "path": ""}
        yield {"video_id": "1", "frame_index": index, "status": "ok", "image": image}

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def there_and_back(count):
    FRAMES.write_in_order(rows(count), Path(sys.argv[1]))
    assert sum(len(row["image"]["bytes"]) for row in FRAMES.rows(Path(sys.argv[1]))) == count * 100_000
    return peak()

few = there_and_back(200)
print(there_and_back(4000) - few)
"""


def test_a_day_of_pictures_is_never_in_memory_at_once(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "a.parquet")], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 60, "MiB, of 381 that were written"
    assert FRAMES.read(tmp_path / "a.parquet", ["frame_index"]).height == 4000
