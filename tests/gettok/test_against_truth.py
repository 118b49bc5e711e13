"""Error rates against what people wrote down: by condition, with what was not heard and what was wholly missed."""

from datetime import UTC, datetime

import jiwer
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.compare.text_sources import WAYS, texts
from gettok.compare.truth import COLUMNS, against, by_condition, heard_by_us, of_ways, read_spoken
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
    true, said = ([" ".join(one[side]) for one in both] for side in (0, 1))
    table = spoken(*((str(place), text, "any") for place, text in enumerate(true)))
    found = against(table, {str(place): text.upper() + "." for place, text in enumerate(said)})
    assert found.wer.value == pytest.approx(jiwer.wer(true, said), abs=1e-4)
    assert found.cer.value == pytest.approx(jiwer.cer(true, said), abs=1e-4)
    assert found.wer.n == found.spoken == len(both)


def test_a_video_in_which_nothing_was_heard_counts_as_wholly_missed():
    found = against(spoken(("1", "uno dos tres", "a"), ("2", "cuatro", "a")), {"1": "", "2": "cuatro"})
    assert (found.wer.value, found.wholly_missed, found.not_heard) == (0.75, 1, 0)


def test_a_video_that_could_not_be_listened_to_is_in_no_rate_and_is_counted():
    found = against(spoken(("1", "uno dos", "a"), ("2", "tres", "a")), {"1": "uno dos"})
    assert (found.wer.value, found.wer.n, found.spoken, found.not_heard) == (0, 1, 2, 1)


def test_where_nobody_speaks_words_are_counted_and_are_in_no_rate():
    found = against(
        spoken(("1", "", "a"), ("2", None, "a"), ("3", "sí", "a")), {"1": "Gracias por ver", "3": "sí"}
    )
    assert (found.silent, found.words_where_nobody_speaks, found.wer.n, found.wer.value) == (2, 3, 1, 0)


def test_a_video_may_be_in_several_conditions_and_counts_once_in_all():
    table = spoken(
        ("1", "uno dos", "music"), ("1", "uno dos", "voice f1"), ("2", "tres", "music"), ("3", "x", None)
    )
    heard = {"1": "uno tos", "2": "tres", "3": "x"}
    rates = by_condition(table, heard)
    assert {name: (of.wer.value, of.wer.n) for name, of in rates.items()} == {
        "music": (round(1 / 3, 4), 2),
        "voice f1": (0.5, 1),
    }
    assert (against(table, heard).wer.value, against(table, heard).spoken) == (0.25, 3)


def test_of_nothing_the_rates_are_null_with_n_0():
    found = against(spoken(), {})
    assert (found.wer.value, found.wer.n, found.cer.low, found.silent) == (None, 0, None, 0)
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


def test_no_speech_was_listened_to_and_no_media_was_not():
    assert heard_by_us(transcripts()) == {"1": "Uno dos.", "2": ""}


def test_each_of_the_three_ways_is_held_against_the_truth():
    videos = [
        {"video_id": str(n), "created_at": NOON, "voice_to_text": "uno" if n == 1 else None}
        for n in range(1, 5)
    ]
    captions = CAPTIONS.frame([{"video_id": "2", "text": "Tres.", "source": "ASR"}])
    of_videos = texts(VIDEOS.frame(videos), captions, transcripts())
    true = spoken(
        *((str(n), text, "studio") for n, text in ((1, "uno dos"), (2, "tres"), (3, "seis"), (9, "gone")))
    )
    found = of_ways(true, of_videos, transcripts())
    assert found["not_in_study"] == 1
    rates = {way: found["ways"][way]["conditions"]["studio"] for way in WAYS}
    assert {way: (of["wer"]["value"], of["wer"]["n"], of["not_heard"]) for way, of in rates.items()} == {
        "voice_to_text": (0.5, 1, 2),
        "captions": (0, 1, 2),
        "whisper": (round(1 / 3, 4), 2, 1),
    }
    assert rates["whisper"]["wholly_missed"] == 1
    assert {way: found["ways"][way]["all"] for way in WAYS} == rates


def test_a_table_of_people_s_is_read_with_its_ids_as_text_and_its_other_columns_left_aside(tmp_path):
    path = written(
        tmp_path, '\ufeffvideo_id,who,text,condition\n7213456789012345678,ana,"¡Sí, no!",street\n72,leo,,\n'
    )
    assert read_spoken(path).select(COLUMNS).rows() == [
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
        ("video_id,text,condition\n,a,b\n", "no number of digits"),
        ("video_id,text,condition\n1,a,b\n1,a,b\n", "in one condition twice"),
        ("video_id,text,condition\n1,a,b\n1,other,c\n", "with two texts"),
    ],
)
def test_a_table_that_cannot_be_right_is_told_in_three_parts(tmp_path, text, what):
    with pytest.raises(BadInput, match=what) as told:
        read_spoken(written(tmp_path, text))
    assert told.value.did == "stopped before comparing anything"
    assert "take the file away" in told.value.can
