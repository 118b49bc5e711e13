"""Agreement between coders, beyond what chance would give."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from typing import TypeVar

from gettok.stats.proportions import rounded

T = TypeVar("T", bound=Hashable)


def kappa(left: Sequence[str], right: Sequence[str], counts: Sequence[int]) -> float | None:
    """Cohen's kappa of pairs of labels with their counts; null where all are equal, as chance would give that, too."""
    if len({*left, *right}) < 2:
        return None
    # not scikit-learn's, which takes seconds to import
    pairs = list(zip(left, right, counts, strict=True))
    total = sum(counts)
    agreed = sum(count for one, other, count in pairs if one == other)
    of_left, of_right = Counter[str](), Counter[str]()
    for one, other, count in pairs:
        of_left[one] += count
        of_right[other] += count
    by_chance = sum(count * of_right[label] for label, count in of_left.items()) / total
    return rounded((agreed - by_chance) / (total - by_chance))


def nominal_alpha(units: Sequence[Sequence[T]]) -> float | None:
    """Krippendorff's alpha, over units of two or more values without an order; null where all values are equal."""
    return _alpha(units, lambda left, right: left != right)


def ordinal_alpha(units: Sequence[Sequence[str]], labels: Sequence[str]) -> float | None:
    """The same for labels in an order: two differ by how many of the given labels lie between them."""
    counts = Counter(label for unit in units for label in unit)
    given = [counts[label] for label in labels]
    middles = [whole - own / 2 for whole, own in zip(accumulate(given), given, strict=True)]
    places = dict(zip(labels, middles, strict=True))
    return _alpha(units, lambda left, right: (places[left] - places[right]) ** 2)


def interval_alpha(units: Sequence[Sequence[float]]) -> float | None:
    """The same for numbers, which differ by the square of their difference."""
    return _alpha(units, lambda left, right: (left - right) ** 2)


def _alpha(units: Sequence[Sequence[T]], difference: Callable[[T, T], float]) -> float | None:
    """1 - observed / expected disagreement.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections C to E.
    """
    values = Counter(value for unit in units for value in unit)
    expected = _disagreement(values, difference) / (values.total() - 1) if len(values) > 1 else 0
    if not expected:
        return None
    observed = sum(_disagreement(Counter(unit), difference) / (len(unit) - 1) for unit in units)
    return rounded(1 - observed / expected)


def _disagreement(counts: Counter[T], difference: Callable[[T, T], float]) -> float:
    """The differences of all ordered pairs."""
    return sum(
        count * other_count * difference(value, other)
        for value, count in counts.items()
        for other, other_count in counts.items()
    )
