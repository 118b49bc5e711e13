"""Section 3.1 of the paper: every number agrees with other libraries, and says over how many videos it is."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import fmean

import jiwer
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import jaccard_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import MultiLabelBinarizer

from gettok.compare.pairs import TextPair, compare, text_pairs
from gettok.compare.summary import MEANINGS, summary
from gettok.compare.text_sources import COMPARED, pair_name, video_texts
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS
from gettok.text.embedders.charngram import CharNgrams
from gettok.text.tokens import normalise

NOON = datetime(2022, 12, 7, 12, tzinfo=UTC)
EMBEDDER = CharNgrams()
ESTIMATES = tuple(MEANINGS)

sentences = st.lists(
    st.sampled_from(["el", "pueblo", "Castillo,", "libertad.", "¡no!", "sí", "Perú", "🇵🇪", "10.000"]),
    min_size=1,
    max_size=12,
).map(" ".join)
spoken = sentences.filter(normalise)


def pair(left_text, right_text, number=1, **more):
    named = {"left": "voice_to_text", "right": "whisper", **more}
    video_id = str(7213456789012345678 + number)
    return TextPair(video_id, NOON, left_text=left_text, right_text=right_text, **named)


def three():
    return [
        pair("Fuerza Presidente Castillo.", "Fuerza, presidente Castillo.", 1),
        pair("El pueblo marcha en Lima", "El pueblo marcha en Puno hoy", 2),
        pair("No", "No", 3),
    ]


def study(*videos):
    """Texts of the videos, each given as voice_to_text, captions and ours."""
    ids = [str(number) for number in range(len(videos))]
    return video_texts(
        VIDEOS.frame(
            {"video_id": name, "created_at": NOON, "voice_to_text": video[0]}
            for name, video in zip(ids, videos, strict=True)
        ),
        CAPTIONS.frame(
            {"video_id": name, "text": video[1], "language": "spa-ES", "source": "ASR"}
            for name, video in zip(ids, videos, strict=True)
            if video[1]
        ),
        TRANSCRIPTS.frame(
            {"video_id": name, "text": video[2], "language": "es", "status": "ok"}
            for name, video in zip(ids, videos, strict=True)
            if video[2]
        ),
    )


def compared(pairs):
    return PAIRS.frame(similarity.row for similarity in compare(pairs, EMBEDDER))


def summed(table):
    return summary(table, compared(text_pairs(table)), EMBEDDER.description, 0)


def numbers(pairs):
    """The numbers of pairs that are all of TikTok's transcript and ours."""
    table = study(*((text_pair.left_text, None, text_pair.right_text) for text_pair in pairs))
    return summed(table)["pairs"]["voice_to_text_and_whisper"]


def value(pairs, name):
    return numbers(pairs)[name]["value"]


def test_rows_are_those_of_the_table_of_pairs():
    rows = [similarity.row for similarity in compare(three(), EMBEDDER)]
    assert PAIRS.frame(rows).height == 3
    assert set(rows[0]) == set(PAIRS.schema)
    assert [row["video_id"] for row in rows] == [text_pair.video_id for text_pair in three()]


def test_a_row_counts_each_difference_once():
    rows = [similarity.row for similarity in compare(three(), EMBEDDER)]
    counts = [(row["capitalisation"], row["punctuation"], row["spelling"]) for row in rows]
    assert counts == [(1, 1, 0), (0, 0, 2), (0, 0, 0)]
    assert [(row["left_words"], row["right_words"]) for row in rows] == [(3, 3), (5, 6), (1, 1)]
    assert [row["jaccard"] for row in rows] == [1, round(4 / 7, 4), 1]
    assert [row["wer"] for row in rows] == [0, 0.4, 0]
    # "lima" becomes "puno hoy": eight edits of 24 characters
    assert [row["cer"] for row in rows] == [0, round(8 / 24, 4), 0]


