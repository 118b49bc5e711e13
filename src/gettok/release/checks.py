"""Unfinished, damaged or mixed tables are refused before anything is released."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from gettok.books import STAGES, Books
from gettok.errors import REASONS, Damaged
from gettok.release.inputs import Tables
from gettok.tables import TABLES
from gettok.tables.stored_rows import IdRange

#: The table that a stage fills, with at least one row for every video.
_TABLE_OF = {stage.name: stage.table for stage in STAGES if stage.table}
#: The stages of the tables that need not have a row for every video.
_BESIDE = {
    "counts": "tabulate",
    "comments": "tabulate",
    "pairs": "compare_transcripts",
    "captions": "download",
    "screen_texts": "describe",
    "prompt_injection": "annotate",
}


@dataclass
class _Accounts:
    """What a table has, or of the annotations one variable, added up over the parts of the study."""

    missing: int = 0
    first_missing: Any = None
    stranger: Any = None
    ok: int = 0
    unusable: Counter[Any] = field(default_factory=Counter)

    def add(self, rows: pl.DataFrame, wanted: pl.Series) -> None:
        """The rows of one part of the study, and the ids of its videos."""
        found = rows["video_id"].unique()
        missing = wanted.filter(~wanted.is_in(found.implode()))
        self.missing += missing.len()
        self.first_missing = self.first_missing or missing.min()
        self.stranger = self.stranger or found.filter(~found.is_in(wanted.implode())).min()
        if "status" in rows.columns:
            self._count(rows)

    def _count(self, rows: pl.DataFrame) -> None:
        of_video = rows.group_by("video_id").agg(pl.col("status", "reason").first())
        self.ok += of_video.filter(pl.col("status") == "ok").height
        unusable = of_video.filter(pl.col("status") != "ok").group_by("reason").len()
        self.unusable.update(dict(unusable.iter_rows()))

    def refuse_stranger(self, stage: str) -> None:
        if self.stranger is not None:
            raise _damaged(f"{stage} has a video that was never found: {self.stranger}")

    def refuse_missing(self, stage: str, videos: int) -> None:
        if self.missing:
            raise _damaged(
                f"{stage} has no row for {self.missing} of {videos} videos, {self.first_missing} first"
            )

    def refuse_other_counts(self, stage: str, book: Books) -> None:
        if (self.ok, self.unusable) != (book.ok, dict(book.unusable)):
            raise _damaged(
                f"the table of {stage} has {self.ok} videos ok and {_listed(self.unusable)}, but its books say"
                f" {book.ok} and {_listed(book.unusable)}"
            )


def models(tables: Tables) -> dict[str, list[str]]:
    """The models that answered, by the names that they reported, for each table."""
    return _every_model(_asked(tables))


def _every_model(asked: Mapping[str, list[set[str]]]) -> dict[str, list[str]]:
    return {name: sorted(set().union(*names)) for name, names in asked.items()}


def _asked(tables: Tables) -> dict[str, list[set[str]]]:
    """For each table and each model that was asked, the names that it reported.

    The votes on each video are asked for in one order, so all votes at one position come from one model, with a cascade
    of videos that were asked about once or again.
    """
    rows = {name: tables.rows(name) for name in tables.named()}
    return {name: _names(frame) for name, frame in rows.items() if "model" in frame.collect_schema()}


def _names(rows: pl.LazyFrame) -> list[set[str]]:
    schema = rows.collect_schema()
    again = pl.col("first_model").is_not_null() if "first_model" in schema else pl.lit(value=False)
    voters = pl.col("voters") if "voters" in schema else pl.concat_list("model")
    each = rows.select(again=again, place=pl.int_ranges(voters.list.len()), name=voters)
    found = each.explode("place", "name").drop_nulls("name").unique().collect(engine="streaming")
    names: dict[tuple[bool, int], set[str]] = {}
    for is_again, place, name in found.sort("again", "place").iter_rows():
        names.setdefault((is_again, place), set()).add(name)
    return list(names.values())


class _Counted(NamedTuple):
    """A table of a stage, or the annotations of one variable; `what` is its name for people."""

    what: str
    stage: str
    table: str
    variable: str | None = None


def _whole(tables: Tables) -> Iterator[_Counted]:
    """Those that have every video."""
    for stage, name in _TABLE_OF.items():
        if name == "annotations":
            for variable in tables.codebook.variables:
                yield _Counted(f"{stage} ({variable})", stage, name, variable)
        elif name in tables.named():
            yield _Counted(stage, stage, name)


def _beside(tables: Tables) -> Iterator[_Counted]:
    """Those that need not have every video."""
    return (_Counted(stage, stage, name) for name, stage in _BESIDE.items() if name in tables.named())


def check(tables: Tables) -> None:
    """Raise `Damaged` unless every video is accounted for once at every stage, by one model."""
    counted = [*_whole(tables), *_beside(tables)]
    found = {of: _Accounts() for of in counted}
    videos = 0
    for ids in tables.ranges:
        parts = {name: _keys(tables, name, ids) for name in tables.named()}
        for name, rows in parts.items():
            _refuse_duplicates(name, rows)
        wanted = parts["videos"]["video_id"]
        videos += wanted.len()
        for of in counted:
            rows = parts[of.table]
            found[of].add(rows if of.variable is None else rows.filter(variable=of.variable), wanted)
    _refuse_unbalanced(tables.books, videos)
    for of in _whole(tables):
        _refuse_unaccounted(of, found[of], tables, videos)
    for of in _beside(tables):
        found[of].refuse_stranger(of.stage)
    asked = _asked(tables)
    _refuse_mixed(asked)
    _refuse_different_judge(_every_model(asked))


def _keys(tables: Tables, name: str, ids: IdRange) -> pl.DataFrame:
    """The columns that tell a table's rows apart, and what became of each, of one part of the study."""
    rows = tables.rows(name, ids)
    wanted = dict.fromkeys((*TABLES[name].sort, "status", "reason"))
    return rows.select(column for column in wanted if column in rows.collect_schema()).collect()


