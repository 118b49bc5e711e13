"""Bootstrap intervals: a number over some videos, with how far it would move for other videos."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gettok.stats.proportions import rounded

_RESAMPLES = 2_000
_SEED = 20221207
#: A smaller difference is due to rounding.
_NOISE = 1e-9
#: So many numbers are in memory at a time.
_BATCH = 2_000_000

#: What the interval of an `Estimate` is, for readers of the numbers.
INTERVAL = (
    f"low to high is the 95 % percentile bootstrap interval (scipy.stats.bootstrap, {_RESAMPLES} resamples of videos,"
    f" seed {_SEED}); null where there is none: fewer than two videos, all alike, or so few that the number is"
    " undefined for some resamples"
)

Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value over `n` videos with its 95 % interval, to four places; `None` where it is undefined."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def mean(values: Sequence[float]) -> Estimate:
    """The mean of one number a video."""
    return _estimate(np.mean, values)


def ratio(parts: Sequence[float], wholes: Sequence[float]) -> Estimate:
    """The sum of the parts over the sum of the wholes, a part and a whole from each video."""
    if not any(wholes):
        return Estimate(None, len(parts))
    return _estimate(_ratio_of_sums, parts, wholes)


def correlation(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """Pearson's r of two numbers a video."""
    return _unless_constant(_pearson, left, right)


def determination(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """R² of the straight line through the two numbers, which is r squared."""
    return _unless_constant(lambda xs, ys, axis=-1: _pearson(xs, ys, axis) ** 2, left, right)


def _ratio_of_sums(parts: Numbers, wholes: Numbers, axis: int = -1) -> Numbers:
    with np.errstate(invalid="ignore"):  # a resample without any word has an undefined rate
        return np.asarray(np.sum(parts, axis=axis) / np.sum(wholes, axis=axis))


def _pearson(left: Numbers, right: Numbers, axis: int = -1) -> Numbers:
    """Along the last axis, which is the one that scipy's bootstrap asks for."""
    assert axis == -1
    xs = left - left.mean(axis=-1, keepdims=True)
    ys = right - right.mean(axis=-1, keepdims=True)
    with np.errstate(
        invalid="ignore"
    ):  # a resample may hold the same video again and again; its r is then nan
        r = _dot(xs, ys) / np.sqrt(_dot(xs, xs) * _dot(ys, ys))
    return np.asarray(np.clip(r, -1, 1))


def _dot(left: Numbers, right: Numbers) -> Numbers:
    return np.asarray(np.einsum("...i,...i->...", left, right))


def _unless_constant(
    statistic: Callable[..., Any], left: Sequence[float], right: Sequence[float]
) -> Estimate:
    if len(left) < 3 or min(len(set(left)), len(set(right))) < 2:  # two points always lie on a line
        return Estimate(None, len(left))
    return _estimate(statistic, left, right)


def _estimate(statistic: Callable[..., Any], *numbers: Sequence[float]) -> Estimate:
    samples = [np.asarray(values, np.float64) for values in numbers]
    count = len(samples[0])
    if not count:
        return Estimate(None, 0)
    value = rounded(float(statistic(*samples, axis=-1)))
    varied = len(set(zip(*numbers, strict=True))) > 1
    low, high = _interval(statistic, samples) if varied else (None, None)
    return Estimate(value, count, low, high)


def _interval(statistic: Callable[..., Any], samples: Sequence[Numbers]) -> tuple[float | None, float | None]:
    from scipy import stats  # noqa: PLC0415 - takes seconds to import, and most importers of this module count nothing

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", stats.DegenerateDataWarning
        )  # the caller sees the nan that it warns of
        interval = stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            vectorized=True,
            n_resamples=_RESAMPLES,
            batch=max(1, _BATCH // len(samples[0])),
            method="percentile",
            rng=np.random.default_rng(_SEED),
        ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    if not high - low > _NOISE:  # nan, or every resample the same
        return None, None
    return rounded(low), rounded(high)
