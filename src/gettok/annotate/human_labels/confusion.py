"""A confusion matrix and its rates. A rate whose divisor is 0 is None."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gettok.stats.agreement import kappa
from gettok.stats.proportions import Share, rounded, share


@dataclass(frozen=True)
class LabelCounts:
    """How many videos got one label from people, from the model, and from both.

    `precision` is how often the model is right when it gives the label, `recall` how many of the people's it finds.
    """

    label: str
    by_people: int
    by_model: int
    by_both: int

    @property
    def precision(self) -> float | None:
        return _ratio(self.by_both, self.by_model)

    @property
    def recall(self) -> float | None:
        return _ratio(self.by_both, self.by_people)

    @property
    def f1(self) -> float | None:
        return _ratio(2 * self.by_both, self.by_people + self.by_model)


@dataclass(frozen=True)
class Confusion:
    """How many videos got each pair of labels. `counts` has a row for each label by people."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def accuracy(self) -> Share:
        """The share of the videos with the same label by people and by the model."""
        return share(sum(self.counts[place][place] for place in range(len(self.labels))), self.n)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa. None if all labels are the same, as chance alone would then give full agreement."""
        cells = [
            (people, model, count)
            for people, row in zip(self.labels, self.counts, strict=True)
            for model, count in zip(self.labels, row, strict=True)
            if count
        ]
        people, model, counts = zip(*cells, strict=True) if cells else ((), (), ())
        return kappa(people, model, counts)

    @property
    def by_label(self) -> tuple[LabelCounts, ...]:
        columns = list(zip(*self.counts, strict=True))
        return tuple(
            LabelCounts(label, sum(self.counts[place]), sum(columns[place]), self.counts[place][place])
            for place, label in enumerate(self.labels)
        )

    @property
    def macro_f1(self) -> float | None:
        return mean_f1(self.by_label)


def mean_f1(labels: Sequence[LabelCounts]) -> float | None:
    """The unweighted mean of the labels' F1. A label that was never given has no F1, and is left out."""
    scores = [counts.f1 for counts in labels if counts.f1 is not None]
    return rounded(sum(scores) / len(scores)) if scores else None


def confusion(labels: Sequence[str], pairs: Iterable[tuple[str, str]]) -> Confusion:
    """The matrix of pairs (label by people, label by the model). All labels are among `labels`."""
    counts = Counter(pairs)
    return Confusion(
        tuple(labels), tuple(tuple(counts[people, model] for model in labels) for people in labels)
    )


def _ratio(part: int, whole: int) -> float | None:
    return rounded(part / whole) if whole else None
