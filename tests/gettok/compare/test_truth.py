"""Error rates against the words that people wrote down, by condition, with the videos that are not in them."""

from datetime import UTC, datetime

import jiwer
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.compare.text_sources import TEXT_SOURCES, video_texts
from gettok.compare.truth import COLUMNS, by_condition, error_rates, our_texts, read_truth, truth_summary
from gettok.errors import BadInput
from gettok.tables import CAPTIONS, TRANSCRIPTS, VIDEOS

NOON = datetime(2022, 12, 7, 12, tzinfo=UTC)
words = st.lists(st.sampled_from(["el", "pueblo", "marcha", "sí", "no", "perú"]), min_size=1, max_size=9)


def spoken(*rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def written(tmp_path, text):
    path = tmp_path / "spoken.csv"
    path.write_text(text, "utf-8")
    return path


@given(st.lists(st.tuples(words, words), min_size=1, max_size=8))
@settings(max_examples=40)
def test_rates_over_all_videos_are_those_of_jiwer(both):
    true, hypotheses = ([" ".join(words[side]) for words in both] for side in (0, 1))
    table = spoken(*((str(place), text, "any") for place, text in enumerate(true)))
    result = error_rates(table, {str(place): text.upper() + "." for place, text in enumerate(hypotheses)})
    assert result.wer.value == pytest.approx(jiwer.wer(true, hypotheses), abs=1e-4)
    assert result.cer.value == pytest.approx(jiwer.cer(true, hypotheses), abs=1e-4)
    assert result.wer.n == result.spoken == len(both)


def test_a_video_without_any_text_counts_as_missed_entirely():
    result = error_rates(spoken(("1", "uno dos tres", "a"), ("2", "cuatro", "a")), {"1": "", "2": "cuatro"})
    assert (result.wer.value, result.missed_entirely, result.not_compared) == (0.75, 1, 0)


def test_a_video_that_could_not_be_transcribed_is_in_no_rate_and_is_counted():
    result = error_rates(spoken(("1", "uno dos", "a"), ("2", "tres", "a")), {"1": "uno dos"})
    assert (result.wer.value, result.wer.n, result.spoken, result.not_compared) == (0, 1, 2, 1)


def test_words_without_speech_are_counted_and_are_in_no_rate():
    result = error_rates(
        spoken(("1", "", "a"), ("2", None, "a"), ("3", "sí", "a")), {"1": "Gracias por ver", "3": "sí"}
    )
    assert (result.silent, result.words_without_speech, result.wer.n, result.wer.value) == (2, 3, 1, 0)


def test_a_video_may_be_in_several_conditions_and_counts_once_in_all():
    table = spoken(
        ("1", "uno dos", "music"), ("1", "uno dos", "voice f1"), ("2", "tres", "music"), ("3", "x", None)
    )
    hypotheses = {"1": "uno tos", "2": "tres", "3": "x"}
    rates = by_condition(table, hypotheses)
    assert {name: (of.wer.value, of.wer.n) for name, of in rates.items()} == {
        "music": (round(1 / 3, 4), 2),
        "voice f1": (0.5, 1),
    }
    assert (error_rates(table, hypotheses).wer.value, error_rates(table, hypotheses).spoken) == (0.25, 3)


def test_the_rates_over_no_videos_are_null_with_n_0():
    result = error_rates(spoken(), {})
    assert (result.wer.value, result.wer.n, result.cer.low, result.silent) == (None, 0, None, 0)
    assert by_condition(spoken(), {}) == {}


def transcripts():
    return TRANSCRIPTS.frame(
        [
            {"video_id": "1", "status": "ok", "text": "Uno dos."},
            {"video_id": "2", "status": "unusable", "reason": "no_speech"},
            {"video_id": "3", "status": "unusable", "reason": "no_media"},
            {"video_id": "4", "status": "unusable", "reason": "no_audio"},
        ]
    )


def test_no_speech_counts_as_transcribed_and_no_media_does_not():
    assert our_texts(transcripts()) == {"1": "Uno dos.", "2": ""}


def test_each_of_the_three_text_sources_is_compared_with_the_truth():
    videos = [
        {"video_id": str(n), "created_at": NOON, "voice_to_text": "uno" if n == 1 else None}
        for n in range(1, 5)
    ]
    captions = CAPTIONS.frame([{"video_id": "2", "text": "Tres.", "source": "ASR"}])
    table = video_texts(VIDEOS.frame(videos), captions, transcripts())
    true = spoken(
        *((str(n), text, "studio") for n, text in ((1, "uno dos"), (2, "tres"), (3, "seis"), (9, "gone")))
    )
    result = truth_summary(true, table, transcripts())
    assert result["not_in_study"] == 1
    rates = {source: result["text_sources"][source]["conditions"]["studio"] for source in TEXT_SOURCES}
    assert {
        source: (of["wer"]["value"], of["wer"]["n"], of["not_compared"]) for source, of in rates.items()
    } == {
        "voice_to_text": (0.5, 1, 2),
        "captions": (0, 1, 2),
        "whisper": (round(1 / 3, 4), 2, 1),
    }
    assert rates["whisper"]["missed_entirely"] == 1
    assert {source: result["text_sources"][source]["all"] for source in TEXT_SOURCES} == rates


def test_a_table_by_people_is_read_with_its_ids_as_text_and_without_its_other_columns(tmp_path):
    path = written(
        tmp_path, '\ufeffvideo_id,who,text,condition\n7213456789012345678,ana,"¡Sí, no!",street\n72,leo,,\n'
    )
    assert read_truth(path).select(COLUMNS).rows() == [
        ("7213456789012345678", "¡Sí, no!", "street"),
        ("72", None, None),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("video_id,text\n1,a\n", "condition"),
        ("video_id;text;condition\n1;a;b\n", "cannot be read"),
        ("", "cannot be read"),
        ("video_id,text,condition\n7.2E+18,a,b\n", "7.2E"),
        ("video_id,text,condition\n,a,b\n", "not a number in digits"),
        ("video_id,text,condition\n1,a,b\n1,a,b\n", "in one condition twice"),
        ("video_id,text,condition\n1,a,b\n1,other,c\n", "with two texts"),
    ],
)
def test_a_table_that_cannot_be_right_is_an_error_in_three_parts(tmp_path, text, what):
    with pytest.raises(BadInput, match=what) as refused:
        read_truth(written(tmp_path, text))
    assert refused.value.did == "stopped before comparing anything"
    assert "delete the file" in refused.value.can
