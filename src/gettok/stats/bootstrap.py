"""A number over some videos, with how many they are and how far it would move had they been others."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

_DIGITS = 4
_RESAMPLES = 2_000
_SEED = 20221207
#: Below this a difference is rounding.
_NOISE = 1e-9
#: Numbers in memory at a time.
_AT_ONCE = 2_000_000

#: What `Estimate` promises, for whoever reads the numbers.
INTERVAL = (
    f"low to high is the 95 % percentile bootstrap interval (scipy.stats.bootstrap, {_RESAMPLES} resamples of videos,"
    f" seed {_SEED}); null where it cannot be had: fewer than two videos, all alike, or so few that a resample has no"
    " such number"
)

Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value over `n` videos with its 95 % interval, to four places; `None` is what cannot be said."""

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
    return _estimate(_over, parts, wholes)


def correlation(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """Pearson's r of two numbers a video."""
    return _of_varied(_pearson, left, right)


def determination(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """R², which is r squared: of the straight line through the two numbers."""
    return _of_varied(lambda one, other, axis=-1: _pearson(one, other, axis) ** 2, left, right)


def _over(part: Numbers, whole: Numbers, axis: int = -1) -> Numbers:
    with np.errstate(invalid="ignore"):  # a resample without any word has no rate
        return np.asarray(np.sum(part, axis=axis) / np.sum(whole, axis=axis))


def _pearson(left: Numbers, right: Numbers, axis: int = -1) -> Numbers:
    with warnings.catch_warnings():
        # a resample may hold one video over and over; its r is then nan
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        return np.asarray(stats.pearsonr(left, right, axis=axis).statistic)


def _of_varied(statistic: Callable[..., Any], left: Sequence[float], right: Sequence[float]) -> Estimate:
    if len(left) < 3 or min(len(set(left)), len(set(right))) < 2:  # two points always lie on a line
        return Estimate(None, len(left))
    return _estimate(statistic, left, right)


def _estimate(statistic: Callable[..., Any], *numbers: Sequence[float]) -> Estimate:
    samples = [np.asarray(of_video, np.float64) for of_video in numbers]
    count = len(samples[0])
    if not count:
        return Estimate(None, 0)
    value = round(float(statistic(*samples, axis=-1)), _DIGITS)
    varied = len(set(zip(*numbers, strict=True))) > 1
    low, high = _interval(statistic, samples) if varied else (None, None)
    return Estimate(value, count, low, high)


def _interval(statistic: Callable[..., Any], samples: Sequence[Numbers]) -> tuple[float | None, float | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # it says what the caller sees: nan
        drawn = stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            vectorized=True,
            n_resamples=_RESAMPLES,
            batch=max(1, _AT_ONCE // len(samples[0])),
            method="percentile",
            rng=np.random.default_rng(_SEED),
        ).confidence_interval
    low, high = float(drawn.low), float(drawn.high)
    if not high - low > _NOISE:  # nan, or every resample the same
        return None, None
    return round(low, _DIGITS), round(high, _DIGITS)
