"""Shares and means over videos of which several may be by one account, with intervals that allow for that.

Videos of one account are alike, so that they tell less than as many of different accounts. The variance of a share or
mean is the linearised one of a ratio, over the accounts' totals (Cochran, Sampling Techniques, 3rd ed. 1977, sections
6.5 and 9A). The interval of a share is Wilson's with the effective number of videos that this variance gives, corrected
for few accounts (Korn and Graubard, Survey Methodology 24, 1998; Dean and Pagano, Journal of Survey Statistics and
Methodology 3, 2015); that of a mean is Student's.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from gettok.stats.bootstrap import Estimate
from gettok.stats.proportions import Share, rounded

#: What these intervals are, for readers of the numbers.
INTERVAL = (
    "the intervals hold at 95 % and allow for several videos of one account (linearised variance over accounts):"
    " Wilson's with the effective number of videos for a share, Student's for a mean, Newcombe's hybrid of two of these"
    " for a difference; there is none for a single account"
)
_TWO_SIDED = 0.975

_Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A share or mean before and after, and the difference; null where one of them has no videos, or no interval."""

    before: Share | Estimate | None
    after: Share | Estimate | None
    value: float | None
    low: float | None
    high: float | None


def clustered_shares(
    videos: pl.DataFrame, held: pl.DataFrame, labels: Sequence[str], by: str
) -> Mapping[tuple[Hashable, str], Share]:
    """For each value of the column `by` of `videos` and each label, the share of the videos that have the label.

    `videos` has a row for each `video` with its `account`; `held` has a row for each video and label that it has.
    """
    sizes = videos.group_by(by, "account").agg(n=pl.len())
    has = held.join(videos, on="video").group_by(by, "label", "account").agg(y=pl.len())
    named = pl.DataFrame({"label": list(labels)}, schema={"label": pl.String})
    sums = _sums(has.join(sizes, on=[by, "account"]), [by, "label"])
    every = _sizes(sizes, by).join(named, how="cross")
    every = every.join(sums, on=[by, "label"], how="left", maintain_order="left").fill_null(0)
    p, n, variance, accounts = _ratios(every)
    low, high = _wilson(p, n, variance, accounts)
    return {
        (key, label): Share(int(count), int(of), rounded(count / of), *_bounds(lowest, highest))
        for key, label, count, of, lowest, highest in zip(
            every[by], every["label"], every["y"], every["n"], low, high, strict=True
        )
    }


def clustered_means(videos: pl.DataFrame, by: str) -> Mapping[Hashable, Estimate]:
    """For each value of the column `by` of `videos`, the mean of their `value`; each video has its `account`."""
    in_order = videos.sort("account", "value")  # of numbers, another order may have another sum
    totals = in_order.group_by(by, "account", maintain_order=True).agg(n=pl.len(), y=pl.col("value").sum())
    every = _sizes(totals, by).join(_sums(totals, [by]), on=by, maintain_order="left")
    means, n, variance, accounts = _ratios(every)
    half = _quantiles(accounts)[1] * np.sqrt(variance)
    return {
        key: Estimate(rounded(mean), int(of), *_bounds(mean - reach, mean + reach))
        for key, mean, of, reach in zip(every[by], means.tolist(), n.tolist(), half, strict=True)
    }


def change(before: Share | Estimate | None, after: Share | Estimate | None) -> Change:
    """With the hybrid interval of the two intervals (Newcombe, Statistics in Medicine 17, 1998, method 10).

    It takes the two sides for independent, so it is too wide where accounts that do not change have videos on both.
    """
    if before is None or after is None or before.value is None or after.value is None:
        return Change(before, after, None, None, None)
    difference = after.value - before.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Change(before, after, rounded(difference), None, None)
    down = hypot(after.value - after.low, before.high - before.value)
    up = hypot(after.high - after.value, before.value - before.low)
    return Change(before, after, rounded(difference), rounded(difference - down), rounded(difference + up))


def _sizes(of_accounts: pl.DataFrame, by: str) -> pl.DataFrame:
    n = pl.col("n").cast(pl.Float64)
    return of_accounts.group_by(by).agg(n=n.sum(), nn=(n**2).sum(), accounts=pl.len()).sort(by)


def _sums(of_accounts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Over the accounts' numbers of videos `n` and totals `y`: the sums of y, y² and y·n."""
    n, y = (pl.col(name).cast(pl.Float64) for name in ("n", "y"))
    sums = {"y": y.sum(), "yy": (y**2).sum(), "yn": (y * n).sum()}
    return of_accounts.group_by(by, maintain_order=True).agg(**sums)


def _ratios(sums: pl.DataFrame) -> tuple[_Numbers, _Numbers, _Numbers, _Numbers]:
    """The ratio of each row, its number of videos, its variance and its number of accounts."""
    y, yy, yn, n, nn, accounts = (
        sums[name].cast(pl.Float64).to_numpy() for name in ("y", "yy", "yn", "n", "nn", "accounts")
    )
    ratio = y / n
    squares = yy - 2 * ratio * yn + ratio**2 * nn  # of the residuals y - ratio * n
    return ratio, n, _variance(np.maximum(squares, 0) / n**2, accounts), accounts


def _variance(squares: _Numbers, accounts: _Numbers) -> _Numbers:
    """By the sum of the accounts' squared residuals; nan for a single account."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(accounts > 1, squares * accounts / (accounts - 1), np.nan)


def _wilson(p: _Numbers, n: _Numbers, variance: _Numbers, accounts: _Numbers) -> tuple[_Numbers, _Numbers]:
    """Where all videos are alike, there is no variance to be seen: each account then counts as one video."""
    z, t = _quantiles(accounts)
    alike = (p <= 0) | (p >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(alike, accounts, np.fmin(n, p * (1 - p) / variance)) * (z / t) ** 2
        middle = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
        half = z * np.sqrt(p * (1 - p) / effective + (z / (2 * effective)) ** 2) / (1 + z**2 / effective)
    return np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)


def _quantiles(accounts: _Numbers) -> tuple[float, _Numbers]:
    """Of the normal distribution, and of Student's with a degree of freedom less than accounts; nan for one account."""
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - as in `proportions`

    freedom = np.where(accounts > 1, accounts - 1, np.nan)
    return float(ndtri(_TWO_SIDED)), np.asarray(stdtrit(freedom, _TWO_SIDED), np.float64)


def _bounds(low: float, high: float) -> tuple[float | None, float | None]:
    return (None, None) if np.isnan(low) else (rounded(float(low)), rounded(float(high)))
