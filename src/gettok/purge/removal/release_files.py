"""A release folder without what is erased: its tables, and all that describes them.

What a release says of itself stays true where it can be known: its checksums, the digests in its metadata, the numbers
in its books and its version. Its documents describe the version before; a note says so.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.errors import counted
from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.rewriting import rewritten
from gettok.release.workbook import write_workbook
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.store.blobs import file_digest
from gettok.tables.dataset import DATASET
from gettok.tables.spreadsheet import write_csv
from gettok.tables.table import Column, Table
from gettok.verification.books_check import BOOKS
from gettok.verification.checksums import CHECKSUMS, files_below
from gettok.verification.form_check import PROVENANCE

NOTE = "ERASED.md"
_DATASET = f"{DATASET.name}.parquet"
_COPIES = (f"{DATASET.name}.csv", f"{DATASET.name}.xlsx")
_CITATION = "CITATION.cff"
#: Which have the digests of the files before them, and of each other in this order.
_METADATA = ("croissant.json", "datapackage.json", "ro-crate-metadata.json")
_VERSION = re.compile(r'(?m)^version: "?[^"\n]*"?$')
#: The dataset itself in an RO-Crate, which names software with versions, too.
_ROOT = "./"
_SIZES = ("bytes", "contentSize")


def is_release(files: Collection[str]) -> bool:
    """Whether these are the files of a release."""
    return CHECKSUMS in files and _DATASET in files


def amend_release(
    folder: Path, names: ErasedNames, has_trace: Callable[[Path | bytes], bool], *, successor: str, of: str
) -> list[str]:
    """Take what is erased out of a release; returns the files that are left out since no rule could."""
    before = {name: file_digest(path) for name, path in files_below(folder).items()}
    videos = _rows(folder)
    left_out = [name for name in before if not _amend(folder / name, name, names, has_trace)]
    gone = videos - _rows(folder)
    left_out = [name for name in left_out if not _copied(folder, name)]
    _count(folder, gone)
    _say(folder, successor.rpartition("@v")[2], of, gone, left_out)
    _describe(folder, before, left_out, successor.rpartition("@v")[2])
    digests = {name: file_digest(path) for name, path in files_below(folder).items() if name != CHECKSUMS}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    (folder / CHECKSUMS).write_text("".join(lines), "utf-8")
    return left_out


def _rows(folder: Path) -> int:
    rows = pl.scan_parquet(folder / _DATASET).select(pl.len()).collect()
    return int(rows.item())


def _amend(path: Path, name: str, names: ErasedNames, has_trace: Callable[[Path | bytes], bool]) -> bool:
    """Whether the file is without traces now. One that cannot be is deleted."""
    if not has_trace(path) and not (name.endswith(".parquet") or name in _COPIES):
        return True
    try:
        content = rewritten(path.read_bytes(), name, names) if name not in _COPIES else None
    except ValueError:
        content = None
    if content is None or has_trace(content):
        path.unlink()
        return False
    if not _is_same_table(path, content):
        path.write_bytes(content)
    return True


def _is_same_table(path: Path, content: bytes) -> bool:
    """Whether a table is as before: then its bytes stay, too, whatever wrote them."""
    return path.suffix == ".parquet" and pl.read_parquet(path).equals(pl.read_parquet(BytesIO(content)))


def _copied(folder: Path, name: str) -> bool:
    """Make a copy of the dataset in another format again, if the file is one."""
    if name not in _COPIES:
        return False
    rows = pl.read_parquet(folder / _DATASET)
    if name.endswith(".csv"):
        write_csv(rows, folder / name)
        return True
    known = {column.name: column.sentence for column in DATASET.columns}
    columns = tuple(Column(column, kind, known.get(column, "")) for column, kind in rows.schema.items())
    return write_workbook(Table(DATASET.name, "", columns), rows.height, [rows], folder / name).is_written


def _count(folder: Path, gone: int) -> None:
    """The books count the videos that went among those withdrawn."""
    if gone and (folder / BOOKS).is_file():
        books = json.loads((folder / BOOKS).read_bytes())
        counts = {"withdrawn": books["withdrawn"] + gone, "released": books["released"] - gone}
        write_json(folder / BOOKS, books | counts)


def _say(folder: Path, version: str, of: str, gone: int, left_out: Collection[str]) -> None:
    lines = [
        f"# Version {version}",
        "",
        f"This version is {of} without what people asked to be erased, among it {counted(gone, 'video')}.",
        "",
        "The tables, checksums, digests and books are those of this version.",
        f"README, datasheet, methods and the rest of the metadata describe {of}, and count what was erased.",
    ]
    if left_out:
        lines += ["", f"Left out, as it could not be written again: {', '.join(left_out)}."]
    (folder / NOTE).write_text("\n".join(lines) + "\n", "utf-8")
    if (folder / PROVENANCE).is_file():
        provenance = json.loads((folder / PROVENANCE).read_bytes())
        write_json(folder / PROVENANCE, provenance | {"succeeds": of})


def _describe(folder: Path, before: Mapping[str, str], left_out: Collection[str], version: str) -> None:
    """Bring the version, the digests and the sizes in the metadata up to date."""
    citation = folder / _CITATION
    if citation.is_file():
        citation.write_text(_VERSION.sub(f'version: "{version}"', citation.read_text("utf-8")), "utf-8")
    for name in _METADATA:
        if (folder / name).is_file():
            there = files_below(folder)
            new = {before[file]: path for file, path in there.items() if file in before}
            content = json.loads((folder / name).read_bytes())
            for about in (content, *content.get("@graph", ())):
                if "version" in about and about.get("@id", _ROOT) == _ROOT:
                    about["version"] = version
            write_json(folder / name, _updated(content, new, set(left_out)))


def _updated(value: Json, new: Mapping[str, Path], left_out: set[str]) -> Json:
    """A document with the digests and sizes of the files as they are now, without those that are left out."""
    if isinstance(value, list):
        return [_updated(member, new, left_out) for member in value if not _is_of(member, left_out)]
    if not isinstance(value, dict):
        return value
    changed = {name: _updated(member, new, left_out) for name, member in value.items()}
    for name, member in value.items():
        digest = member.removeprefix("sha256:") if isinstance(member, str) else ""
        if file := new.get(digest):
            changed[name] = member.replace(digest, file_digest(file))
            changed |= {size: _like(value[size], file) for size in _SIZES if size in value}
    return changed


def _is_of(member: Json, left_out: set[str]) -> bool:
    return isinstance(member, dict) and any(member.get(key) in left_out for key in ("@id", "path"))


def _like(size: Json, file: Path) -> Json:
    """A file's size in the form that the document has it in."""
    bytes_now = file.stat().st_size
    return re.sub(r"[0-9]+", str(bytes_now), size) if isinstance(size, str) else bytes_now
