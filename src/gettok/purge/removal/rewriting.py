"""Files without what is erased: tables without its rows, JSON without the elements that name it.

These rules know what is about an erased video, comment or user; the caller searches what they give, and keeps nothing
in which a trace is left. A file of a kind that has no rule is not rewritten.
"""

import csv
import json
from collections.abc import Iterator
from io import BytesIO, StringIO

import polars as pl

from gettok.collect.people import COMMENTS, USERS
from gettok.collect.search import StoredPage
from gettok.http.json_guards import to_mapping
from gettok.purge.removal.names import ErasedNames
from gettok.research_api import Page
from gettok.step import Answer, Json, canonical
from gettok.tables.image_columns import images_in, write_images

#: Columns with the name of a user whose row it is.
_USER_COLUMNS = frozenset({"username", "subject"})
#: A column with other ids than those that a row is about: a reply stays when the comment that it answers goes.
_OTHER_IDS = frozenset({"parent_comment_id"})
#: JSON of what was set aside: it is about nothing but what it names.
_SET_ASIDE = frozenset({"content"})
_MENTIONS = "mentions"
_PAGE_COLUMNS = frozenset({"endpoint", "cursor", "answer"})
_GROUP_ROWS = 100_000


def rewritten(content: bytes, name: str, names: ErasedNames) -> bytes | None:
    """A file's bytes without what is erased; None if there is no rule for files of this kind, or nothing would be left.

    Raises `ValueError` for a file that is not of the kind that its name says.
    """
    if name.endswith(".parquet"):
        return _table(content, names)
    if name.endswith(".csv"):
        return _csv(content, names)
    if name.endswith(".jsonl"):
        return _lines(content, names)
    return _json(content, names) if name.endswith(".json") else None


def page_without(body: Json, names: ErasedNames) -> Json:
    """A stored page without what is erased: the same if it names nothing of it, None if it is about nothing else."""
    page = Page.from_json(body)
    asked = to_mapping(page.request.get("body"))
    endpoint = str(page.request.get("path"))
    about_video = COMMENTS in endpoint and names.is_cell(str(asked.get("video_id")))
    about_user = USERS in endpoint and names.is_user(str(asked.get("username")))
    if about_video or about_user:
        return None
    stored = StoredPage("", "", 0, 0, "", Answer(body), page)
    without = names.erased.page(stored)
    return body if without is stored else without.page.to_json()


def is_page(body: Json) -> bool:
    """Whether the body of an answer is a page of the Research API."""
    return isinstance(body, dict) and body.keys() >= {"request", "status", "headers", "observed_at", "text"}


def _table(content: bytes, names: ErasedNames) -> bytes:
    try:
        frame = pl.read_parquet(BytesIO(content))
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error
    rows = frame.filter(~_about(frame, names)).with_columns(_cells(frame, names))
    if set(frame.columns) >= _PAGE_COLUMNS:
        rows = _pages(rows, names)
    file = BytesIO()
    if images_in(frame.schema):
        write_images(iter([rows]), frame.schema, file)
    else:
        rows.write_parquet(file, compression="zstd", statistics=True, row_group_size=_GROUP_ROWS)
    return file.getvalue()


def _about(frame: pl.DataFrame, names: ErasedNames) -> pl.Series:
    """Whether each row is about something erased."""
    found = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    for column in _texts(frame):
        if column not in _OTHER_IDS:
            found |= _each(frame[column], names.is_cell)
        if column in _USER_COLUMNS:
            found |= _each(frame[column], names.is_user)
        if column in _SET_ASIDE:
            found |= _each(frame[column], names.has_id)
    return found


def _cells(frame: pl.DataFrame, names: ErasedNames) -> Iterator[pl.Expr]:
    """The cells of rows about something else, without what they name."""
    for column in _texts(frame):
        if column in _OTHER_IDS:
            yield (
                pl.when(_mapped(column, names.is_cell, pl.Boolean))
                .then(None)
                .otherwise(pl.col(column))
                .alias(column)
            )
        elif column not in _PAGE_COLUMNS and _each(frame[column], names.has_id).any():
            yield _mapped(column, names.without_ids, pl.String)
    if frame.schema.get(_MENTIONS) == pl.List(pl.String):
        is_other = ~pl.element().map_elements(names.is_user, return_dtype=pl.Boolean)
        yield pl.col(_MENTIONS).list.eval(pl.element().filter(is_other))


def _pages(rows: pl.DataFrame, names: ErasedNames) -> pl.DataFrame:
    def without(text: str) -> str | None:
        body = json.loads(text)
        left = page_without(body, names) if is_page(body) else body
        return None if left is None else text if left == body else canonical(left)

    return rows.with_columns(_mapped("answer", without, pl.String)).drop_nulls("answer")


def _texts(frame: pl.DataFrame) -> list[str]:
    return [name for name, kind in frame.schema.items() if kind == pl.String]


def _each(cells: pl.Series, test: object) -> pl.Series:
    return cells.map_elements(test, return_dtype=pl.Boolean, skip_nulls=True).fill_null(value=False)  # type: ignore[arg-type]


def _mapped(column: str, change: object, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(column).map_elements(change, return_dtype=kind, skip_nulls=True)  # type: ignore[arg-type]


def _csv(content: bytes, names: ErasedNames) -> bytes:
    reader = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        header, *rows = list(reader) or [[]]
    except csv.Error as error:
        raise ValueError(str(error)) from error
    users = {place for place, name in enumerate(header) if name in _USER_COLUMNS}
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        about = any(
            names.is_cell(cell) or (place in users and names.is_user(cell)) for place, cell in enumerate(row)
        )
        if not about:
            writer.writerow(map(names.without_ids, row))
    return text.getvalue().encode()


def _lines(content: bytes, names: ErasedNames) -> bytes:
    lines = content.decode().splitlines(keepends=True)
    return "".join(line for line in lines if not names.has_id(line)).encode()


def _json(content: bytes, names: ErasedNames) -> bytes | None:
    document = json.loads(content)
    left = _without(document, names)
    if left is None:
        return None
    return content if left == document else (json.dumps(left, indent=2, ensure_ascii=False) + "\n").encode()


def _without(value: Json, names: ErasedNames) -> Json:
    """A value without the members that name something erased themselves; None if it does so itself."""
    if isinstance(value, str | int):
        return None if names.has_id(str(value)) else value
    if isinstance(value, list):
        left = [_without(member, names) for member in value]
        return [new for new, old in zip(left, value, strict=True) if new is not None or old is None]
    if not isinstance(value, dict):
        return value
    members = {name: member for name, member in value.items() if not names.has_id(name)}
    if any(isinstance(member, str | int) and names.has_id(str(member)) for member in members.values()):
        return None
    found = {name: _without(member, names) for name, member in members.items()}
    return {name: new for name, new in found.items() if new is not None or members[name] is None}
