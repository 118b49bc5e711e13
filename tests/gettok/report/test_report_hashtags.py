"""Hashtags are counted as the settings say."""

import unicodedata

import polars as pl
import pytest
from small_study import tables, video

from gettok.report import metrics


def spelled() -> pl.DataFrame:
    return tables(
        video(1, hashtags=["Perú", "peru", "PERU"], view_count=5),
        video(2, hashtags=["Perú", "lima", ""], view_count=7),
        video(3, hashtags=None, view_count=100),
        video(4, hashtags=["peru"], view_count=1),
        video(5, hashtags=["Perú", "Perú"], view_count=None),
    ).videos


def test_folded_hashtags_are_counted_once_a_video_and_shown_as_most_videos_spell_them():
    assert metrics.hashtags(spelled(), "videos") == [("Perú", 4), ("lima", 1)]
    assert metrics.hashtags(spelled(), "views") == [("Perú", 13), ("lima", 7)]


@pytest.mark.parametrize("spellings", ["folded", "verbatim"])
def test_the_two_unicode_forms_of_a_hashtag_are_one(spellings):
    composed, decomposed = "Perú", unicodedata.normalize("NFD", "Perú")
    both = tables(video(1, hashtags=[composed, decomposed]), video(2, hashtags=[decomposed])).videos
    assert metrics.hashtags(both, "videos", spellings) == [(composed, 2)]


def test_verbatim_hashtags_are_counted_as_received():
    counted = metrics.hashtags(spelled(), "videos", "verbatim")
    assert counted == [("Perú", 3), ("peru", 2), ("PERU", 1), ("lima", 1)]
    assert dict(metrics.hashtags(spelled(), "views", "verbatim")) == {
        "Perú": 12,
        "lima": 7,
        "peru": 6,
        "PERU": 5,
    }
