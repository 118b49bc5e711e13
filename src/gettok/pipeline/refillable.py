"""Answers that the tables under `data/` hold and the store lacks, as after a pull; `store refill` gets them back.

DVC deletes a stage's outputs before it runs the stage, so a table that is gone is looked for in DVC's cache too.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gettok.errors import Stop, counted
from gettok.pipeline.outputs import (
    cached_files,
    media_folder,
    output,
    refuse_damaged_copies,
    unchecked_output,
)
from gettok.store import Store
from gettok.tables import (
    ANNOTATIONS,
    CASCADE,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAGES,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    TRANSCRIPTS,
    WINDOWS,
    Table,
)


class AnswerTable(NamedTuple):
    """A table with answers: the step whose answers they are, the table, its place, and the column with the subject."""

    step: str
    table: Table
    #: The output of DVC's that it is in, and its folder there, if it is not the whole output.
    output: str
    folder: str = ""
    subject: str = "video_id"


#: Every table that answers can be read back from, in the order of the pipeline.
ANSWER_TABLES = (
    AnswerTable("collect", WINDOWS, "windows.parquet", subject="start"),
    *(
        AnswerTable("collect", PAGES, "pages", kind, "subject")
        for kind in ("videos", "refreshed", "comments", "users")
    ),
    AnswerTable("download", MEDIA, "media.parquet"),
    AnswerTable("extract_frames", FRAMES, "frames"),
    AnswerTable("transcribe", TRANSCRIPTS, "transcripts"),
    AnswerTable("ocr", SCREEN_TEXTS, "screen_texts"),
    AnswerTable("describe", DESCRIPTIONS, "descriptions"),
    AnswerTable("annotate", ANNOTATIONS, "annotations"),
    AnswerTable("annotate", CASCADE, "cascade"),
    AnswerTable("annotate", PROMPT_INJECTION, "prompt_injection.parquet"),
)
#: The steps of a stage that has more than the one of its own name.
_STEPS = {"describe": ("describe", "ocr")}


def missing_answers(
    store: Store, steps: Collection[str] | None = None, *, in_cache: bool = False
) -> Mapping[str, int]:
    """How many answers the tables hold and the store lacks, by step; a step that lacks none is not named.

    `steps` are all of them, unless named. With `in_cache`, DVC's copy is read of a table that is not in `data/`. Only
    the keys are read. The tables of a step that lacks answers are compared: raises `Damaged` or `BadInput`, since a
    changed key looks like an answer that is missing.
    """
    keys: dict[str, set[str]] = {}
    for held in ANSWER_TABLES:
        if steps is None or held.step in steps:
            keys.setdefault(held.step, set()).update(_keys(held, in_cache=in_cache))
    missing = {step: len(found) - len(store.known(found)) for step, found in keys.items()}
    for held in ANSWER_TABLES:
        if missing.get(held.step):
            _compare(held, in_cache=in_cache)
    return {step: count for step, count in missing.items() if count}


def refill_hint(store: Store) -> str | None:
    """The line that says what the tables hold and the store lacks, or what is damaged; None if it lacks nothing."""
    return _hint(partial(missing_answers, store), "run `gettok store refill` first")


def refill_hint_for(stage: str, store: Store) -> str | None:
    """The same about what a running stage may ask. DVC has deleted its outputs, so its tables come from the cache."""
    missing = partial(missing_answers, store, _STEPS.get(stage, (stage,)), in_cache=True)
    return _hint(missing, "stop this run, and run `dvc checkout` and `gettok store refill` first")


def _hint(find: Callable[[], Mapping[str, int]], first: str) -> str | None:
    try:
        missing = find()
    except Stop as damage:
        return f"{damage.what}: {damage.can}"
    if not missing:
        return None
    parts = ", ".join(f"{step} {count}" for step, count in missing.items())
    total = sum(missing.values())
    return (
        f"the tables hold {counted(total, 'answer')} that the store lacks ({parts}): {first}, or what this study needs "
        "of them is asked and paid for again"
    )


def _keys(held: AnswerTable, *, in_cache: bool) -> set[str]:
    """The keys in a table. Answers of media whose file is not there are left out: they cannot be stored again."""
    columns = ["answer_key", "file"] if held.table is MEDIA else ["answer_key"]
    rows = [row for path in _parts(held, in_cache=in_cache) for row in _rows(path, columns)]
    if held.table is MEDIA:
        files = _names(media_folder(), in_cache=in_cache)
        return {key for key, file in rows if file is None or file in files}
    return {key for (key,) in rows}


def _compare(held: AnswerTable, *, in_cache: bool) -> None:
    path = output(held.output)
    if in_cache and not path.exists():
        refuse_damaged_copies(path)


def _rows(path: Path, columns: list[str]) -> list[tuple[str, ...]]:
    """The distinct rows with a key; none of a file that cannot be read, which is reported where the table is used."""
    try:
        return pl.read_parquet(path, columns=columns).drop_nulls("answer_key").unique().rows()
    except (OSError, pl.exceptions.PolarsError):
        return []


def _parts(held: AnswerTable, *, in_cache: bool) -> list[Path]:
    """The table's Parquet files."""
    path = unchecked_output(held.output)
    if path.exists():
        inside = path / held.folder
        return [inside] if inside.is_file() else sorted(inside.rglob("*.parquet"))
    cached = cached_files(path) if in_cache else {}
    return [file for name, file in cached.items() if name.startswith(held.folder)]


def _names(folder: Path, *, in_cache: bool) -> set[str]:
    """The names in a folder."""
    if folder.exists():
        return {path.name for path in folder.iterdir()}
    return {name.partition("/")[0] for name in cached_files(folder)} if in_cache else set()
