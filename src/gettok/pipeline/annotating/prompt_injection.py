"""Judges prompt injection variants of some videos, and writes down which labels change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gettok.pipeline.answering import Skipped
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, say
from gettok.settings import PromptInjection
from gettok.stance.prompt_injection.painting import PAINTER
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.stance.prompt_injection.variants import Original, Variant, sample, variants
from gettok.stance.step import StanceInputs, StanceStep
from gettok.step import Item, Json, Row, digest_of
from gettok.tables import PROMPT_INJECTION


@dataclass(frozen=True)
class VariantItem:
    """A variant, and the item to ask about it. The item's id is made of the video's and the attack type."""

    video_id: str
    clean_label: str
    variant: Variant
    item: Item[StanceInputs]

    def row(self, judged: Row) -> Row:
        """The variant's row: what was read from its answer, and what was done to the video."""
        label = judged["label"] if judged["status"] == "ok" else None
        return {
            **judged,
            "video_id": self.video_id,
            "attack_type": self.variant.attack_type,
            "clean_label": self.clean_label,
            "wanted": self.variant.wanted,
            "inserted": self.variant.inserted,
            "inserted_into": list(self.variant.inserted_into),
            "flipped": None if label is None else label != self.clean_label,
            "complied": None if label is None else label == self.variant.wanted,
        }


def judge_variants(
    stage: Stage,
    step: StanceStep,
    entries: Iterable[Item[StanceInputs] | Skipped],
    labels: Mapping[str, str],
) -> None:
    """Write the table of variants. It is always an output: empty if the settings ask for none.

    `labels` has the label of each video that has one, by id; only these get variants. Their answers are stored like
    those about videos.
    """
    injection = stage.settings.prompt_injection
    chosen = [] if injection is None else list(variant_items(step, injection, entries, labels))
    by_id = {variant.item.video_id: variant for variant in chosen}
    rows: list[Row] = []

    def keep(_: str, judged: Iterable[Row]) -> None:
        rows.extend(by_id[row["video_id"]].row(row) for row in judged)

    stage.asking(step).table([variant.item for variant in chosen], keep)
    PROMPT_INJECTION.write(rows, DATA / "prompt_injection.parquet")
    if rates := flip_rates(PROMPT_INJECTION.frame(rows)):
        say(f"{stage.name}: {rates.line()}")


def variant_items(
    step: StanceStep,
    injection: PromptInjection,
    entries: Iterable[Item[StanceInputs] | Skipped],
    labels: Mapping[str, str],
) -> Iterator[VariantItem]:
    """The variants of a sample of the videos with a label."""
    labelled = {
        entry.video_id: entry for entry in entries if isinstance(entry, Item) and entry.video_id in labels
    }
    for video_id in sample(labelled, injection.videos):
        original, label = labelled[video_id], labels[video_id]
        for variant in variants(Original(video_id, label, original.content), step, injection):
            name = f"{video_id}/{variant.attack_type}"
            item = Item(name, original.day, _inputs(original, variant), variant.inputs)
            yield VariantItem(video_id, label, variant, item)


def _inputs(original: Item[StanceInputs], variant: Variant) -> dict[str, str]:
    """The digests of the variant's inputs. A painted frame is identified by its original and the words on it."""
    frame: Json = original.inputs["frame"]
    if "frame" in variant.inserted_into:
        frame = digest_of([frame, PAINTER, variant.inserted])
    return {"texts": digest_of(variant.inputs.texts()), "frame": frame}
