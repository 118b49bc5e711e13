"""Which video is shown: each rule alone; and where a displayed text is cut."""

from dataclasses import replace

import polars as pl
import pytest
from small_study import CODEBOOK, OURS, TIKTOK, jpeg, tables, video

from gettok.annotate.human_labels.evaluation import evaluate
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.report import examples
from gettok.report.display import address, label, shown
from gettok.report.word_differences import mark_differences
from gettok.tables import PAIRS, TABLES

FIRST, SECOND = (str(7213456789012345600 + number) for number in (1, 2))


def two(*, annotations=(), videos=(), descriptions=()):
    """Two videos of one label that differ only in what is given, as columns of two values."""
    of = tables(video(1, view_count=5), video(2, view_count=5))
    changed = {
        "annotations": {"label": ("neutral",) * 2, **dict(annotations)},
        "videos": dict(videos),
        "descriptions": dict(descriptions),
    }
    return replace(
        of,
        **{
            name: getattr(of, name).with_columns(
                **{
                    column: pl.Series(values, dtype=TABLES[name].schema[column])
                    for column, values in columns.items()
                }
            )
            for name, columns in changed.items()
        },
    )


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, FIRST),
        ({"videos": {"view_count": (5, 6)}}, SECOND),
        ({"videos": {"view_count": (None, 0)}}, SECOND),
        ({"videos": {"view_count": (9, 5)}, "annotations": {"confidence": (0.5, 0.6)}}, SECOND),
        ({"annotations": {"confidence": (None, 0.1)}}, SECOND),
        ({"annotations": {"confidence": (1.0, 0.1)}, "videos": {"description": (" ", "a")}}, SECOND),
        ({"annotations": {"confidence": (1.0, 0.1)}, "videos": {"description": (None, "a")}}, SECOND),
        ({"annotations": {"confidence": (1.0, 0.1)}, "descriptions": {"on_screen_text": ("", "a")}}, SECOND),
        ({"annotations": {"confidence": (1.0, 0.1)}, "descriptions": {"frame_indices": ([], [0])}}, SECOND),
        ({"annotations": {"confidence": (1.0, 0.1)}, "descriptions": {"frame_indices": (None, [0])}}, SECOND),
        ({"annotations": {"confidence": (0.2, 0.1)}, "descriptions": {"frame_indices": ([0], [0, 1, 2])}}, FIRST),
        ({"annotations": {"status": ("unusable", "ok")}}, SECOND),
    ],
)  # fmt: skip
def test_the_most_complete_then_the_surest_then_the_most_viewed_is_shown(changes, chosen):
    of = two(**changes)
    assert examples.shown_videos(of) == (chosen,)
    found = examples.by_label(of)["stance"]
    assert found["neutral"].video_id == chosen
    assert found["support"] is found["no support"] is None


def labelled(*people):
    """An evaluation of the two videos; None was not labelled by people."""
    of = two()
    given = [
        HumanLabel(line, name, "", label)
        for line, (name, label) in enumerate(zip((FIRST, SECOND), people, strict=True))
        if label
    ]
    return evaluate(given, of.annotations, CODEBOOK.variables["stance"])


@pytest.mark.parametrize(
    ("people", "chosen"),
    [
        ((None, "neutral"), SECOND),
        (("support", "neutral"), SECOND),
        (("support", None), SECOND),
        (("neutral", "neutral"), FIRST),
        (("support", "support"), FIRST),
    ],
)
def test_a_video_with_the_same_label_by_people_is_shown_first_and_one_with_another_last(people, chosen):
    of = two(videos={"view_count": (9, 5)}, descriptions={"on_screen_text": ("a", "")})
    evaluation = labelled(*people)
    assert examples.shown_videos(of, {"stance": evaluation}) == (chosen,)
    shown_example = examples.by_label(of, {"stance": evaluation})["stance"]["neutral"]
    assert (shown_example.video_id, shown_example.people) == (chosen, people[chosen == SECOND])


def test_an_example_has_its_transcript_and_the_evidence_for_its_stance():
    found = examples.by_label(two(annotations={"evidence": ("cerró el congreso", None)}))["stance"]["neutral"]
    assert (found.transcript, found.evidence) == (OURS, "cerró el congreso")


