from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from gettok.compare import Summary, TextPair, compare, coverage
from gettok.embed import CharNgrams
from gettok.tables import PAIRS, TRANSCRIPTS, VIDEOS

NOON = datetime(2022, 12, 7, 12, tzinfo=UTC)
EMBEDDER = CharNgrams()

sentences = st.lists(
    st.sampled_from(["el", "pueblo", "Castillo,", "libertad.", "¡no!", "sí"]), max_size=9
).map(" ".join)


def pair(tiktok, whisper, number=1):
    return TextPair(str(7213456789012345678 + number), NOON, tiktok, whisper)


def three():
    return [
        pair("Fuerza Presidente Castillo.", "Fuerza, presidente Castillo.", 1),
        pair("El pueblo marcha en Lima", "El pueblo marcha en Puno hoy", 2),
        pair("No", "No", 3),
    ]


def test_rows_are_those_of_the_table_of_pairs():
    rows, _ = compare(three(), EMBEDDER)
    assert PAIRS.frame(rows).height == 3
    assert set(rows[0]) == set(PAIRS.schema)
    assert [row["video_id"] for row in rows] == [one.video_id for one in three()]


def test_a_row_counts_each_difference_once():
    rows, _ = compare(three(), EMBEDDER)
    counts = [(row["capitalisation"], row["punctuation"], row["spelling"]) for row in rows]
    assert counts == [(1, 1, 0), (0, 0, 2), (0, 0, 0)]
    assert [(row["tiktok_words"], row["whisper_words"]) for row in rows] == [(3, 3), (5, 6), (1, 1)]
    assert [row["jaccard"] for row in rows] == [1, round(4 / 7, 4), 1]
    assert [row["wer"] for row in rows] == [0, 0.4, 0]


def test_the_summary_agrees_with_numpy():
    rows, summary = compare(three(), EMBEDDER)
    r = np.corrcoef([3, 5, 1], [3, 6, 1])[0, 1]
    assert summary == Summary(
        n=3,
        pearson_r=round(r, 4),
        r_squared=round(r**2, 4),
        mean_jaccard=round(float(np.mean([1, 4 / 7, 1])), 4),
        mean_cosine=round(float(np.mean([row["cosine"] for row in rows])), 4),
        mean_wer=round(0.4 / 3, 4),
        capitalisation=1,
        punctuation=1,
        spelling=2,
    )


def test_r_squared_is_that_of_the_straight_line_through_the_word_counts():
    lengths = [(4, 5), (9, 7), (2, 2), (12, 14)]
    _, summary = compare([pair("no " * left, "no " * right) for left, right in lengths], EMBEDDER)
    ours, theirs = [[left] for left, _ in lengths], [right for _, right in lengths]
    assert summary.r_squared == pytest.approx(
        LinearRegression().fit(ours, theirs).score(ours, theirs), abs=1e-4
    )


def test_no_pairs_have_no_means_and_no_correlation():
    rows, summary = compare([], EMBEDDER)
    assert rows == []
    assert summary == Summary(0, None, None, None, None, None, 0, 0, 0)


@pytest.mark.parametrize("pairs", [three()[:1], [pair("uno dos", "uno"), pair("tres sí", "tres sí no")]])
def test_one_pair_or_equal_lengths_have_no_correlation(pairs):
    _, summary = compare(pairs, EMBEDDER)
    assert summary.pearson_r is None
    assert summary.r_squared is None
    assert summary.mean_jaccard is not None


@given(st.lists(st.tuples(sentences, sentences), max_size=6))
@settings(deadline=None, max_examples=40)
def test_no_figure_is_ever_nan_and_every_one_is_in_range(texts):
    rows, summary = compare([pair(left, right) for left, right in texts], EMBEDDER)
    assert PAIRS.frame(rows).select(pl.col("jaccard", "cosine", "wer").is_nan().any()).row(0) in (
        (False, False, False),
        (None, None, None),
    )
    assert all(0 <= row["jaccard"] <= 1 and -1 <= row["cosine"] <= 1 and row["wer"] >= 0 for row in rows)
    assert summary.pearson_r is None or -1 <= summary.pearson_r <= 1


@given(st.permutations(three()))
@settings(deadline=None, max_examples=6)
def test_the_order_of_the_pairs_changes_no_summary(pairs):
    assert compare(pairs, EMBEDDER)[1] == compare(three(), EMBEDDER)[1]


def video(number, day, voice_to_text=None):
    return {
        "video_id": str(number),
        "created_at": datetime(2022, 12, day, 23, 59, tzinfo=UTC),
        "voice_to_text": voice_to_text,
    }


def test_coverage_counts_for_each_day_who_has_a_text():
    videos = VIDEOS.frame(
        [video(1, 8, "hola"), video(2, 7), video(3, 7, ""), video(4, 7, "sí"), video(5, 7, " ")]
    )
    transcripts = TRANSCRIPTS.frame(
        [
            {"video_id": "1", "status": "unusable", "reason": "no_speech"},
            {"video_id": "2", "status": "ok", "text": "El pueblo."},
            {"video_id": "4", "status": "ok", "text": "Sí."},
            {"video_id": "9", "status": "ok", "text": "of no video"},
        ]
    )
    assert coverage(videos, transcripts).rows() == [
        (date(2022, 12, 7), 4, 1, 2),
        (date(2022, 12, 8), 1, 1, 0),
    ]


def test_coverage_of_nothing_is_an_empty_table_with_its_columns():
    empty = coverage(VIDEOS.frame([]), TRANSCRIPTS.frame([]))
    assert empty.schema == {
        "day": pl.Date,
        "videos": pl.Int64,
        "with_tiktok_text": pl.Int64,
        "with_whisper_text": pl.Int64,
    }
    assert empty.is_empty()
