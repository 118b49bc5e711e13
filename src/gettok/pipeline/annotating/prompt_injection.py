"""Judges prompt injection variants of some videos, and writes down which labels change."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from gettok.annotate.group import Group
from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.prompt_injection.painting import PAINTER
from gettok.annotate.prompt_injection.rates import rates_by_variable
from gettok.annotate.prompt_injection.variants import Original, Variant, check, sample, variants
from gettok.annotate.step import AnnotateStep
from gettok.pipeline.annotating.annotations import for_each_variable
from gettok.pipeline.answering import Day, Skipped
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, say
from gettok.settings import PromptInjection
from gettok.step import Item, Json, Row, digest_of
from gettok.tables import PROMPT_INJECTION
from gettok.tables.annotations import ONCE_A_GROUP

#: The label of each video that has one, by variable.
LabelsOfVideos = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class VariantItem:
    """A variant, and the item to ask about it. The item's id is made of the video's and the attack type."""

    video_id: str
    clean_labels: Mapping[str, str]
    variant: Variant
    item: Item[AnnotationInputs]

    def rows(self, judged: Sequence[Row]) -> list[Row]:
        """The rows of the variables with a clean label; the first has what the call cost, and its answer."""
        once = {name: judged[0].get(name) for name in ONCE_A_GROUP}
        rows = [self._row(row) for row in judged if row["variable"] in self.clean_labels]
        return [{**rows[0], **once}, *rows[1:]]

    def _row(self, judged: Row) -> Row:
        """What was read from the variant's answer, and what was done to the video."""
        variable = judged["variable"]
        label = judged.get("label") if judged["status"] == "ok" else None
        clean_label, wanted = self.clean_labels[variable], self.variant.wanted[variable]
        return {
            **judged,
            "video_id": self.video_id,
            "attack_type": self.variant.attack_type,
            "clean_label": clean_label,
            "wanted": wanted,
            "inserted": self.variant.inserted,
            "inserted_into": list(self.variant.inserted_into),
            "flipped": None if label is None else label != clean_label,
            "complied": None if label is None else label == wanted,
        }


class SecondJudge(NamedTuple):
    """The step that gave some videos their value, in place of the group's own."""

    step: AnnotateStep
    videos: Collection[str]


class VariantTable:
    """The table of variants while it is made, group by group. It is always an output: empty if none are asked for.

    Only videos with a label of one of the group's variables get variants. Their answers are stored like those about
    videos.
    """

    def __init__(self, injection: PromptInjection | None, steps: Sequence[AnnotateStep]) -> None:
        """Raises `BadSettings` before anything is paid for, if an instruction cannot be drawn on a frame."""
        self._injection = injection
        self._variables = [name for step in steps for name in step.group.variables]
        self._rows: list[Row] = []
        if injection is not None:
            for step in steps:
                check(injection, step)

    def add(
        self,
        asking: Stage,
        step: AnnotateStep,
        days: Iterable[Day],
        labels_of: Callable[[Group], LabelsOfVideos],
        second: SecondJudge | None = None,
    ) -> None:
        """Ask about the variants of a group. Each is judged as its video was: by the step, or by the second judge."""
        if self._injection is None:
            return
        labels = labels_of(step.group)
        entries = (entry for day in days for entry in day.entries)
        by_id = {each.item.video_id: each for each in variant_items(step, self._injection, entries, labels)}

        def keep(_: str, judged: Iterable[Row]) -> None:
            rows = for_each_variable(step.group, judged)
            for variant_id, of_variant in groupby(rows, key=itemgetter("video_id")):
                variant = by_id[variant_id]
                first = {"first_model": step.llm.model} if variant.video_id in again else {}
                self._rows += variant.rows([row | first for row in of_variant])

        again = second.videos if second else ()
        for judge, items in by_judge(step, second, by_id.values()):
            asking.asking(judge).table(items, keep)

    def write(self, stage: str) -> None:
        PROMPT_INJECTION.write(self._rows, DATA / "prompt_injection.parquet")
        for name, rates in rates_by_variable(PROMPT_INJECTION.frame(self._rows), self._variables).items():
            say(f"{stage}: {name}: {rates.line()}")


def by_judge(
    step: AnnotateStep, second: SecondJudge | None, variants: Collection[VariantItem]
) -> Iterator[tuple[AnnotateStep, list[Item[AnnotationInputs]]]]:
    """Each step, with the variants of the videos that it judged."""
    again = second.videos if second else ()
    yield step, [variant.item for variant in variants if variant.video_id not in again]
    if second:
        yield second.step, [variant.item for variant in variants if variant.video_id in again]


def variant_items(
    step: AnnotateStep,
    injection: PromptInjection,
    entries: Iterable[Item[AnnotationInputs] | Skipped],
    labels: LabelsOfVideos,
) -> Iterator[VariantItem]:
    """The variants of a sample of the videos with a label."""
    labelled = {
        entry.video_id: (entry, of_video)
        for entry in entries
        if isinstance(entry, Item) and (of_video := _of_video(entry.video_id, labels))
    }
    for video_id in sample(labelled, injection.videos):
        original, clean_labels = labelled[video_id]
        for variant in variants(Original(video_id, clean_labels, original.content), step, injection):
            name = f"{video_id}/{variant.attack_type}"
            item = Item(name, original.day, _inputs(original, variant), variant.inputs)
            yield VariantItem(video_id, clean_labels, variant, item)


def _of_video(video_id: str, labels: LabelsOfVideos) -> dict[str, str]:
    return {name: of_videos[video_id] for name, of_videos in labels.items() if video_id in of_videos}


def _inputs(original: Item[AnnotationInputs], variant: Variant) -> dict[str, str]:
    """The digests of the variant's inputs. A painted frame is identified by its original and the words on it."""
    frame: Json = original.inputs["frame"]
    if "frames" in variant.inserted_into:
        frame = digest_of([frame, PAINTER, variant.inserted])
    return {**original.inputs, "texts": digest_of(variant.inputs.texts()), "frame": frame}
