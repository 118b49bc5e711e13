"""Shares and means by account: the variance by hand, the cases without one, and how often the interval is right."""

from math import sqrt

import numpy as np
import polars as pl
import pytest
from scipy import stats

from gettok.stats.bootstrap import Estimate
from gettok.stats.clustered import change, clustered_means, clustered_shares
from gettok.stats.proportions import Share, share


def videos(accounts, day=1):
    """A video for each of these accounts, all of one day."""
    return pl.DataFrame({"video": [str(n) for n in range(len(accounts))], "account": list(accounts)}).select(
        "video", "account", day=pl.lit(day)
    )


def held(of, has):
    return of.filter(pl.Series([bool(int(one)) for one in has])).select("video", label=pl.lit("yes"))


def of_day(accounts, has):
    of = videos(accounts)
    return clustered_shares(of, held(of, has), ("yes",), "day")[1, "yes"]


def test_a_share_s_interval_is_wilson_s_with_the_effective_number_of_videos():
    found = of_day("aaabbcd", "1110010")
    p, n, accounts = 4 / 7, 7, 4
    residuals = [3 - 3 * p, 0 - 2 * p, 1 - p, 0 - p]
    variance = accounts / (accounts - 1) * sum(residual**2 for residual in residuals) / n**2
    z, t = stats.norm.ppf(0.975), stats.t.ppf(0.975, accounts - 1)
    effective = p * (1 - p) / variance * (z / t) ** 2
    middle = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z * sqrt(p * (1 - p) / effective + (z / (2 * effective)) ** 2) / (1 + z**2 / effective)
    assert found == Share(4, 7, 0.5714, round(middle - half, 4), round(middle + half, 4))


def test_videos_of_many_accounts_have_nearly_wilson_s_interval_and_those_of_few_a_wider_one():
    has = "10" * 100
    apart, together = (
        of_day([str(n) for n in range(200)], has),
        of_day([str(n // 20) for n in range(200)], has),
    )
    wilson = share(100, 200)
    assert (apart.low, apart.high) == pytest.approx((wilson.low, wilson.high), abs=0.002)
    alike = of_day([str(n // 20) for n in range(200)], ("1" * 20 + "0" * 20) * 5)
    assert alike.high - alike.low > 3 * (apart.high - apart.low)
    assert together.high - together.low >= apart.high - apart.low, "never narrower than of independent videos"


def test_where_all_are_alike_an_account_counts_as_a_video_and_one_account_has_no_interval():
    none, every = of_day("aaab", "0000"), of_day("aaab", "1111")
    assert (none.count, none.low, none.high) == (0, 0.0, round(1 - every.low, 4))
    effective = 2 * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 1)) ** 2
    assert none.high == round(1 / (1 + effective / stats.norm.ppf(0.975) ** 2), 4)
    assert of_day("aaa", "101") == Share(2, 3, 0.6667, None, None)


def test_a_label_that_no_video_has_has_a_share_of_each_day_and_an_empty_day_has_none():
    of = pl.concat([videos("ab", 1), videos("ab", 3).with_columns(video=pl.col("video") + "x")])
    found = clustered_shares(of, held(of, "1000"), ("yes", "no"), "day")
    assert {key: (share.count, share.n) for key, share in found.items()} == {
        (1, "yes"): (1, 2),
        (1, "no"): (0, 2),
        (3, "yes"): (0, 2),
        (3, "no"): (0, 2),
    }
    assert clustered_shares(of.clear(), held(of, "1000"), ("yes",), "day") == {}


def test_the_interval_covers_the_truth_about_as_often_as_it_says_though_accounts_differ():
    chance = np.random.default_rng(7)
    studies, accounts = 400, 40
    shares = chance.beta(0.6, 1.4, (studies, accounts))  # each account's own, 0.3 on average
    counts = chance.integers(1, 15, (studies, accounts))
    of_account = np.repeat(np.arange(studies * accounts), counts.ravel())
    has = chance.random(len(of_account)) < shares.ravel()[of_account]
    of = videos([str(account) for account in of_account]).with_columns(day=pl.Series(of_account // accounts))
    found = clustered_shares(of, held(of, has), ("yes",), "day").values()
    naive = [share(of_study.count, of_study.n) for of_study in found]
    covered, naively = (sum(one.low <= 0.3 <= one.high for one in of) / studies for of in (found, naive))
    assert 0.92 < covered < 0.99
    assert naively < 0.75


def test_a_mean_has_student_s_interval_over_accounts():
    of = videos("aabc").with_columns(value=pl.Series([1.0, 3.0, 5.0, 9.0]))
    mean, n = 4.5, 4
    residuals = [4 - 2 * mean, 5 - mean, 9 - mean]
    half = stats.t.ppf(0.975, 2) * sqrt(3 / 2 * sum(residual**2 for residual in residuals) / n**2)
    expected = Estimate(4.5, 4, round(mean - half, 4), round(mean + half, 4))
    assert clustered_means(of, "day") == {1: expected}
    assert clustered_means(of.head(2), "day") == {1: Estimate(2.0, 2)}


def test_a_change_has_newcombe_s_hybrid_interval():
    # Newcombe, Interval estimation for the difference between independent proportions (1998), table II, method 10
    found = change(share(48, 80), share(56, 70))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1.5e-4)


def test_a_change_without_videos_or_interval_on_a_side_says_what_it_can():
    one, alone = share(1, 2), Share(1, 2, 0.5, None, None)
    nothing = share(0, 0)
    assert (change(None, one).value, change(one, nothing).value) == (None, None)
    assert (change(one, alone).value, change(one, alone).low) == (0.0, None)
