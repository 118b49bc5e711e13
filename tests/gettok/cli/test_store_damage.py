"""What is damaged under `data/` is named with every answer that may have been made from it."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gettok.cli.store_damage import damaged_inputs
from gettok.step import Answer
from gettok.store import Key, Store
from gettok.tables import FRAMES, MEDIA, VIDEOS

STAGES = ("download", "extract_frames", "transcribe", "ocr", "describe", "annotate")
FILM, JPEG = b"a film, as far as anybody looks", b"a picture"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A video with an answer of every stage, and one without any; their files and frames are whole."""
    monkeypatch.chdir(tmp_path)
    at, day = datetime(2022, 12, 7, tzinfo=UTC), "2022-12-07.parquet"
    film, shown = (hashlib.sha256(content).hexdigest() for content in (FILM, JPEG))
    ids = ("71", "72")
    media = [{"video_id": name, "file": f"{name}.mp4", "sha256": film} for name in ids]
    image = {"frame_index": 0, "sha256": shown, "image": {"bytes": JPEG, "path": None}}
    VIDEOS.write([{"video_id": name, "created_at": at} for name in ids], Path("data/videos", day))
    MEDIA.write(media, Path("data/media.parquet"))
    FRAMES.write([{"video_id": name, **image} for name in ids], Path("data/frames", day))
    Path("data/media").mkdir()
    for name in ids:
        Path("data/media", f"{name}.mp4").write_bytes(FILM)
    with Store(tmp_path / "store") as store:
        for stage in STAGES:
            store.put(Key.of(stage, 1, {}, {"video_id": "71"}), "71", Answer({"any": "answer"}))
        yield store


def named(store: Store) -> tuple[list[str], str]:
    """The stages of the answers that are named, and the command that deletes these."""
    (damaged,) = damaged_inputs()
    *lines, last = damaged.report(store).split("\n  ")
    answers = [line.split()[-3:] for line in lines if line.startswith("may have been made from it: ")]
    assert {subject for _, subject, _ in answers} == {"71"}
    return sorted(stage for stage, *_ in answers), last


def test_a_film_may_have_given_frames_and_words_and_what_was_made_from_these(store):
    assert list(damaged_inputs()) == []
    Path("data/media/71.mp4").write_bytes(FILM[::-1])
    stages, last = named(store)
    assert stages == sorted(STAGES[1:])
    assert {f"--stage {stage}" in last for stage in STAGES[1:]} == {True}
    assert "--stage download" not in last


def test_a_frame_may_have_given_texts_on_the_screen_descriptions_and_annotations(store):
    table = Path("data/frames/2022-12-07.parquet")
    rows = FRAMES.read(table).to_dicts()
    rows[0]["image"] = {"bytes": b"another", "path": None}
    FRAMES.write(rows, table)
    stages, last = named(store)
    assert stages == ["annotate", "describe", "ocr"]
    assert {f"--stage {stage}" in last for stage in stages} == {True}
