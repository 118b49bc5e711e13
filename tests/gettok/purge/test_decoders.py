"""A canary in each place and encoding is found, and not without the decoder that is for it."""

import base64
import gzip
import hashlib
import io
import json
import random
import sqlite3
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin

from gettok.collect.erased import Erased
from gettok.collect.tombstones import sha256
from gettok.purge import search
from gettok.purge.decoding import DECODERS
from gettok.purge.search import Found, TraceSearch, found_in
from gettok.purge.traces import Traces
from gettok.purge.words import windows

VIDEO = "7167989075250809649"
TEXT = "Mañana todos a la plaza, nadie se queda en su casa y el pueblo unido jamás será vencido"
USER = "ana"  # so short that it is looked for only where a file says that it is a username
FILLER = "Una frase que no es de nadie en especial y que solo llena la página. " * 40
FRAME = bytes(range(256)) * 40
TRACES = Traces(
    Erased(videos=frozenset({sha256(VIDEO)}), users=frozenset({sha256(USER)})),
    frozenset(windows(TEXT)),
    frozenset({hashlib.sha256(FRAME).hexdigest()}),
)


def parquet(column: pa.Array, name: str = "text", **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: column}), buffer, compression="zstd", **options)
    return buffer.getvalue()


def nested_parquet() -> bytes:
    segments = pa.array([[{"start": 0.5, "text": TEXT}], None, []] * 9)
    return parquet(segments, write_statistics=False)


def frame_parquet() -> bytes:
    image = pa.array([{"bytes": FRAME, "path": None}] * 3)
    return parquet(image, "image", write_statistics=False)


def names_parquet() -> bytes:
    return parquet(
        pa.array([USER.upper(), "other"]), "username", write_statistics=False, use_dictionary=False
    )


def packed_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<t>{FILLER}</t><t>{TEXT}</t>")
    return buffer.getvalue()


def png() -> bytes:
    notes, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    notes.add_text("Comment", f"{FILLER} {VIDEO}", zip=True)
    Image.new("RGB", (8, 8)).save(buffer, "png", pnginfo=notes)
    return buffer.getvalue()


def jpeg() -> bytes:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + TEXT.encode("utf-16-le")
    Image.new("RGB", (8, 8)).save(buffer, "jpeg", exif=exif)
    return buffer.getvalue()


def data_url() -> bytes:
    inner = gzip.compress(TEXT.encode())
    return json.dumps({"url": f"data:image/x;base64,{base64.b64encode(inner).decode()}"}).encode()


def queue_message() -> bytes:
    """As DVC's queue of experiments writes its messages."""
    body = json.dumps([[], {"name": f"data/media/{VIDEO}.mp4"}])
    return json.dumps({"body": base64.b64encode(body.encode()).decode(), "properties": {}}).encode()


def csv_file() -> bytes:
    return f"video_id,username\n1,other\n2,{USER}\n".encode()


#: By the decoder that is for it: bytes with a canary, its kind, and what is decoded to find it.
PACKED: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("parquet", nested_parquet, "text", "parquet"),
    ("parquet", frame_parquet, "file", "parquet"),
    ("parquet", names_parquet, "user", "parquet"),
    ("zlib", lambda: zlib.compress((FILLER + TEXT).encode(), 3), "text", "zlib"),
    ("gzip", lambda: gzip.compress((FILLER + VIDEO).encode()), "video", "gzip"),
    ("zip", packed_zip, "text", "zip"),
    ("picture", png, "video", "picture"),
    ("picture", jpeg, "text", "picture"),
    ("base64", data_url, "text", "base64 > gzip"),
    ("base64", queue_message, "video", "base64"),
    ("csv", csv_file, "user", "csv"),
]


@pytest.mark.parametrize(("decoder", "make", "kind", "inside"), PACKED)
def test_a_canary_is_found_by_its_decoder_and_by_no_other(decoder, make, kind, inside):
    content = make()
    assert {(found.kind, found.inside) for found in found_in(content, TRACES)} == {(kind, inside)}
    without = {name: each for name, each in DECODERS.items() if name != decoder}
    assert TraceSearch(TRACES, without).look(content) == ((), ())


def test_statistics_in_the_footer_of_parquet_are_read_as_they_stand():
    """What a writer leaves there is not compressed; the cells are."""
    content = parquet(pa.array([VIDEO] * 3))
    assert Found("video", sha256(VIDEO), "") in tuple(TraceSearch(TRACES, {}).look(content)[0])


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps({"prompt": f"Describe this: {TEXT}. Answer in JSON."}),
        json.dumps({"body": json.dumps({"messages": json.dumps([f"»{TEXT}«"])})}),
        f"<p class='caption'>{TEXT.replace('ñ', '&ntilde;').replace('á', '&#225;')}</p>",
        f"<html><p>{TEXT.replace('plaza', '<mark>pla</mark>za')}</p></html>",
        TEXT.upper().replace(" ", "\n  "),
        f'- "{TEXT.encode("unicode_escape").decode()}"',
        "https://example.org/?q=" + TEXT.replace(" ", "%20").replace("ñ", "%C3%B1"),
        unicodedata.normalize("NFD", TEXT),
        "".join(f"<span>{word}</span> " for word in TEXT.split()),
    ],
)
def test_a_text_inside_a_larger_one_is_found_whatever_its_escapes(text):
    assert {found.kind for found in found_in(text.encode(), TRACES)} == {"text"}


