"""Show all that the tables have of one video: facts, texts, frames, stance, counts, and why a part is missing."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from gettok.cli.arguments import given_id, refuse_no_file
from gettok.pipeline.video_lookup import frame_images, lookup
from gettok.report.display import label
from gettok.report.video_record import RecordSection, VideoRecord, page, sections, why_missing
from gettok.step import Row
from gettok.store.atomic_write import atomic_write

#: Columns of the terminal for the names of facts.
_NAMES = 24
_NARROWEST = 60


def as_json(record: VideoRecord) -> dict[str, Any]:
    """The record for scripts: the rows of each table, and why a row has no result, in words."""
    return {
        "video_id": record.video_id,
        "tables": {name: [_worded(row) for row in rows] for name, rows in record.tables.items()},
        "not_made": {name: f"dvc repro {stage}" for name, stage in record.not_made.items()},
        "human_labels": [asdict(given) for given in record.human_labels],
        "human_labels_trouble": record.human_labels_trouble,
        "left_out": record.left_out,
    }


def _worded(row: Row) -> Row:
    return {**row, "why": why} if (why := why_missing(row)) else row


def lines(record: VideoRecord, width: int) -> Iterator[str]:
    """For a terminal: each section's title, why it is missing, and its facts, wrapped."""
    yield typer.style(f"Video {record.video_id}", bold=True)
    for section in sections(record):
        yield ""
        yield typer.style(section.title, bold=True)
        yield from _section(section, max(width, _NARROWEST))


def _section(section: RecordSection, width: int) -> Iterator[str]:
    if section.missing:
        yield from _wrapped("", section.missing, width, names=0)
    names = min(_NAMES, max((len(name) for name, _ in section.facts), default=0))
    for name, text in section.facts:
        yield from _wrapped(label(name, _NAMES), text, width, names)


def _wrapped(name: str, text: str, width: int, names: int) -> Iterator[str]:
    # a stranger's text may hold control characters, which must not reach the terminal
    shown = (label(line, len(line)) for line in text.splitlines())
    indent = " " * (names + 4 if names else 2)
    first = f"  {name:<{names}}  " if names else indent
    for line in shown:
        yield _filled(line, width, first, indent)
        first = indent


def _filled(line: str, width: int, first: str, indent: str) -> str:
    """The words of a line on lines of the width; a link or digest stays whole, to be copied."""
    wrapper = textwrap.TextWrapper(
        width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.fill(line) or first.rstrip()


def write_page(record: VideoRecord, out: Path) -> None:
    """Write the page with the video's frames, completely or not at all."""
    refuse_no_file(out, "video.html")
    atomic_write(out, page(record, frame_images(record)).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    raise TypeError(f"{type(value)} cannot be written as JSON")


def command(
    video_id: Annotated[str, typer.Argument(help="The id of a video, or a link to it.")],
    html: Annotated[
        Path | None,
        typer.Option(help="Write one page with the video's frames to this file, instead of printing."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the rows of all tables as JSON, for scripts.")
    ] = False,
) -> None:
    record = lookup(given_id(video_id))
    if html is not None:
        write_page(record, html)
        typer.echo(f"{html} shows the video {record.video_id}", err=json_)
    if json_:
        typer.echo(json.dumps(as_json(record), default=_plain, ensure_ascii=False, indent=2))
    elif html is None:
        for line in lines(record, shutil.get_terminal_size().columns):
            typer.echo(line)
