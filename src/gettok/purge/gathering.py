"""Finds by which texts and files an erased person is known, before anything is deleted.

A **record** is a row of a table, an object in JSON, or a stored answer that has the id of a video or of a comment, or a
username. The texts and files of the records of what is erased are its traces. Those that a record of others has as well
are not: a common text, the same medium, a sentence of the model. Nor are those of settings: prompts, and instructions
that are injected. Usernames that texts of others have are noted.
"""

import csv
import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from gettok.collect.erased import Erased
from gettok.collect.tombstones import sha256
from gettok.purge.matching import ID, NAME_FIELDS, Matcher
from gettok.purge.traces import NO_TRACES, Traces
from gettok.purge.words import windows

#: Members and columns that say what a record is about. A reply's parent and a variant's video are others.
_ABOUT = ("video_id", "comment_id", "id", "item_id", "subject")
_USER = frozenset({"username", "unique_id", "uniqueid"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Contents of fewer bytes are common.
_LEAST_FILE = 64
_EMPTY = hashlib.sha256(b"").hexdigest()
_BATCH_ROWS = 256
_MOST_JSON = 64 * 1024 * 1024


class _Leaf(NamedTuple):
    """A value of a record: whether the record is of what is erased, the name of its column or member, and the value."""

    is_erased: bool
    name: str
    value: str | bytes


def gather(
    erased: Erased, places: Iterable[Path], settings: Iterable[Path] = (), saved: Traces = NO_TRACES
) -> Traces:
    """The traces of what is erased, from all files in some places, with those that were saved before.

    The places are folders and files: the workspace's data, the answer store, DVC's cache. They are read twice: what
    belongs to others can only be compared once everything of the erased is known. `settings` are the places of
    settings, of now and of earlier runs: `params.yaml`, `dvc.lock`, DVC's run cache.
    """
    files = sorted({file for place in places for file in _files(place)})
    texts, digests = set(saved.texts), set(saved.files)
    for leaf in _leaves(files, erased):
        if leaf.is_erased:
            texts.update(windows(leaf.value) if isinstance(leaf.value, str) else ())
            digests.update(_digests(leaf))
    found = Traces(erased, frozenset(texts), frozenset(digests)) | saved
    common = (_Leaf(False, "", _text(file)) for place in settings for file in _files(place))
    shared, mentioned = _of_others(chain(_leaves(files, erased), common), found)
    return found | Traces(shared=frozenset(shared), mentioned=frozenset(mentioned))


def _of_others(leaves: Iterable[_Leaf], found: Traces) -> tuple[set[str], set[str]]:
    """Which texts, files and usernames are in records of others, too."""
    matcher = Matcher(found)
    shared: set[str] = set()
    mentioned: set[str] = set()
    for leaf in leaves:
        if leaf.is_erased:
            continue
        shared.update(found.files.intersection(_digests(leaf)))
        if isinstance(leaf.value, str) and leaf.name not in NAME_FIELDS:
            hits = matcher.in_text(leaf.value)
            shared.update(hit.digest for hit in hits if hit.kind == "text")
            mentioned.update(hit.digest for hit in hits if hit.kind == "user")
    return shared, mentioned


def _digests(leaf: _Leaf) -> Iterator[str]:
    if isinstance(leaf.value, bytes):
        if len(leaf.value) >= _LEAST_FILE:
            yield hashlib.sha256(leaf.value).hexdigest()
    elif _SHA256.fullmatch(leaf.value) and leaf.value != _EMPTY:
        yield leaf.value


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    yield from (file for file in place.rglob("*") if file.is_file() and not file.is_symlink())


def _text(file: Path) -> str:
    return file.read_text("utf-8", "replace")


def _leaves(files: Iterable[Path], erased: Erased) -> Iterator[_Leaf]:
    """The values of every record in some files; what cannot be read as a table or JSON has none."""
    for file in files:
        with suppress(OSError, ValueError, csv.Error, pa.ArrowException, sqlite3.Error, RecursionError):
            yield from _of_file(file, erased)


def _of_file(file: Path, erased: Erased) -> Iterator[_Leaf]:
    with file.open("rb") as opened:
        head = opened.read(4096)
    if head.startswith(b"PAR1"):
        yield from _of_parquet(file, erased)
    elif head.startswith(b"SQLite format 3\0"):
        yield from _of_answers(file, erased)
    elif head.lstrip()[:1] in (b"{", b"[") and file.stat().st_size <= _MOST_JSON:
        yield from _of_json(file.read_text("utf-8"), erased)
    elif any(name.encode() in head.split(b"\n", 1)[0] for name in ("video_id", "comment_id", "username")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                yield from _of_value(row, erased, None, "")


def _of_parquet(file: Path, erased: Erased) -> Iterator[_Leaf]:
    with pq.ParquetFile(file) as opened:
        if any(name in opened.schema_arrow.names for name in (*_ABOUT, *_USER)):
            for batch in opened.iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    yield from _of_value(row, erased, None, "")


def _of_answers(file: Path, erased: Erased) -> Iterator[_Leaf]:
    """Answers about a video, with their blobs, and the records in the others, which are pages."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
        for subject, body, blobs in database.execute("SELECT subject, body, blobs FROM answers"):
            with suppress(zlib.error, ValueError, RecursionError):
                answer = {
                    "subject": subject,
                    "blobs": json.loads(blobs),
                    "body": zlib.decompress(body).decode(),
                }
                yield from _of_value(answer, erased, None, "")


def _of_json(text: str, erased: Erased) -> Iterator[_Leaf]:
    try:
        yield from _of_value(json.loads(text), erased, None, "")
    except json.JSONDecodeError:
        for line in text.splitlines():
            yield from _of_value(json.loads(line), erased, None, "")


def _of_value(value: Any, erased: Erased, is_erased: bool | None, name: str) -> Iterator[_Leaf]:
    """The leaves of a value, by the record that they stand in; those that stand in none are left out."""
    if isinstance(value, dict):
        of_record = _is_erased(value, erased)
        # what is in a record of the erased is theirs, whatever else it is about
        is_erased = is_erased or (is_erased if of_record is None else of_record)
        for member, part in value.items():
            yield from _of_value(part, erased, is_erased, str(member).lower())
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _of_value(part, erased, is_erased, name)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except ValueError:
            inner = None
        if isinstance(inner, dict | list):
            yield from _of_value(inner, erased, is_erased, name)
        elif is_erased is not None:
            yield _Leaf(is_erased, name, value)
    elif isinstance(value, str | bytes) and value and is_erased is not None:
        yield _Leaf(is_erased, name, value)


def _is_erased(record: Mapping[str, Any], erased: Erased) -> bool | None:
    """Whether a record is of what is erased; None if it is not a record."""
    ids = {number for name in _ABOUT for number in ID.findall(str(record.get(name) or ""))}
    names = {str(value) for name, value in record.items() if str(name).lower() in _USER and value}
    if not ids and not names:
        return None
    digests = {sha256(number) for number in ids}
    is_listed = not (digests.isdisjoint(erased.videos) and digests.isdisjoint(erased.comments))
    # of the answer with a profile, and of a row under a pseudonym, whose digits may look like an id
    names.update(str(record.get(name) or "") for name in _ABOUT)
    return is_listed or any(map(erased.has_user, names))
