"""A full disk is recognised whichever library meets it, and its folder is named.

`/dev/full` refuses every byte as a full disk does, and needs no right to mount one.
"""

import errno
import io
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import av
import numpy as np
import polars as pl
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image
from small_disk import small_disk

from gettok.errors import BadInput, NoSpace, NotNow, Unusable
from gettok.step import Answer, Blob
from gettok.store import Key, Store, disk_space
from gettok.store.atomic_write import atomic_dir, atomic_file, atomic_write, write_json
from gettok.store.disk_space import full_disk_as_no_space, in_words, refuse_without_room
from gettok.tables import FRAMES, VIDEOS

FULL = Path("/dev/full")
PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (400, 400, 3), dtype=np.uint8))
NUMBERS = pl.DataFrame({"number": range(10_000)})


def encoded(to: Path) -> None:
    with av.open(str(to), "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=16_000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 100_000), np.int16), "s16", "mono")
        sound.sample_rate = 16_000
        file.mux(stream.encode(sound))


def opened(write: Callable[[IO[bytes]], object], to: Path) -> None:
    with to.open("wb") as file:
        write(file)


WRITERS: dict[str, Callable[[Path], object]] = {
    "bytes": lambda to: to.write_bytes(b"x" * 10_000),
    "text": lambda to: to.write_text("x"),
    "polars": partial(opened, NUMBERS.write_parquet),
    "polars_csv": partial(opened, NUMBERS.write_csv),
    "polars_sink": lambda to: NUMBERS.lazy().sink_parquet(to),
    "arrow": partial(opened, partial(pyarrow.parquet.write_table, NUMBERS.to_arrow())),
    "arrow_csv": lambda to: pyarrow.csv.write_csv(NUMBERS.to_arrow(), str(to)),
    "picture": lambda to: PICTURE.save(to, "PNG"),
    "sound": encoded,
}


@pytest.mark.parametrize("name", WRITERS)
def test_f37_every_librarys_error_of_a_full_disk_is_recognised(name, tmp_path):
    with pytest.raises(NoSpace) as full, full_disk_as_no_space(tmp_path):
        WRITERS[name](FULL)
    assert full.value.exit_code == 74
    assert " MB free" in full.value.what or " GB free" in full.value.what


def table(to: Path) -> None:
    VIDEOS.write([{"video_id": "1"}], to)


def pictures(to: Path) -> None:
    with io.BytesIO() as file:
        PICTURE.save(file, "JPEG")
        FRAMES.write([{"video_id": "1", "image": {"bytes": file.getvalue(), "path": "1.jpg"}}], to)


@pytest.mark.parametrize(
    "write",
    [
        lambda to: atomic_write(to, b"x" * 10_000),
        lambda to: write_json(to, {"a": "x"}),
        table,
        pictures,
    ],
    ids=["bytes", "json", "table", "pictures"],
)
def test_f37_an_output_that_does_not_fit_names_its_folder_and_leaves_nothing(write, tmp_path):
    (tmp_path / ".out.unfinished").symlink_to(FULL)
    with pytest.raises(NoSpace, match=rf"holds {tmp_path} is full"):
        write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_f37_a_folder_that_does_not_fit_leaves_the_one_before_it(tmp_path):
    with atomic_dir(tmp_path / "out") as folder:
        (folder / "a").write_text("before")

    def write_again() -> None:
        with atomic_dir(tmp_path / "out") as folder:
            (folder / "a").write_text("after")
            (folder / ".b.unfinished").symlink_to(FULL)
            with atomic_file(folder / "b") as file:
                file.write(b"x")

    with pytest.raises(NoSpace, match=rf"holds {tmp_path} is full"):
        write_again()
    assert [file.read_text() for file in tmp_path.rglob("a")] == ["before"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# --- the error, its folder and what is left alone -------------------------------------------------------------


def raised(error: Exception, *folders: Path) -> Exception:
    """What becomes of an error."""
    with pytest.raises((type(error), NoSpace)) as result, full_disk_as_no_space(*folders):
        raise error
    return result.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_f37_the_folder_in_the_error_is_named_and_of_two_files_the_second(number, tmp_path):
    error = OSError(number, "full", str(tmp_path / "from" / "a"), None, str(tmp_path / "to" / "b"))
    full = raised(error)
    assert isinstance(full, NoSpace)
    assert f"holds {tmp_path / 'to'} is full" in full.what


def test_f37_the_place_around_the_file_is_named_if_there_is_one(tmp_path):
    error = OSError(errno.ENOSPC, "full", str(tmp_path / "data" / "deep" / "a"))
    full = raised(error, tmp_path / "store", tmp_path / "data")
    assert f"holds {tmp_path / 'data'} is full" in full.what


def test_f37_without_a_file_the_fullest_disk_is_named(tmp_path, monkeypatch):
    with small_disk(tmp_path / "store", 5_000), small_disk(tmp_path / "data", 2_000):
        full = raised(OSError(errno.ENOSPC, "full"), tmp_path / "store", tmp_path / "data")
        assert f"holds {tmp_path / 'data'} is full, or a quota on it is spent: 2.0 MB free" in full.what
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "data"))
        full = raised(OSError(errno.ENOSPC, "full"), tmp_path / "store")
        assert f"holds {tmp_path / 'data'} is full, or a quota on it is spent: 2.0 MB free" in full.what
        (tmp_path / "store" / "more").mkdir()
        full = raised(
            OSError(errno.ENOSPC, "full"), tmp_path / "store", tmp_path / "store" / "more", tmp_path
        )
        assert f"holds {tmp_path / 'data'} is full" in full.what