@given(st.lists(st.tuples(spoken, spoken), min_size=3, max_size=8))
@settings(max_examples=60)
def test_the_numbers_of_section_3_1_are_those_of_scipy_scikit_learn_and_jiwer(both):
    result = numbers([pair(*texts) for texts in both])
    left, right = ([normalise(texts[side]) for texts in both] for side in (0, 1))
    lengths = [len(words) for words in left], [len(words) for words in right]
    if min(len(set(of_side)) for of_side in lengths) > 1:
        r = stats.pearsonr(*lengths).statistic
        assert result["pearson_r"]["value"] == pytest.approx(r, abs=1e-4)
        assert result["pearson_r"]["value"] == pytest.approx(np.corrcoef(*lengths)[0, 1], abs=1e-4)
        assert result["r_squared"]["value"] == pytest.approx(r**2, abs=1e-4)
    else:
        assert result["pearson_r"]["value"] is result["r_squared"]["value"] is None
    labels = MultiLabelBinarizer().fit([*left, *right, ["one", "more"]])  # of one label it would make no sets
    shared = jaccard_score(labels.transform(left), labels.transform(right), average="samples")
    assert result["mean_jaccard"]["value"] == pytest.approx(shared, abs=1e-4)
    vectors = [EMBEDDER.embed([texts[side] for texts in both]) for side in (0, 1)]
    near = np.diag(cosine_similarity(*vectors)).mean()
    assert result["mean_cosine"]["value"] == pytest.approx(near, abs=1e-4)
    joined = [[" ".join(words) for words in of_side] for of_side in (left, right)]
    assert result["wer"]["value"] == pytest.approx(jiwer.wer(*joined), abs=1e-4)
    assert result["cer"]["value"] == pytest.approx(jiwer.cer(*joined), abs=1e-4)
    assert {result[name]["n"] for name in ESTIMATES if name != "same_language"} == {len(both)}


def test_r_squared_is_that_of_the_straight_line_through_the_word_counts():
    lengths = [(4, 5), (9, 7), (2, 2), (12, 14)]
    result = value([pair("no " * left, "no " * right) for left, right in lengths], "r_squared")
    ours, theirs = [[left] for left, _ in lengths], [right for _, right in lengths]
    assert result == pytest.approx(LinearRegression().fit(ours, theirs).score(ours, theirs), abs=1e-4)


def test_the_mean_over_the_table_s_rows_is_the_summary_s():
    rows = [similarity.row for similarity in compare(three(), EMBEDDER)]
    result = numbers(three())
    assert result["mean_jaccard"]["value"] == pytest.approx(fmean(row["jaccard"] for row in rows), abs=1e-4)
    assert result["mean_cosine"]["value"] == pytest.approx(fmean(row["cosine"] for row in rows), abs=1e-4)
    assert result["differences"] == {"capitalisation": 1, "punctuation": 1, "spelling": 2}


def test_no_pairs_give_null_with_n_0():
    result = summed(study())
    assert set(result["pairs"]) == {pair_name(*sources) for sources in COMPARED}
    for of_pair in result["pairs"].values():
        assert of_pair["videos"] == {"both": 0, "left_only": 0, "right_only": 0, "neither": 0}
        for name in ESTIMATES:
            assert of_pair[name] == {"value": None, "n": 0, "low": None, "high": None}


def test_one_pair_has_means_and_no_correlation_and_no_interval():
    result = numbers(three()[:1])
    assert result["pearson_r"] == {"value": None, "n": 1, "low": None, "high": None}
    assert result["mean_jaccard"] == {"value": 1.0, "n": 1, "low": None, "high": None}


def test_texts_of_one_length_have_no_correlation():
    result = numbers([pair("uno dos", "uno"), pair("tres sí", "tres sí no"), pair("a b", "a b c d")])
    assert result["pearson_r"] == {"value": None, "n": 3, "low": None, "high": None}
    assert result["r_squared"]["value"] is None
    assert result["mean_jaccard"]["low"] < result["mean_jaccard"]["value"] < result["mean_jaccard"]["high"]


def test_equal_words_everywhere_give_values_and_null_intervals():
    result = numbers([pair("el pueblo", "El pueblo.") for _ in range(5)])
    assert result["mean_jaccard"] == {"value": 1.0, "n": 5, "low": None, "high": None}
    assert result["wer"] == {"value": 0.0, "n": 5, "low": None, "high": None}
    assert result["pearson_r"]["value"] is None


