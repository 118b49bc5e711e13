"""Put the answers of pulled tables back into the store, so that nothing in a dataset is asked for again."""

import json
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from gettok.download import files_digest, files_of, read_files
from gettok.errors import Damaged
from gettok.step import Answer, Blob, Row
from gettok.store import Key, Store
from gettok.tables import (
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAGES,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    STANCES,
    TRANSCRIPTS,
    WINDOWS,
    Table,
)

#: The key, subject and answer of one entry.
_Found = tuple[str, str, Answer]


class Refilled(NamedTuple):
    """How many answers of a stage the tables hold, and how many of them the store lacked."""

    stage: str
    found: int
    new: int


def refill(store: Store, data: Path) -> Iterator[Refilled]:
    """Store every answer in the tables under `data`. The website's pages are in no table, so they are not restored."""
    yield _stored(store, "collect", _subjects(_rows(data / "windows.parquet", WINDOWS), "start"))
    for kind in ("videos", "refreshed", "comments", "users"):
        yield _stored(store, "collect", _subjects(_rows(data / "pages" / kind, PAGES), "subject"))
    yield _stored(store, "download", _media(data))
    yield _stored(store, "extract_frames", _frames(data / "frames"))
    tables = {
        "transcribe": TRANSCRIPTS,
        "ocr": SCREEN_TEXTS,
        "describe": DESCRIPTIONS,
    }
    for stage, table in tables.items():
        yield _stored(store, stage, _subjects(_rows(data / table.name, table), "video_id"))
    judged = chain(
        _rows(data / "stances", STANCES), _rows(data / "prompt_injection.parquet", PROMPT_INJECTION)
    )
    yield _stored(store, "detect_stance", _subjects(judged, "video_id"))


def _stored(store: Store, stage: str, answers: Iterator[_Found]) -> Refilled:
    found = new = 0
    for key, subject, answer in answers:
        found += 1
        if not store.known([key]):
            new += 1
            store.put(Key(stage, key), subject, answer)
    return Refilled(stage, found, new)


def _rows(path: Path, table: Table) -> Iterator[Row]:
    """The rows that have an answer; none if the table was not pulled."""
    if path.exists():
        yield from (row for row in table.rows(path) if row["answer_key"] is not None)


def _subjects(rows: Iterator[Row], column: str) -> Iterator[_Found]:
    """Each answer once; the rows of one video, of which there may be many, are adjacent."""
    for _, (row, *_others) in groupby(rows, key=lambda row: row["answer_key"]):
        yield row["answer_key"], str(row[column]), Answer(json.loads(row["answer"]))


def _media(data: Path) -> Iterator[_Found]:
    for row in _rows(data / "media.parquet", MEDIA):
        body = json.loads(row["answer"])
        try:
            blobs = read_files(data / "media", row["video_id"], row["file"], body) if row["file"] else {}
        except FileNotFoundError:
            continue  # the table was pulled without this file
        answer = Answer(body, blobs)
        if row["file"] and files_digest(files_of(answer)) != row["sha256"]:
            raise _mismatch(data / "media" / row["file"])
        yield row["answer_key"], row["video_id"], answer


def _frames(folder: Path) -> Iterator[_Found]:
    for key, rows in groupby(_rows(folder, FRAMES), key=lambda row: row["answer_key"]):
        frames = list(rows)
        jpegs = {
            str(row["frame_index"]): Blob.of_bytes(row["image"]["bytes"])
            for row in frames
            if row["sha256"] is not None
        }
        if [blob.digest for blob in jpegs.values()] != [row["sha256"] for row in frames if row["sha256"]]:
            raise _mismatch(folder)
        yield key, frames[0]["video_id"], Answer(json.loads(frames[0]["answer"]), jpegs)


def _mismatch(path: Path) -> Damaged:
    return Damaged(
        f"{path} does not match its digest in the table",
        "stopped; the answers refilled before it are kept, and this one is not stored",
        "run `dvc pull` for it again, or delete it: then it is asked for again",
    )