@pytest.mark.parametrize(("count", "middle"), [(0, None), (1, 0), (2, 1), (3, 1), (4, 2)])
def test_the_middle_frame_is_shown_in_order_of_the_frames(count, middle):
    rows = [
        {"video_id": name, "frame_index": index, "image": {"bytes": jpeg(f"{name[-1]}{index}"), "path": "x"}}
        for index in reversed(range(count))
        for name in (FIRST, SECOND)
    ]
    of = two()
    found = examples.by_label(replace(of, frames=TABLES["frames"].frame(rows).reverse()))["stance"]
    assert found["neutral"].jpeg == (None if middle is None else jpeg(f"1{middle}"))


def compared(video_id, words=40, kinds=(1, 1, 1), left="voice_to_text", right="whisper"):
    counts = dict(zip(("capitalisation", "punctuation", "spelling"), kinds, strict=True))
    texts = {"left_text": TIKTOK, "right_text": OURS}
    return {"video_id": video_id, "left": left, "right": right, "right_words": words, **texts, **counts}


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([compared("1"), compared("2")], "1"),
        ([compared("1", 41), compared("2", 40)], "2"),
        ([compared("1", 39), compared("2", 40)], "2"),
        ([compared("1", 35), compared("2", 44)], "2"),
        ([compared("1", None), compared("2", 500)], "2"),
        ([compared("1", kinds=(9, 9, 0)), compared("2", 90)], "2"),
        ([compared("1", kinds=(0, 9, 0)), compared("2", 90, (1, 0, 1))], "2"),
        ([compared("1", left="captions"), compared("2", 90, (0, 0, 0))], "2"),
        ([compared("1", right="captions"), compared("2", 90, (0, 0, 0), left="captions")], "2"),
    ],
)
def test_the_pair_with_most_kinds_then_nearest_to_40_words_is_shown(rows, chosen):
    assert examples.pair(PAIRS.frame(rows)).video_id == chosen


def test_no_pair_is_shown_if_there_is_none():
    assert examples.pair(PAIRS.frame([])) is None


@pytest.mark.parametrize(
    ("longest", "words", "cut"), [(None, 3, False), (3, 3, False), (2, 2, True), (4, 3, False)]
)
def test_so_many_words_are_shown_and_all_differences_are_counted(longest, words, cut):
    found = mark_differences("1", {"captions": "Uno dos tres", "whisper": "uno dos, cuatro"}, longest)
    assert [len(side.pieces) for side in found.sides] == [words] * 2
    assert found.counts == {"capitalisation": 1, "punctuation": 1, "spelling": 1}
    assert found.cut is cut
    assert [side.name for side in found.sides] == ["TikTok's captions", "our transcript"]
    assert [piece.text for piece in found.sides[1].pieces] == ["uno", "dos,", "cuatro"][:words]


@pytest.mark.parametrize(
    ("text", "limit", "made"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("ab d", 3, "ab…"),
        ("a\u0301bc", 3, "a\u0301bc"),
        ("👨‍👩‍👧x", 1, "👨‍👩‍👧…"),
        ("🇵🇪🇵🇪", 2, "🇵🇪🇵🇪"),
        ("🇵🇪🇵🇪", 1, "🇵🇪…"),
        ("👍🏽x", 2, "👍🏽x"),
        ("a\x00\x1b\x7f\x9fb\ufffe", 2, "ab"),
        ("a\nb", 3, "a\nb"),
        ("a" + "\u0301" * 11, 1, "a" + "\u0301" * 11),
        ("a" + "\u0301" * 12, 1, "a" + "\u0301" * 11),
        (None, 3, ""),
    ],
)
def test_a_text_is_cut_after_so_many_visible_characters(text, limit, made):
    assert shown(text, limit) == made


@pytest.mark.parametrize(
    "control", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
def test_a_label_is_on_one_line_and_in_its_own_direction(control):
    assert label(f" a{control}b \n c  d", 9) == "ab c d"


@pytest.mark.parametrize(
    ("username", "video_id", "has_one"),
    [
        ("a" * 24, "1" * 20, True),
        ("a" * 25, "1", False),
        ("a", "1" * 21, False),
        ("", "1", False),
        (None, "1", False),
        ("a", "", False),
        ("A.z_9", "0", True),
        ("a-b", "1", False),
        ("a\n", "1", False),
        ("ñ", "1", False),
    ],
)
def test_only_a_name_and_an_id_in_tiktok_s_form_have_an_address(username, video_id, has_one):
    expected = f"https://www.tiktok.com/@{username}/video/{video_id}" if has_one else None
    assert address(username, video_id) == expected
