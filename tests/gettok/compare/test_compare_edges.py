"""Each side and each cell of a comparison, with texts of unlike length."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from gettok.compare.pairs import Similarity, TextPair, compare, text_pairs
from gettok.compare.summary import summary
from gettok.compare.text_sources import overlap, per_day, translations, video_texts
from gettok.compare.truth import COLUMNS, by_condition, error_rates, our_texts, truth_summary
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS
from gettok.text.embedders.charngram import CharNgrams
from gettok.text.tokens import Errors

NOON = datetime(2022, 12, 7, 12, tzinfo=UTC)


def pair(left_text, right_text, video_id="1", left="voice_to_text", **languages):
    return TextPair(video_id, NOON, left, "whisper", left_text, right_text, **languages)


def table_of(found):
    return PAIRS.frame(similarity.row for similarity in found)


def test_a_row_has_the_right_text_s_errors_against_the_left_to_four_places():
    (found,) = compare([pair("Uno dos tres", "uno, dos cuatro cinco")], CharNgrams())
    made = PAIRS.frame([found.row]).row(0, named=True)
    assert made["cosine"] == round(found.cosine, 4)
    assert {name: made[name] for name in ("left_words", "right_words", "jaccard", "wer", "cer")} == {
        "left_words": 3,
        "right_words": 4,
        "jaccard": 0.4,
        "wer": 0.6667,
        "cer": round(found.errors.wrong_characters / 12, 4),
    }
    assert (made["capitalisation"], made["punctuation"], made["spelling"]) == (0, 1, 2)
    assert (made["left_text"], made["right_text"]) == ("Uno dos tres", "uno, dos cuatro cinco")


def test_rates_against_a_text_without_words_are_null_and_a_cosine_has_no_sign_at_0():
    row = Similarity(pair("", "x"), 1, 0.0, -0.00001, Errors(0, 1, 0, 1), {}).row
    assert (row["wer"], row["cer"]) == (None, None)
    assert str(row["cosine"]) == "0.0"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("es", "es", True), ("es", "en", False), (None, "es", None), ("es", None, None), (None, None, None)],
)
def test_two_languages_are_the_same_or_not_only_where_both_are_named(left, right, same):
    found = compare([pair("a", "a", left_language=left, right_language=right)], CharNgrams())
    made = summary(video_texts(*study()), table_of(found), "letters", 0)
    numbers = made["pairs"]["voice_to_text_and_whisper"]["same_language"]
    assert (numbers["value"], numbers["n"]) == (same, same is not None)


def study():
    """Of two sources, one video has both, two the left alone, three the right alone, and four neither."""
    texts = [("a", "b")] + [("a", None)] * 2 + [(" ¡!", "b")] * 3 + [(None, "…")] * 4
    days = [NOON.replace(hour=23, minute=59), NOON.replace(day=8, hour=0), NOON.replace(day=6)]
    videos = [
        {"video_id": str(place), "created_at": days[place % 3] if place < 9 else None, "voice_to_text": left}
        for place, (left, _) in enumerate(texts)
    ]
    ours = [
        {"video_id": str(place), "status": "ok", "text": right, "language": "es"}
        for place, (_, right) in enumerate(texts)
    ]
    captions = [
        {"video_id": "0", "text": "c", "language": "spa-ES", "source": "ASR"},
        {"video_id": "1", "text": "d", "language": "eng-US", "source": "MT"},
        {"video_id": "2", "text": "e", "language": "spa-ES", "source": "mt"},
        {"video_id": "5", "text": "f", "language": "spa-ES"},
    ]
    return VIDEOS.frame(videos[::-1]), CAPTIONS.frame(captions), TRANSCRIPTS.frame(ours)


def test_videos_with_both_texts_one_or_neither_are_counted_apart():
    texts = video_texts(*study())
    assert texts["video_id"].to_list() == [str(place) for place in range(10)]
    assert overlap(texts, "voice_to_text", "whisper") == {
        "both": 1,
        "left_only": 2,
        "right_only": 3,
        "neither": 4,
    }
    assert texts["captions"].drop_nulls().to_list() == ["c", "e", "f"]
    assert translations(study()[1]) == 1


def test_a_day_is_a_day_in_utc_and_a_video_without_one_is_on_none():
    assert per_day(video_texts(*study())).rows() == [
        (date(2022, 12, 6), 3, 1, 2, 1),
        (date(2022, 12, 7), 3, 1, 1, 2),
        (date(2022, 12, 8), 3, 1, 0, 1),
    ]


def test_pairs_come_by_video_and_in_the_written_order_with_their_own_languages():
    found = text_pairs(video_texts(*study()))
    assert [(one.video_id, one.left, one.right) for one in found] == [
        ("0", "voice_to_text", "whisper"),
        ("0", "captions", "whisper"),
        ("0", "voice_to_text", "captions"),
        ("2", "voice_to_text", "captions"),
        ("5", "captions", "whisper"),
    ]
    assert [(one.left_language, one.right_language) for one in found[:3]] == [
        (None, "es"),
        ("es", "es"),
        (None, "es"),
    ]
    assert [(one.left_text, one.right_text) for one in found[:3]] == [("a", "b"), ("c", "b"), ("a", "c")]


def test_the_summary_weighs_each_word_of_a_rate_and_each_video_of_a_mean_alike():
    texts = [("uno", "unos"), ("a b c d e f g h i", "a b c d e f g h i")]
    found = compare([pair(*both, video_id=str(place)) for place, both in enumerate(texts)], CharNgrams())
    other = compare([pair("x", "y", left="captions")], CharNgrams())
    made = summary(video_texts(*study()), table_of([*found, *other]), "letters", 7)
    numbers = made["pairs"]["voice_to_text_and_whisper"]
    assert (numbers["wer"]["value"], numbers["wer"]["n"]) == (0.1, 2)
    assert numbers["cer"]["value"] == round(found[0].errors.wrong_characters / (3 + 17), 4)
    assert (numbers["mean_jaccard"]["value"], numbers["mean_cosine"]["n"]) == (0.5, 2)
    assert 0.5 < numbers["mean_cosine"]["value"] == round((found[0].cosine + 1) / 2, 4)
    assert numbers["differences"] == {"capitalisation": 0, "punctuation": 0, "spelling": 1}
    assert (numbers["left"], numbers["right"]) == ("voice_to_text", "whisper")
    assert numbers["videos"]["left_only"] == 2
    assert made["pairs"]["captions_and_whisper"]["wer"]["n"] == 1
    assert made["translated_captions_left_out"] == 7
    assert made["meanings"]["embedding"] == "letters"


def spoken(*rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def test_a_long_video_weighs_more_in_an_error_rate():
    truth = spoken(("1", "uno", "a"), ("2", "a b c d e f g h i", "a"))
    found = error_rates(truth, {"1": "dos", "2": "a b c d e f g h i"})
    assert (found.wer.value, found.cer.value, found.wer.n) == (0.1, 0.15, 2)


def test_conditions_are_in_order_of_name_and_have_their_own_videos():
    truth = spoken(
        ("1", "uno", "z"), ("2", "dos", "b"), ("1", "uno", "b"), ("3", "tres", None), ("4", "", "z")
    )
    found = by_condition(truth, {"1": "uno", "2": "", "4": "uno dos"})
    assert list(found) == ["b", "z"]
    counts = {
        name: (each.spoken, each.not_compared, each.missed_entirely, each.silent, each.words_without_speech)
        for name, each in found.items()
    }
    assert counts == {"b": (2, 0, 1, 0, 0), "z": (1, 0, 0, 1, 2)}


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ("ok", None, "hola"),
        ("unusable", "no_speech", ""),
        ("unusable", "music", ""),
        ("unusable", "no_media", None),
        ("unusable", "no_audio", None),
        ("unusable", None, None),
    ],
)
def test_only_a_sound_that_was_listened_to_has_a_text(status, reason, text):
    row = {"video_id": "1", "status": status, "reason": reason, "text": text or None}
    assert our_texts(TRANSCRIPTS.frame([row])) == ({} if text is None else {"1": text})


def test_the_truth_of_videos_outside_the_study_is_counted_once_for_each():
    truth = spoken(("0", "b", "x"), ("77", "y", "x"), ("77", "y", "z"), ("0", "b", "z"), ("88", "y", "x"))
    videos, captions, ours = study()
    made = truth_summary(truth, video_texts(videos, captions, ours), ours)
    assert made["not_in_study"] == 2
    rates = {source: each["all"]["wer"]["value"] for source, each in made["text_sources"].items()}
    assert rates == {"voice_to_text": 1.0, "captions": 1.0, "whisper": 0.0}
    assert {name: each["spoken"] for name, each in made["text_sources"]["whisper"]["conditions"].items()} == {
        "x": 1,
        "z": 1,
    }
