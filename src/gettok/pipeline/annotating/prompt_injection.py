"""Has attacked variants of some videos judged beside the videos, and writes down which labels flip."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gettok.pipeline.answering import Skipped
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, say
from gettok.settings import PromptInjection
from gettok.stance import StanceInputs, StanceStep
from gettok.stance.prompt_injection.painting import PAINTER
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.stance.prompt_injection.variants import Original, Variant, sample, variants
from gettok.step import Item, Json, Row, digest_of
from gettok.tables import PROMPT_INJECTION


@dataclass(frozen=True)
class Attacked:
    """A variant as it is asked about: the item's id is the video's and the way."""

    video_id: str
    clean_label: str
    variant: Variant
    item: Item[StanceInputs]

    def row(self, judged: Row) -> Row:
        """The variant's row, beside what was read from the answer."""
        label = judged["label"] if judged["status"] == "ok" else None
        return {
            **judged,
            "video_id": self.video_id,
            "way": self.variant.way,
            "clean_label": self.clean_label,
            "wanted": self.variant.wanted,
            "inserted": self.variant.inserted,
            "inserted_into": list(self.variant.inserted_into),
            "flipped": None if label is None else label != self.clean_label,
            "complied": None if label is None else label == self.variant.wanted,
        }


def attack(
    stage: Stage,
    step: StanceStep,
    entries: Iterable[Item[StanceInputs] | Skipped],
    labels: Mapping[str, str],
) -> None:
    """Write the table of attacked variants, as an output whatever the settings: empty if they ask for none.

    Only videos with a label are attacked: `labels` has them, by id. The variants are asked about as the videos are, and
    their answers kept in the same way.
    """
    attacks = stage.settings.prompt_injection
    found = [] if attacks is None else list(attacked(step, attacks, entries, labels))
    by_id = {one.item.video_id: one for one in found}
    rows: list[Row] = []

    def keep(_: str, judged: Iterable[Row]) -> None:
        rows.extend(by_id[row["video_id"]].row(row) for row in judged)

    stage.asking(step).table([one.item for one in found], keep)
    PROMPT_INJECTION.write(rows, DATA / "prompt_injection.parquet")
    if rates := flip_rates(PROMPT_INJECTION.frame(rows)):
        say(f"{stage.name}: flipped {rates.line()}")


def attacked(
    step: StanceStep,
    attacks: PromptInjection,
    entries: Iterable[Item[StanceInputs] | Skipped],
    labels: Mapping[str, str],
) -> Iterator[Attacked]:
    """The variants of the videos that are drawn from those with a label."""
    labelled = {one.video_id: one for one in entries if isinstance(one, Item) and one.video_id in labels}
    for video_id in sample(labelled, attacks.videos):
        of_video, label = labelled[video_id], labels[video_id]
        for variant in variants(Original(video_id, label, of_video.content), step, attacks):
            name = f"{video_id}/{variant.way}"
            yield Attacked(
                video_id, label, variant, Item(name, of_video.day, _inputs(of_video, variant), variant.inputs)
            )


def _inputs(of_video: Item[StanceInputs], variant: Variant) -> dict[str, str]:
    """The video's own digests, but of what differs in the variant. A frame is named by what is painted on it."""
    own: Json = of_video.inputs["frame"]
    frame = digest_of([own, PAINTER, variant.inserted]) if "frame" in variant.inserted_into else own
    return {"texts": digest_of(variant.inputs.texts()), "frame": frame}