def test_a_text_across_the_border_of_two_chunks_is_found(monkeypatch):
    monkeypatch.setattr(search, "_CHUNK", 32 * 1024)
    for shift in range(0, 120, 10):
        start = b"x " * ((32 * 1024 - shift) // 2)
        assert {found.kind for found in found_in(start + TEXT.encode(), TRACES)} == {"text"}


def test_a_clean_file_of_each_kind_has_nothing():
    nothing = Traces(
        Erased(frozenset({sha256("7000000000000000001")}), users=frozenset({sha256("lis")})),
        frozenset(windows("Ninguna de estas palabras juntas se encuentra en parte alguna de los archivos")),
        frozenset({sha256("x")}),
    )
    for _, make, _, _ in PACKED:
        assert TraceSearch(nothing).look(make()) == ((), ()), make


@pytest.mark.parametrize(
    ("damaged", "inside"),
    [
        (lambda: nested_parquet()[:-20], "parquet"),
        (lambda: packed_zip()[:-30], "zip"),
        (lambda: gzip.compress(FILLER.encode())[:-12], "gzip"),
    ],
)
def test_what_cannot_be_decoded_is_said(damaged, inside):
    found, unread = TraceSearch(TRACES).look(damaged())
    assert (found, [each.inside for each in unread]) == ((), [inside])


def places(search: TraceSearch, content: Path | bytes) -> set[str]:
    """What had to be decoded to find the canary."""
    found, unread = search.look(content)
    assert unread == ()
    return {each.inside for each in found}


def filled(path, bodies: list[bytes], *, journal: str = "delete") -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA secure_delete=OFF")
    database.execute(f"PRAGMA journal_mode={journal}")
    database.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
    rows = [(sha256(str(number)), body) for number, body in enumerate(bodies)]
    database.executemany("INSERT INTO answers VALUES (?, ?)", rows)
    return database


def packed(text: str, noise: int = 0) -> bytes:
    """A body as the store has it; with noise it is longer than a page."""
    extra = base64.b64encode(random.Random(noise).randbytes(noise)).decode()
    return zlib.compress(json.dumps({"noise": extra, "text": text}).encode(), 3)


def test_a_row_in_sqlite_and_one_that_is_only_in_its_log_are_found(tmp_path):
    file = tmp_path / "answers.sqlite"
    without_pages = {name: each for name, each in DECODERS.items() if name != "sqlite pages"}
    database = filled(file, [packed(FILLER + TEXT)])
    database.close()
    assert places(TraceSearch(TRACES, without_pages), file) == {"sqlite > zlib"}
    assert places(TraceSearch(TRACES, without_pages), file.read_bytes()) == {"sqlite > zlib"}

    logged = tmp_path / "logged.sqlite"
    database = filled(logged, [packed(FILLER + TEXT)], journal="wal")
    assert places(TraceSearch(TRACES, without_pages), logged) == {"sqlite > zlib"}
    log = tmp_path / "logged.sqlite-wal"
    assert places(TraceSearch(TRACES), log) == {"sqlite log"}
    without_log = {name: each for name, each in DECODERS.items() if name != "sqlite log"}
    assert TraceSearch(TRACES, without_log).look(log) == ((), ())
    database.close()


def delete(database: sqlite3.Connection, *numbers: int) -> None:
    for number in numbers:
        database.execute("DELETE FROM answers WHERE key = ?", (sha256(str(number)),))


@pytest.mark.parametrize("noise", [0, 20_000])
def test_a_deleted_row_is_found_in_free_pages_and_slack_until_the_file_is_rebuilt(tmp_path, noise):
    file = tmp_path / "answers.sqlite"
    bodies = [packed(FILLER, number * 200) for number in range(1, 40)]
    database = filled(file, [*bodies, packed(FILLER + TEXT, noise)])
    delete(database, 38, 39)  # the first free page has a list of the others where its beginning was
    live = {name: each for name, each in DECODERS.items() if name != "sqlite pages"}
    assert places(TraceSearch(TRACES, live), file) == set()
    assert places(TraceSearch(TRACES), file) == {"sqlite pages"}
    database.execute("VACUUM")
    database.close()
    assert places(TraceSearch(TRACES), file) == set()


def test_a_deleted_picture_is_found_in_free_pages(tmp_path):
    buffer = io.BytesIO()
    Image.effect_noise((96, 96), 90).convert("RGB").save(buffer, "jpeg", quality=90)
    picture = buffer.getvalue()
    assert len(picture) > 4096, "it goes on in another page"
    traces = Traces(TRACES.erased, files=frozenset({hashlib.sha256(picture).hexdigest()}))
    file = tmp_path / "answers.sqlite"
    database = filled(file, [b"x" * 9000, picture, b"y" * 900])
    assert places(TraceSearch(traces, {"sqlite": DECODERS["sqlite"]}), file) == {"sqlite"}
    delete(database, 0, 1)
    database.close()
    assert places(TraceSearch(traces), file) == {"sqlite pages"}
