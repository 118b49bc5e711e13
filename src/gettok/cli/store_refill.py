"""Put the answers of pulled tables back into the store, so that nothing in a dataset is asked for again."""

import json
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from gettok.download import CAPTIONS, files_digest, files_of, read_files
from gettok.errors import Damaged
from gettok.media.file import deletion
from gettok.pipeline.inputs import changed_captions
from gettok.pipeline.outputs import is_made, media_folder, output
from gettok.pipeline.refillable import ANSWER_TABLES, AnswerTable
from gettok.step import Answer, Blob, Row
from gettok.store import Key, Store
from gettok.tables import FRAMES, MEDIA, Table

#: The key, subject and answer of one entry.
_Found = tuple[str, str, Answer]


class Refilled(NamedTuple):
    """How many answers of a stage the tables hold, and how many of them the store lacked."""

    stage: str
    found: int
    new: int


def refill(store: Store) -> Iterator[Refilled]:
    """Store every answer in the tables under `data/`. The website's pages are in no table, so they are not restored."""
    for step, tables in groupby(ANSWER_TABLES, key=lambda held: held.step):
        yield _stored(store, step, chain.from_iterable(map(_answers, tables)))


def _answers(held: AnswerTable) -> Iterator[_Found]:
    if held.table is MEDIA:
        return _media()
    if held.table is FRAMES:
        return _frames(output(held.output))
    return _subjects(_rows(output(held.output) / held.folder, held.table), held.subject)


def _stored(store: Store, stage: str, answers: Iterator[_Found]) -> Refilled:
    found = new = 0
    for key, subject, answer in answers:
        found += 1
        if not store.known([key]):
            new += 1
            store.put(Key(stage, key), subject, answer)
    return Refilled(stage, found, new)


def _rows(path: Path, table: Table) -> Iterator[Row]:
    """The rows that have an answer, which may be one of several; none if the table was not pulled."""
    if path.exists():
        yield from (row for row in table.rows(path) if row["answer"] is not None)


def _subjects(rows: Iterator[Row], column: str) -> Iterator[_Found]:
    """Each answer once; the rows of one video, of which there may be many, are adjacent."""
    for _, (row, *_others) in groupby(rows, key=lambda row: row["answer_key"]):
        yield row["answer_key"], str(row[column]), Answer(json.loads(row["answer"]))


def _media() -> Iterator[_Found]:
    changed = changed_captions() if is_made("media.parquet") else []
    for row in _rows(output("media.parquet"), MEDIA):
        body = json.loads(row["answer"])
        try:
            blobs = read_files(media_folder(), row["video_id"], row["file"], body) if row["file"] else {}
        except FileNotFoundError:
            continue  # the table was pulled without this file
        answer = Answer(body, blobs)
        if row["file"] and files_digest(files_of(answer)) != row["sha256"]:
            raise _mismatch(media_folder() / row["file"], "the table")
        if (captions := blobs.get(CAPTIONS)) and captions.path in changed:
            raise _mismatch(captions.path, "dvc.lock")
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
            raise _mismatch(folder, "the table")
        yield key, frames[0]["video_id"], Answer(json.loads(frames[0]["answer"]), jpegs)


def _mismatch(path: Path, where: str) -> Damaged:
    return Damaged(
        f"{path} does not match its digest in {where}",
        "stopped; the answers refilled before it are kept, and this one is not stored",
        f"delete all links to it, `{deletion(str(path))}`; then run `dvc pull`, and `gettok store refill` again",
    )
