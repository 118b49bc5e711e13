"""The steps that ask about the codebook's groups, and the table of their answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import polars as pl

from gettok.annotate.group import Group, why_not_asked
from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.books import Books
from gettok.llm import CLOCK, Clock
from gettok.pipeline.answering import Day, Skipped, Write, writer_by_day
from gettok.pipeline.shards import DayShards
from gettok.settings import Codebook, Condition, Settings
from gettok.settings.secrets import Secret
from gettok.step import Item, Row
from gettok.tables import ANNOTATIONS


def steps_of(
    settings: Settings, address: str, key: Secret, store: Path, clock: Clock = CLOCK
) -> list[AnnotateStep]:
    """A step for each of the codebook's groups, each after those that its conditions are about."""
    codebook, texts = settings.codebook, settings.prompts.codebook.texts
    return [
        AnnotateStep(
            settings.llm,
            Group(name, codebook.groups[name], settings.study.stance.target, texts.get(name)),
            codebook.frames,
            codebook.label_orders,
            address,
            key,
            store,
            clock,
        )
        for name in codebook.groups
    ]


#: The labels of a video: one, or several of the kind `any_of`.
Labels: TypeAlias = tuple[str, ...]


class Judged(NamedTuple):
    """What a variable came to for one video: its labels, none of the other kinds, and why it has no value."""

    labels: Labels = ()
    reason: str | None = None

    @staticmethod
    def of(row: Row) -> "Judged":
        """By a row of annotations."""
        return Judged(labels_in(row), row.get("reason"))

    def why_not_asked(self, condition: Condition) -> str | None:
        """The reason why a question on a condition about this variable does not apply; None if it does."""
        return why_not_asked(condition, self.labels, self.reason)


class TableMaker(Protocol):
    """A group's questions, to one model or to several, one after the other."""

    def by_day(self, days: Iterable[Day], shards: DayShards, write: Write, /) -> Books:
        """Ask, then hand the rows of each day that has to be built to `write`. Returns the books of all days."""
        ...


class Annotations:
    """The table of annotations while it is made, group by group: a folder for each group with a file for each day."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        #: By group: its days, and how many videos there were.
        self._shards: dict[str, DayShards] = {}
        self._asked: dict[str, int] = {}

    def applying(self, group: Group, days: Iterable[Day]) -> list[Day]:
        """The days; a video that does not meet the group's condition is skipped."""
        condition = group.condition
        if condition is None:
            return list(days)
        before = self._shards[self._codebook.group_of(condition.variable)]
        return [
            Day(
                day.day,
                [day.inputs, before.digest(day.day)],
                partial(self._applying, before.file(day.day), condition, day),
            )
            for day in days
        ]

    def _applying(
        self, annotated: Path, condition: Condition, day: Day
    ) -> Iterator[Item[AnnotationInputs] | Skipped]:
        judged = {row["video_id"]: Judged.of(row) for row in _judged(annotated, [condition.variable])}
        for entry in day.entries:
            reason = judged[entry.video_id].why_not_asked(condition)
            yield Skipped(entry.video_id, entry.day, reason) if reason else entry

    def add(self, asked: TableMaker, step: AnnotateStep, days: Sequence[Day], shards: DayShards) -> None:
        """Ask about a group, and write its rows."""
        shards.table.mkdir()
        write = writer_by_day(ANNOTATIONS, shards.table)
        by_day = {day.day: day for day in days}

        def keep(day: str, rows: Iterable[Row]) -> None:
            entries = by_day[day].entries
            orders = {
                entry.video_id: entry.content.label_order for entry in entries if isinstance(entry, Item)
            }
            whole = for_each_variable(step.group, rows)
            write(day, [{**row, "label_order": orders.get(row["video_id"])} for row in whole])

        self._asked[step.group.name] = asked.by_day(days, shards, keep).asked
        self._shards[step.group.name] = shards

    def labels(self, group: Group) -> dict[str, dict[str, str]]:
        """The label of each video, for each of the group's variables that have one label."""
        labels: dict[str, dict[str, str]] = {
            name: {} for name, variable in group.variables.items() if variable.is_single_choice
        }
        for row in _judged(self._shards[group.name].table, labels):
            if found := labels_in(row):
                labels[row["variable"]][row["video_id"]] = found[0]
        return labels

    def books(self) -> Books:
        """A video is ok if each variable is, or does not apply; else it counts by the first reason."""
        reasons: dict[str, dict[str, str | None]] = {name: {} for name in self._codebook.variables}
        for shards in self._shards.values():
            for row in _judged(shards.table, self._codebook.variables):
                reasons[row["variable"]][row["video_id"]] = row["reason"]
        variables = {
            name: Books.of(of.values(), self._asked[self._codebook.group_of(name)])
            for name, of in reasons.items()
        }
        by_video: dict[str, str | None] = {}
        for of in reasons.values():
            for video, reason in of.items():
                by_video[video] = by_video.get(video) or (None if reason == "not_applicable" else reason)
        books = Books.of(by_video.values(), len(by_video))
        return replace(books, variables=variables)


def _judged(annotated: Path, variables: Iterable[str]) -> Iterator[Row]:
    """What variables came to, by a file of annotations or a folder of them."""
    columns = ["video_id", "variable", "status", "reason", "label", "labels"]
    rows = ANNOTATIONS.read(annotated, columns)
    return rows.filter(pl.col("variable").is_in(list(variables))).iter_rows(named=True)


def labels_in(row: Row) -> Labels:
    """The labels in a row of annotations; none if it has no value, or one of another kind."""
    if row["status"] != "ok":
        return ()
    return (row["label"],) if row.get("label") else tuple(row.get("labels") or ())


def for_each_variable(group: Group, rows: Iterable[Row]) -> Iterator[Row]:
    """A row for each variable of the group: a row without one is about all. The first of each video has the answer."""
    seen: set[str] = set()
    for row in rows:
        for name in [row["variable"]] if "variable" in row else group.variables:
            is_first = row["video_id"] not in seen
            seen.add(row["video_id"])
            yield {**row, "variable": name, "answer": row.get("answer") if is_first else None}
