"""How far people's values of a variable and the model's agree, for the kinds that have not one label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gettok.annotate.human_labels.confusion import LabelCounts, mean_f1
from gettok.stats.proportions import Share, share

if TYPE_CHECKING:
    from gettok.stats.bootstrap import Estimate


@dataclass(frozen=True)
class SetAgreement:
    """Of a variable with several labels a video: `accuracy` is the share of the videos with all the same labels."""

    n: int
    accuracy: Share
    by_label: tuple[LabelCounts, ...]

    @property
    def macro_f1(self) -> float | None:
        return mean_f1(self.by_label)


@dataclass(frozen=True)
class NumberAgreement:
    """Of a number: `accuracy` is the share of the videos with the same one.

    `mean_difference` is the model's minus people's, so that it is above 0 if the model counts too many.
    """

    n: int
    accuracy: Share
    mean_absolute_difference: "Estimate"
    mean_difference: "Estimate"


def set_agreement(
    labels: Sequence[str], pairs: Iterable[tuple[Sequence[str], Sequence[str]]]
) -> SetAgreement:
    """Of pairs of the labels by people and by the model."""
    both = [(set(people), set(model)) for people, model in pairs]
    by_label = tuple(
        LabelCounts(
            label,
            sum(label in people for people, _ in both),
            sum(label in model for _, model in both),
            sum(label in people & model for people, model in both),
        )
        for label in labels
    )
    same = sum(people == model for people, model in both)
    return SetAgreement(len(both), share(same, len(both)), by_label)


def number_agreement(pairs: Iterable[tuple[float, float]]) -> NumberAgreement:
    """Of pairs of the number by people and by the model."""
    from gettok.stats.bootstrap import mean  # noqa: PLC0415 - imports numpy, and most evaluations have no number

    differences = [model - people for people, model in pairs]
    return NumberAgreement(
        len(differences),
        share(differences.count(0), len(differences)),
        mean([abs(difference) for difference in differences]),
        mean(differences),
    )
