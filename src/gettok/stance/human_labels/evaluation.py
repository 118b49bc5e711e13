"""Evaluates the stances of a run against people's labels: what is compared, what is left out and why, who disagrees."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from gettok.stance.human_labels.confusion import Confusion, confusion
from gettok.stance.human_labels.reading import HumanLabel
from gettok.stats.agreement import nominal_alpha

#: Why a video with human labels is not compared, beside the reasons for which it has no stance.
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "not_in_study": "not among the study's videos",
        "left_blank": "no coder gave it a label",
        "coders_tied": "as many coders gave it one label as another",
    }
)


@dataclass(frozen=True)
class Coders:
    """How many people labelled videos, and how far they agree.

    `alpha` is Krippendorff's, over the `judged_twice` videos of the study that two people or more labelled. It is None
    if there are none, or if all labels are the same.
    """

    count: int
    judged_twice: int
    alpha: float | None


@dataclass(frozen=True)
class Compared:
    """A video with the label that most people gave it, and the model's."""

    video_id: str
    people: str
    model: str


@dataclass(frozen=True)
class Evaluation:
    """The model's stances against people's. Of the `videos` with human labels, each is `compared` or left out."""

    videos: int
    left_out: Mapping[str, int]
    coders: Coders
    compared: tuple[Compared, ...]
    confusion: Confusion

    @property
    def disagreements(self) -> list[Compared]:
        """The videos on which people and the model disagree, sorted by id."""
        return [video for video in self.compared if video.people != video.model]


def evaluate(human_labels: Sequence[HumanLabel], stances: pl.DataFrame, labels: Sequence[str]) -> Evaluation:
    """`stances` has a row for each video of the study: `video_id`, and a `label` or the `reason` why there is none."""
    model = {
        video_id: (label, reason)
        for video_id, label, reason in stances.select("video_id", "label", "reason").rows()
    }
    by_video = _labels_by_video(human_labels)
    outcomes = [_outcome(video_id, given, model) for video_id, given in sorted(by_video.items())]
    compared = tuple(outcome for outcome in outcomes if isinstance(outcome, Compared))
    reasons = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    return Evaluation(
        len(by_video),
        dict(sorted(reasons.items())),
        _coders([entry for entry in human_labels if entry.video_id in model]),
        compared,
        confusion(labels, ((video.people, video.model) for video in compared)),
    )


def _labels_by_video(human_labels: Iterable[HumanLabel]) -> dict[str, list[str]]:
    """The labels that people gave each video; an empty list if all left it blank."""
    by_video: dict[str, list[str]] = {}
    for entry in human_labels:
        by_video.setdefault(entry.video_id, []).extend([entry.label] if entry.label else [])
    return by_video


def _outcome(
    video_id: str, given: Sequence[str], model: Mapping[str, tuple[str | None, str | None]]
) -> Compared | str:
    """The video's two labels, or the reason why it does not have both."""
    if video_id not in model:
        return "not_in_study"
    if not given:
        return "left_blank"
    (people, most), *others = Counter(given).most_common(2)
    if others and others[0][1] == most:
        return "coders_tied"
    label, reason = model[video_id]
    return Compared(video_id, people, label) if label is not None else str(reason)


def _coders(human_labels: Sequence[HumanLabel]) -> Coders:
    units = [labels for labels in _labels_by_video(human_labels).values() if len(labels) > 1]
    return Coders(
        len({entry.coder for entry in human_labels if entry.label}), len(units), nominal_alpha(units)
    )
