"""A confusion matrix and what is read off it; what has nothing to be divided by is None."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gettok.stats.agreement import kappa
from gettok.stats.proportions import Share, rounded, share


@dataclass(frozen=True)
class OfLabel:
    """One label: to how many videos people gave it and to how many the model, and to how many both did.

    `precision` is how often the model is right when it gives the label, `recall` how many of people's it finds.
    """

    label: str
    by_people: int
    by_model: int
    by_both: int

    @property
    def precision(self) -> float | None:
        return _over(self.by_both, self.by_model)

    @property
    def recall(self) -> float | None:
        return _over(self.by_both, self.by_people)

    @property
    def f1(self) -> float | None:
        return _over(2 * self.by_both, self.by_people + self.by_model)


@dataclass(frozen=True)
class Confusion:
    """How many videos people gave one label and the model another: `counts` has a row a label of people's."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def accuracy(self) -> Share:
        """The share of the videos to which both gave one label."""
        return share(sum(self.counts[place][place] for place in range(len(self.labels))), self.n)

    @property
    def kappa(self) -> float | None:
        """Cohen's; None where all labels are one and the same, as chance alone would give that."""
        cells = [
            (people, model, count)
            for people, row in zip(self.labels, self.counts, strict=True)
            for model, count in zip(self.labels, row, strict=True)
            if count
        ]
        people, model, counts = zip(*cells, strict=True) if cells else ((), (), ())
        return kappa(people, model, counts)

    @property
    def of_labels(self) -> tuple[OfLabel, ...]:
        columns = list(zip(*self.counts, strict=True))
        return tuple(
            OfLabel(label, sum(self.counts[place]), sum(columns[place]), self.counts[place][place])
            for place, label in enumerate(self.labels)
        )

    @property
    def macro_f1(self) -> float | None:
        """The mean over labels, each weighing the same; a label that nobody gave is in it no more than in F1."""
        known = [one.f1 for one in self.of_labels if one.f1 is not None]
        return rounded(sum(known) / len(known)) if known else None


def confusion(labels: Sequence[str], pairs: Iterable[tuple[str, str]]) -> Confusion:
    """Of pairs, people's label first and the model's second, all among `labels`."""
    counted = Counter(pairs)
    return Confusion(
        tuple(labels), tuple(tuple(counted[people, model] for model in labels) for people in labels)
    )


def _over(part: int, whole: int) -> float | None:
    return rounded(part / whole) if whole else None