@given(st.lists(st.tuples(st.none() | sentences, st.none() | sentences, st.none() | sentences), max_size=6))
@settings(max_examples=40)
def test_whatever_the_texts_the_summary_is_json_without_nan(videos):
    result = summed(study(*videos))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    for of_pair in result["pairs"].values():
        assert sum(of_pair["videos"].values()) == len(videos)
        for name in ESTIMATES:
            low, high = of_pair[name]["low"], of_pair[name]["high"]
            assert (low is None) == (high is None)
            assert low is None or low <= high


@given(st.permutations(three()))
@settings(max_examples=6)
def test_the_order_of_the_pairs_changes_no_value(pairs):
    assert [value(pairs, name) for name in ESTIMATES] == [value(three(), name) for name in ESTIMATES]


def test_each_two_of_the_three_text_sources_are_compared_with_tiktok_s_as_the_reference():
    table = study(
        ("uno dos", "Uno, dos.", "uno tos"),
        ("uno", None, "uno"),
        (None, "Sí.", "no"),
        ("a b", "a b", None),
        ("solo", None, None),
        (None, None, None),
        ("👍", "…", "ya"),
    )
    result = text_pairs(table)
    assert [(text_pair.video_id, text_pair.left, text_pair.right) for text_pair in result] == [
        ("0", "voice_to_text", "whisper"),
        ("0", "captions", "whisper"),
        ("0", "voice_to_text", "captions"),
        ("1", "voice_to_text", "whisper"),
        ("2", "captions", "whisper"),
        ("3", "voice_to_text", "captions"),
    ]
    assert PAIRS.frame(similarity.row for similarity in compare(result, EMBEDDER)).height == len(result)


def test_pairs_that_lack_a_side_are_counted():
    table = study(("uno", None, "uno"), ("a", "b", None), (None, None, "c"), (None, None, None))
    result = summed(table)["pairs"]
    assert result["voice_to_text_and_whisper"]["videos"] == {
        "both": 1,
        "left_only": 1,
        "right_only": 1,
        "neither": 1,
    }
    assert result["captions_and_whisper"]["videos"] == {
        "both": 0,
        "left_only": 1,
        "right_only": 2,
        "neither": 1,
    }


def test_a_language_agrees_where_both_sides_name_the_same():
    named = [
        pair("a", "a", 1, left="captions", left_language="es", right_language="es"),
        pair("a", "a", 2, left="captions", left_language="en", right_language="es"),
        pair("a", "a", 3, left="captions", left_language=None, right_language="es"),
    ]
    table = study(*((None, text_pair.left_text, text_pair.right_text) for text_pair in named))
    result = summary(table, compared(named), EMBEDDER.description, 0)["pairs"]["captions_and_whisper"]
    assert (result["same_language"]["value"], result["same_language"]["n"]) == (0.5, 2)
    assert result["mean_jaccard"]["n"] == 3


def test_tiktok_s_transcript_names_no_language():
    result = summed(study(("uno", "uno", "uno")))["pairs"]
    assert result["voice_to_text_and_whisper"]["same_language"]["n"] == 0
    assert asdict(text_pairs(study((None, "uno", "uno")))[0])["left_language"] == "es"
    assert result["captions_and_whisper"]["same_language"] == {
        "value": 1.0,
        "n": 1,
        "low": None,
        "high": None,
    }


def test_the_summary_says_how_its_numbers_were_made():
    meanings = summed(study(("uno", None, "uno")))["meanings"]
    assert set(ESTIMATES) < set(meanings)
    assert "case-folded" in meanings["normalisation"]
    assert "scipy.stats.bootstrap" in meanings["interval"]
    assert meanings["embedding"] == EMBEDDER.description


def test_texts_have_a_word_and_belong_to_the_videos_of_the_study():
    table = study(("👍 …", "¿?", "ya"), ("sí", None, None))
    assert table.select("voice_to_text", "captions", "whisper").rows() == [
        (None, None, "ya"),
        ("sí", None, None),
    ]
    assert table.schema["captions"] == pl.String
