"""Asks a small model first, and a large one about the videos of which the small one is not sure enough."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from gettok.annotate.cascade import Threshold, is_kept, thresholds
from gettok.annotate.human_labels.evaluation import not_compared
from gettok.annotate.human_labels.reading import HumanLabel, read_human_labels
from gettok.annotate.step import AnnotateStep
from gettok.books import Books
from gettok.errors import Unusable, counted
from gettok.pipeline.annotating.annotations import for_each_variable
from gettok.pipeline.annotating.cascade_outcome import CHOSEN, lines
from gettok.pipeline.annotating.prompt_injection import SecondJudge
from gettok.pipeline.answering import Asking, Day, Write, write_days, writer_by_day
from gettok.pipeline.inputs import videos
from gettok.pipeline.paths import CASCADE_LABELS
from gettok.pipeline.runner import Stage, say
from gettok.pipeline.shards import DayShards
from gettok.settings import Codebook, Settings
from gettok.settings.nearest import did_you_mean
from gettok.step import Item, Json, Row
from gettok.store.atomic_write import write_json
from gettok.tables import CASCADE

#: What decides in a row; rows of all videos with their verbatim answers may not fit into memory.
_DECIDING = ("video_id", "variable", "label", "confidence", "reason")


def large_step(step: AnnotateStep) -> AnnotateStep | None:
    """The same questions to the cascade's large model, as in a run with that model alone.

    None without a cascade, and for a group without a variable of one label, which stays with the small model.
    """
    cascade = step.llm.cascade
    has_threshold = any(variable.is_single_choice for variable in step.group.variables.values())
    return replace(step, llm=step.llm.alone(cascade.model)) if cascade and has_threshold else None


def cascade_labels(settings: Settings) -> list[HumanLabel]:
    """People's labels by which thresholds are chosen; none without a file of them, or without a cascade."""
    if settings.llm.cascade is None or not CASCADE_LABELS.is_file():
        return []
    return read_human_labels(CASCADE_LABELS, settings.codebook, {video.video_id for video in videos()})


class Decided(NamedTuple):
    """The videos that the large model is asked about, and the threshold of each variable."""

    unsure: frozenset[str]
    thresholds: Mapping[str, Threshold]


def decide(
    small: Asking,
    step: AnnotateStep,
    items: Iterable[Item[Any]],
    human_labels: Sequence[HumanLabel],
    retry_next_run: Mapping[str, Unusable],
) -> Decided:
    """By the small model's answers about these items, all of which are stored or asked again by the next run."""
    assert step.llm.cascade is not None, "the caller has one"
    by_video = {
        item.video_id: [
            {name: row.get(name) for name in _DECIDING}
            for row in for_each_variable(step.group, small.rows(item, retry_next_run))
        ]
        for item in items
    }
    labelled = by_video.keys() & {entry.video_id for entry in human_labels}
    rows = [row for video_id in sorted(labelled) for row in by_video[video_id]]
    chosen = thresholds(rows, human_labels, step.group.variables, step.llm.cascade)
    unsure = (video_id for video_id, of_video in by_video.items() if not is_kept(of_video, chosen))
    return Decided(frozenset(unsure), chosen)


@dataclass
class CascadeTable:
    """What the small model answered about videos that the large one was asked about, while it is made.

    It is a folder for each group with a file for each day, and always an output: without a cascade, empty.
    """

    folder: Path
    human_labels: Sequence[HumanLabel]
    _groups: dict[str, Json] = field(default_factory=dict, init=False)
    _variables: dict[str, Json] = field(default_factory=dict, init=False)

    def asking(self, stage: Stage, step: AnnotateStep) -> "Asking | CascadeAsking":
        """The questions about a group: to one model, or to the two of a cascade."""
        small, large = stage.asking(step), large_step(step)
        return CascadeAsking(small, stage.asking(large), (step, large), self) if large else small

    def write_group(
        self, asked: "CascadeAsking", entries: Sequence[Item[Any]], decided: Decided, videos: int
    ) -> None:
        """Write the small model's rows of the unsure videos, and note what was chosen."""
        group, write = asked.step.group, writer_by_day(CASCADE, self.folder / asked.step.group.name)

        def keep(day: str, rows: Iterable[Row]) -> None:
            write(day, list(for_each_variable(group, rows)))

        write_days(entries, asked.small_rows, keep)
        self._groups[group.name] = {"videos": videos, "asked_again": len(decided.unsure)}
        self._variables |= {name: asdict(threshold) for name, threshold in decided.thresholds.items()}

    def write(self, stage: Stage) -> None:
        """Write down the thresholds and the shares, and print them."""
        cascade = stage.settings.llm.cascade
        if cascade is None:
            write_json(self.folder / CHOSEN, {})
            return
        chosen: dict[str, Json] = {
            "small": stage.settings.llm.model,
            "large": cascade.model,
            "error": cascade.error,
            "min_labels": cascade.min_labels,
            "groups": self._groups,
            "variables": self._variables,
        }
        write_json(self.folder / CHOSEN, chosen)
        for line in (*lines(chosen), *self._unused(stage.settings.codebook)):
            say(f"{stage.name}: {line}")

    def _unused(self, codebook: Codebook) -> Iterator[str]:
        """A line for each variable that people labelled and the codebook does not have."""
        unknown, _ = not_compared(self.human_labels, codebook.variables)
        for name, count in unknown.items():
            yield (
                f"{CASCADE_LABELS} has {counted(count, 'label')} of {name!r}, which the codebook does not have"
                f"{did_you_mean(name, codebook.variables)}"
            )


class CascadeAsking:
    """A small model's questions, and a large one's about the videos of which the small one is not sure enough."""

    def __init__(
        self, small: Asking, large: Asking, steps: tuple[AnnotateStep, AnnotateStep], table: CascadeTable
    ) -> None:
        self._small, self._large, self._table = small, large, table
        self.step, self._large_step = steps
        self._retry_next_run: dict[str, Unusable] = {}
        self.unsure: frozenset[str] = frozenset()

    def by_day(self, days: Iterable[Day], _: DayShards, write: Write) -> Books:
        """Ask, and build every day, as thresholds depend on all; rows that the large model gave name both."""
        entries = [entry for day in days for entry in day.entries]
        items = [entry for entry in entries if isinstance(entry, Item)]
        self._retry_next_run = self._small.ask(items)
        decided = decide(self._small, self.step, items, self._table.human_labels, self._retry_next_run)
        self.unsure = decided.unsure
        again = [item for item in items if item.video_id in decided.unsure]
        large_retries = self._large.ask(again)

        def rows(item: Item[Any]) -> list[Row]:
            if item.video_id not in decided.unsure:
                return self.small_rows(item)
            first = {"first_model": self.step.llm.model}
            return [row | first for row in self._large.rows(item, large_retries)]

        books = write_days(entries, rows, write)
        self._table.write_group(self, again, decided, len(items))
        return books

    @property
    def second(self) -> SecondJudge:
        """The large model's step, and the videos whose values it gave."""
        return SecondJudge(self._large_step, self.unsure)

    def small_rows(self, item: Item[Any]) -> list[Row]:
        return self._small.rows(item, self._retry_next_run)