def test_f37_a_full_disk_is_found_behind_the_errors_that_it_caused(tmp_path):
    error = BadInput("a file cannot be written", "stopped", "look")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert isinstance(raised(error, tmp_path), NoSpace)
    error = RuntimeError("a worker failed")
    error.__context__ = ValueError("No space left on device (os error 28)")
    assert isinstance(raised(error, tmp_path), NoSpace)
    error.__suppress_context__ = True
    assert raised(error, tmp_path) is error


@pytest.mark.parametrize(
    "error",
    [
        NotNow("the endpoint says: No space left on device", "asked again", "wait"),
        Unusable("undecodable"),
        OSError(errno.EACCES, "Permission denied"),
        ValueError("a bug"),
        sqlite3.OperationalError("disk I/O error"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_stay_what_they_are(error, tmp_path):
    assert raised(error, tmp_path) is error


def test_f37_on_a_disk_with_nothing_left_any_error_but_ours_is_that_of_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "free_bytes", lambda folder: 4096 if folder == tmp_path else 10**9)
    for error in (
        pl.exceptions.ComputeError("cannot write"),
        sqlite3.OperationalError("disk I/O error"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
    ):
        assert (
            f"holds {tmp_path} is full, or a quota on it is spent: 0.0 MB free"
            in raised(error, tmp_path).what
        )
    error = Unusable("undecodable")
    assert raised(error, tmp_path) is error


def test_sizes_are_in_megabytes_and_gigabytes():
    assert [in_words(size) for size in (0, 16_000_000, 999_900_000, 1_234_000_000, 2 * 10**12)] == [
        "0.0 MB",
        "16.0 MB",
        "999.9 MB",
        "1.2 GB",
        "2,000.0 GB",
    ]


def test_f37_a_question_needs_room_for_its_answer(tmp_path, monkeypatch):
    refuse_without_room(tmp_path)
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**18)
    with pytest.raises(NoSpace, match=rf"holds {tmp_path} has [\d,.]+ [MG]B free.* 1,000,000,000.0 GB"):
        refuse_without_room(tmp_path)


def test_a_file_system_that_does_not_say_its_size_is_not_taken_for_full(tmp_path):
    assert disk_space.free_bytes(Path("/proc")) > 10**18
    assert disk_space.free_bytes(tmp_path / "not" / "yet") == disk_space.free_bytes(tmp_path)


# --- the store on a disk that is really full ------------------------------------------------------------------


def answers() -> Iterator[tuple[Key, Answer]]:
    random = np.random.default_rng(3)
    for number in range(40):
        big = Blob.of_bytes(random.bytes(150_000 if number % 3 == 0 else 3_000))
        yield Key.of("describe", 1, {}, {"n": number}), Answer({"a": random.bytes(3_000).hex()}, {"b": big})


def fill(root: Path, kept: dict[str, str]) -> None:
    with Store(root) as store:
        for key, answer in answers():
            store.put(key, "v", answer)
            kept[key.digest] = answer.text


@pytest.mark.parametrize("kb", range(4, 1500, 100))
def test_f37_the_store_keeps_what_it_acknowledged_on_a_disk_of_any_size(kb, tmp_path):
    kept: dict[str, str] = {}
    with small_disk(tmp_path / "disk", kb) as disk:
        with pytest.raises(NoSpace, match=str(disk.folder)):
            fill(disk.folder / "store", kept)
        disk.resize(20_000)
        with Store(disk.folder / "store") as store:
            assert store.known(key.digest for key, _ in answers()) == kept.keys()
            for key, answer in answers():
                store.put(key, "v", answer)
            assert [store.get(key.digest).text for key, _ in answers()] == [a.text for _, a in answers()]
            assert list(store.verify()) == []