def _refuse_unaccounted(of: _Counted, found: _Accounts, tables: Tables, videos: int) -> None:
    book = tables.books[of.stage]
    if of.variable is not None:
        if unlike := tables.codebook.variables.keys() ^ book.variables.keys():
            raise _damaged(f"the codebook and the books of {of.stage} differ in {', '.join(sorted(unlike))}")
        book = book.variables[of.variable]
    found.refuse_stranger(of.what)
    found.refuse_missing(of.what, videos)
    found.refuse_other_counts(of.what, book)


def _damaged(what: str) -> Damaged:
    return Damaged(
        what,
        "wrote nothing: a release must not contain unfinished or damaged tables",
        "run `dvc repro`; if it happens again, check the answers with `gettok store verify`",
    )


def _refuse_duplicates(name: str, rows: pl.DataFrame) -> None:
    key = TABLES[name].sort
    doubled = rows.filter(rows.select(key).is_duplicated())
    if doubled.height:
        raise _damaged(f"the table {name} has {key[0]} {doubled[key[0]][0]} more than once")


def _refuse_unbalanced(books: Mapping[str, Books], videos: int) -> None:
    if missing := _TABLE_OF.keys() - books.keys():
        raise _damaged(f"the books of {', '.join(sorted(missing))} are missing")
    for stage, book in sorted(books.items()):
        book.check(stage)
        if unknown := book.unusable.keys() - REASONS.keys():
            raise _damaged(f"the books of {stage} give reasons that do not exist: {sorted(unknown)}")
        # tabulate counts every row on the pages; the later stages are asked about the videos that it finds
        counted = book.ok if stage == "tabulate" else book.asked
        if counted != videos:
            raise _damaged(f"the books of {stage} count {counted} videos, but there are {videos}")


def _listed(unusable: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{reason} {count}" for reason, count in sorted(unusable.items(), key=str))
        or "none unusable"
    )


def _refuse_mixed(asked: Mapping[str, list[set[str]]]) -> None:
    for name, models in sorted(asked.items()):
        if names := next((names for names in models if len(names) > 1), None):
            raise Damaged(
                f"the table {name} was answered by more than one model: {', '.join(sorted(names))}",
                "wrote nothing: the model behind this name changed during the run",
                "set llm.model (or the name in llm.extra_models) to the exact model that you want, and run again:"
                " all videos are then asked about again",
            )


def _refuse_different_judge(models: Mapping[str, list[str]]) -> None:
    """A variant's label says nothing about the model that judged the video if another model gave it."""
    judges, attacked = models["annotations"], models.get("prompt_injection", [])
    if other := set(attacked) - set(judges):
        raise Damaged(
            f"prompt injection variants were judged by {', '.join(sorted(other))}, the videos by {', '.join(judges)}",
            "wrote nothing: the model behind this name changed during the run",
            "set llm.model to the exact model that you want, and run again: all videos are then asked about again",
        )
