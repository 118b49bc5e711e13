"""The tables of a release; unfinished, damaged or mixed ones are refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import polars as pl

from gettok.books import STAGES, Books
from gettok.errors import REASONS, Damaged
from gettok.tables import TABLES

#: The table that a stage fills, with at least one row for every video.
_TABLE_OF = {stage.name: stage.table for stage in STAGES if stage.table}


@dataclass(frozen=True)
class Tables:
    """A study's tables, as `gettok.tables` declares them, and the books of the stages that made them.

    `frames` is large: it may be None, and `release` also takes it without its `image` and `answer` columns. The report
    needs the `image` of the few videos that `report.shown_videos` names.
    """

    videos: pl.DataFrame
    media: pl.DataFrame
    transcripts: pl.DataFrame
    descriptions: pl.DataFrame
    stances: pl.DataFrame
    pairs: pl.DataFrame
    captions: pl.DataFrame
    books: Mapping[str, Books]
    frames: pl.DataFrame | None = None
    screen_texts: pl.DataFrame | None = None
    prompt_injection: pl.DataFrame | None = None
    #: Days of the study in which videos may be missing, and why.
    uncovered: Mapping[str, str] = field(default_factory=dict)

    def named(self) -> dict[str, pl.DataFrame]:
        """The tables that are there, by name."""
        named = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: frame for name, frame in named.items() if isinstance(frame, pl.DataFrame)}

    def without(self, withdrawn: Collection[str]) -> "Tables":
        """These tables without the videos that people asked to have removed."""
        remaining: dict[str, Any] = {
            name: frame.filter(~pl.col("video_id").is_in(sorted(withdrawn)))
            for name, frame in self.named().items()
            if "video_id" in frame.columns
        }
        return replace(self, **remaining)


def models(tables: Tables) -> dict[str, list[str]]:
    """The models that answered, by the names that they reported, for each table."""
    return {name: sorted(set().union(*asked)) for name, asked in _asked(tables).items()}


def _asked(tables: Tables) -> dict[str, list[set[str]]]:
    """For each table and each model that was asked, the names that it reported.

    The votes on each video are asked for in one order, so all votes at one position come from one model.
    """
    return {
        name: _names(frame["voters"] if "voters" in frame.columns else frame["model"])
        for name, frame in tables.named().items()
        if "model" in frame.columns
    }


def _names(answered: pl.Series) -> list[set[str]]:
    if answered.dtype == pl.String:
        return [set(answered.drop_nulls())]
    most = max(answered.list.len().drop_nulls(), default=0)
    return [set(answered.list.get(position, null_on_oob=True).drop_nulls()) for position in range(most)]


def check(tables: Tables) -> None:
    """Raise `Damaged` unless every video is accounted for once at every stage, by one model."""
    for name, frame in tables.named().items():
        _refuse_duplicates(name, frame)
    ids = set(tables.videos["video_id"])
    _refuse_unbalanced(tables.books, len(ids))
    for stage, name in _TABLE_OF.items():
        if (table := tables.named().get(name)) is not None:
            _refuse_missing_videos(stage, set(table["video_id"]), ids)
            _refuse_other_counts(stage, table, tables.books[stage])
    _refuse_unknown_videos("compare_transcripts", set(tables.pairs["video_id"]), ids)
    _refuse_unknown_videos("download", set(tables.captions["video_id"]), ids)
    if tables.screen_texts is not None:
        _refuse_unknown_videos("describe", set(tables.screen_texts["video_id"]), ids)
    if tables.prompt_injection is not None:
        _refuse_unknown_videos("detect_stance", set(tables.prompt_injection["video_id"]), ids)
    _refuse_mixed(_asked(tables))
    _refuse_different_judge(models(tables))


def _damaged(what: str) -> Damaged:
    return Damaged(
        what,
        "wrote nothing: a release must not contain unfinished or damaged tables",
        "run `dvc repro`; if it happens again, check the answers with `gettok store verify`",
    )


def _refuse_duplicates(name: str, frame: pl.DataFrame) -> None:
    key = TABLES[name].sort
    doubled = frame.filter(frame.select(key).is_duplicated())
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


def _refuse_missing_videos(stage: str, found: set[str], wanted: set[str]) -> None:
    _refuse_unknown_videos(stage, found, wanted)
    if missing := wanted - found:
        raise _damaged(f"{stage} has no row for {len(missing)} of {len(wanted)} videos, {min(missing)} first")


def _refuse_other_counts(stage: str, table: pl.DataFrame, book: Books) -> None:
    of_video = table.group_by("video_id").agg(pl.col("status", "reason").first())
    ok = of_video.filter(pl.col("status") == "ok").height
    unusable_rows = of_video.filter(pl.col("status") != "ok").group_by("reason").len()
    unusable = dict(unusable_rows.iter_rows())
    if (ok, unusable) != (book.ok, dict(book.unusable)):
        raise _damaged(
            f"the table of {stage} has {ok} videos ok and {_listed(unusable)}, but its books say"
            f" {book.ok} and {_listed(book.unusable)}"
        )


def _listed(unusable: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{reason} {count}" for reason, count in sorted(unusable.items(), key=str))
        or "none unusable"
    )


def _refuse_unknown_videos(stage: str, found: set[str], wanted: set[str]) -> None:
    if unknown := found - wanted:
        raise _damaged(f"{stage} has a video that was never found: {min(unknown)}")


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
    judges, attacked = models["stances"], models.get("prompt_injection", [])
    if other := set(attacked) - set(judges):
        raise Damaged(
            f"prompt injection variants were judged by {', '.join(sorted(other))}, the videos by {', '.join(judges)}",
            "wrote nothing: the model behind this name changed during the run",
            "set llm.model to the exact model that you want, and run again: all videos are then asked about again",
        )
