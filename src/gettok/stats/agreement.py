"""Agreement between labels without an order, beyond what chance would give."""

from collections import Counter
from collections.abc import Sequence

from sklearn.metrics import cohen_kappa_score

from gettok.stats.proportions import rounded


def kappa(left: Sequence[str], right: Sequence[str], counts: Sequence[int]) -> float | None:
    """Cohen's kappa of pairs of labels with their counts; null where all are equal, as chance would give that, too."""
    if len({*left, *right}) < 2:
        return None
    return rounded(float(cohen_kappa_score(left, right, sample_weight=counts)))


def nominal_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """1 - observed / expected disagreement, over units of two or more labels; null where all labels are equal.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C.
    """
    labels = Counter(label for unit in units for label in unit)
    expected = _differing_pairs(labels) / (labels.total() - 1) if len(labels) > 1 else 0
    if not expected:
        return None
    observed = sum(_differing_pairs(Counter(unit)) / (len(unit) - 1) for unit in units)
    return rounded(1 - observed / expected)


def _differing_pairs(counts: Counter[str]) -> int:
    """Ordered pairs of unequal labels."""
    return counts.total() ** 2 - sum(count**2 for count in counts.values())
