"""The stances of a run against those that people gave: who is compared, who is left out and why, who disagrees."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from gettok.stance.human_labels.confusion import Confusion, confusion
from gettok.stance.human_labels.reading import Coding
from gettok.stats.agreement import nominal_alpha

#: Why a video that people were asked about is not compared, beside the reasons for which it has no stance.
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "not_in_study": "not among the study's videos",
        "left_blank": "nobody gave it a label",
        "coders_tied": "as many people gave it one label as another",
    }
)


@dataclass(frozen=True)
class Coders:
    """The people, and how far those agree who judged the same videos of the study.

    `alpha` is Krippendorff's, over the `judged_twice` videos that two people or more gave a label; None if they gave
    one and the same throughout, or there are none.
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
    """The model's stances against people's. Of the table's `videos` each is `compared`, or left out for a reason."""

    videos: int
    left_out: Mapping[str, int]
    coders: Coders
    compared: tuple[Compared, ...]
    confusion: Confusion

    @property
    def apart(self) -> list[Compared]:
        """The videos on which people and the model disagree, in order of id."""
        return [one for one in self.compared if one.people != one.model]


def evaluate(codings: Sequence[Coding], stances: pl.DataFrame, labels: Sequence[str]) -> Evaluation:
    """`stances` has a row for each video of the study: `video_id`, and a `label` or the `reason` why there is none."""
    model = {
        video: (label, why) for video, label, why in stances.select("video_id", "label", "reason").rows()
    }
    given = _given(codings)
    outcomes = [_outcome(video, of_people, model) for video, of_people in sorted(given.items())]
    compared = tuple(one for one in outcomes if isinstance(one, Compared))
    reasons = Counter(one for one in outcomes if isinstance(one, str))
    return Evaluation(
        len(given),
        dict(sorted(reasons.items())),
        _coders([one for one in codings if one.video_id in model]),
        compared,
        confusion(labels, ((one.people, one.model) for one in compared)),
    )


def _given(codings: Iterable[Coding]) -> dict[str, list[str]]:
    """The labels that people gave each video of the table; none where all left it blank."""
    given: dict[str, list[str]] = {}
    for one in codings:
        given.setdefault(one.video_id, []).extend([one.label] if one.label else [])
    return given


def _outcome(
    video: str, given: Sequence[str], model: Mapping[str, tuple[str | None, str | None]]
) -> Compared | str:
    """The video's two labels, or the reason why it does not have them."""
    if video not in model:
        return "not_in_study"
    if not given:
        return "left_blank"
    (people, most), *others = Counter(given).most_common(2)
    if others and others[0][1] == most:
        return "coders_tied"
    label, reason = model[video]
    return Compared(video, people, label) if label is not None else str(reason)


def _coders(codings: Sequence[Coding]) -> Coders:
    units = [labels for labels in _given(codings).values() if len(labels) > 1]
    return Coders(len({one.coder for one in codings if one.label}), len(units), nominal_alpha(units))
