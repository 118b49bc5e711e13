"""Has attacked twins of some videos judged beside the videos, and writes down which labels flip."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gettok.pipeline.answering import Lost
from gettok.pipeline.runner import DATA, Stage, say
from gettok.settings import Attacks
from gettok.stance import StanceInputs, StanceStep
from gettok.stance.prompt_injection.painting import PAINTER
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.stance.prompt_injection.variants import Original, Twin, sample, twins
from gettok.step import Item, Json, Row, digest_of
from gettok.tables import ATTACKS


@dataclass(frozen=True)
class Attacked:
    """A twin as it is asked about: the item's id is the video's and the way."""

    video_id: str
    clean_label: str
    twin: Twin
    item: Item[StanceInputs]

    def row(self, judged: Row) -> Row:
        """The twin's row, beside what was read from the answer."""
        label = judged["label"] if judged["status"] == "ok" else None
        return {
            **judged,
            "video_id": self.video_id,
            "way": self.twin.way,
            "clean_label": self.clean_label,
            "wanted": self.twin.wanted,
            "inserted": self.twin.inserted,
            "inserted_into": list(self.twin.inserted_into),
            "flipped": None if label is None else label != self.clean_label,
            "obeyed": None if label is None else label == self.twin.wanted,
        }


def attack(
    stage: Stage,
    step: StanceStep,
    entries: Iterable[Item[StanceInputs] | Lost],
    labels: Mapping[str, str],
) -> None:
    """Write the table of attacked twins, as an output whatever the settings: empty if they ask for none.

    Only videos with a label are attacked: `labels` has them, by id. The twins are asked about as the videos are, and
    their answers kept in the same way.
    """
    attacks = stage.settings.attacks
    found = [] if attacks is None else list(attacked(step, attacks, entries, labels))
    by_id = {one.item.video_id: one for one in found}
    rows: list[Row] = []

    def keep(_: str, judged: Iterable[Row]) -> None:
        rows.extend(by_id[row["video_id"]].row(row) for row in judged)

    stage.asking(step).table([one.item for one in found], keep)
    ATTACKS.write(rows, DATA / "attacks.parquet")
    if rates := flip_rates(ATTACKS.frame(rows)):
        say(f"{stage.name}: flipped {rates.line()}")


def attacked(
    step: StanceStep,
    attacks: Attacks,
    entries: Iterable[Item[StanceInputs] | Lost],
    labels: Mapping[str, str],
) -> Iterator[Attacked]:
    """The twins of the videos that are drawn from those with a label."""
    labelled = {one.video_id: one for one in entries if isinstance(one, Item) and one.video_id in labels}
    for video_id in sample(labelled, attacks.videos):
        of_video, label = labelled[video_id], labels[video_id]
        for twin in twins(Original(video_id, label, of_video.content), step, attacks):
            name = f"{video_id}/{twin.way}"
            yield Attacked(
                video_id, label, twin, Item(name, of_video.day, _inputs(of_video, twin), twin.inputs)
            )


def _inputs(of_video: Item[StanceInputs], twin: Twin) -> dict[str, str]:
    """The video's own digests, but of what differs in the twin. A frame is named by what is painted on it."""
    own: Json = of_video.inputs["frame"]
    frame = digest_of([own, PAINTER, twin.inserted]) if "frame" in twin.inserted_into else own
    return {"texts": digest_of(twin.inputs.texts()), "frame": frame}
