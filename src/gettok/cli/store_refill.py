"""Bring the answers in pulled tables back into the store, so that nobody asks again for what a dataset holds."""

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

_Found = tuple[str, str, Answer]


class Refilled(NamedTuple):
    """How many answers of a stage the tables hold, and how many of them the store lacked."""

    stage: str
    found: int
    new: int


def refill(store: Store, data: Path) -> Iterator[Refilled]:
    """Store every answer that the tables under `data` carry. A page of TikTok's site is in no table, and stays out."""
    yield _kept(store, "collect", _subjects(_rows(data / "windows.parquet", WINDOWS), "start"))
    for kind in ("videos", "comments", "users"):
        yield _kept(store, "collect", _subjects(_rows(data / "pages" / kind, PAGES), "subject"))
    yield _kept(store, "download", _media(data))
    yield _kept(store, "extract_frames", _frames(data / "frames"))
    tables = {
        "transcribe": TRANSCRIPTS,
        "ocr": SCREEN_TEXTS,
        "describe": DESCRIPTIONS,
    }
    for stage, table in tables.items():
        yield _kept(store, stage, _subjects(_rows(data / table.name, table), "video_id"))
    judged = chain(
        _rows(data / "stances", STANCES), _rows(data / "prompt_injection.parquet", PROMPT_INJECTION)
    )
    yield _kept(store, "detect_stance", _subjects(judged, "video_id"))


def _kept(store: Store, stage: str, answers: Iterator[_Found]) -> Refilled:
    found = new = 0
    for key, subject, answer in answers:
        found += 1
        if not store.known([key]):
            new += 1
            store.put(Key(stage, key), subject, answer)
    return Refilled(stage, found, new)


def _rows(path: Path, table: Table) -> Iterator[Row]:
    """The rows that carry an answer; none of a table that was not pulled."""
    if path.exists():
        yield from (row for row in table.rows(path) if row["answer_key"] is not None)


def _subjects(rows: Iterator[Row], column: str) -> Iterator[_Found]:
    """Each answer once; the rows of one video, of which there may be many, stand together."""
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
            raise _other(data / "media" / row["file"])
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
            raise _other(folder)
        yield key, frames[0]["video_id"], Answer(json.loads(frames[0]["answer"]), jpegs)


def _other(path: Path) -> Damaged:
    return Damaged(
        f"{path} is not what its table says it is",
        "stopped; what was refilled before is kept, and what does not match never gets into the store",
        "`dvc pull` it again, or delete it: then it is asked for anew",
    )
