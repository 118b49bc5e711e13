"""The receipt's numbers, against those that a person counts by hand."""

import json
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hydrated_study import PUBLISHED, found, released, video_id

from gettok.collect.ids import day_of
from gettok.hydrate import FoundAgain, as_markdown, compare, read_release
from gettok.hydrate.receipt_text import headline

#: Three of ten are gone: two of support (0 and 3), and the one without labels (9).
GONE = {0: "not_found", 3: "gone", 9: "not_found"}


@pytest.fixture
def controlled(tmp_path):
    return read_release(released(tmp_path / "release", "controlled"))


def test_found_gone_and_changed_are_counted_once_each(controlled):
    later = PUBLISHED + timedelta(seconds=1)
    receipt = compare(
        controlled, found(GONE, created_at={1: later}, sha256={1: "b" * 64, 2: "b" * 64, 4: None})
    )
    assert receipt.videos == FoundAgain(released=10, found=7, changed=2)
    assert receipt.gone_because == {"gone": 1, "not_found": 2}
    assert receipt.compared == ("created_at", "media")
    assert receipt.changed_in == {"created_at": (1, 7), "media": (2, 6)}
    assert receipt.without_file == 1
    assert receipt.days == {date(2022, 12, 5): FoundAgain(6, 4, 2), date(2022, 12, 6): FoundAgain(4, 3, 0)}
    assert headline(receipt) == (
        "7 of 10 (70 %) videos are found again (2 of them changed), 3 of 10 (30 %) are gone"
    )


def test_shares_have_the_bounds_that_hold_whatever_the_gone_videos_say(controlled):
    (stance,) = compare(controlled, found(GONE)).variables
    assert stance.labelled == FoundAgain(released=9, found=7, changed=0)
    assert stance.without_label == FoundAgain(released=1, found=0, changed=0)
    shares = {
        each.label: (each.share, each.share_among_found, each.lowest, each.highest) for each in stance.labels
    }
    assert shares == {
        # of nine labelled videos three each; seven are found, and two that are gone may have any label
        "neutral": (0.3333, 0.4286, 0.3333, 0.5556),
        "no support": (0.3333, 0.4286, 0.3333, 0.5556),
        "support": (0.3333, 0.1429, 0.1111, 0.3333),
    }
    for each in stance.labels:
        assert each.lowest <= each.share <= each.highest
    assert {each.label: each.videos for each in stance.labels} == {
        "neutral": FoundAgain(3, 3, 0),
        "no support": FoundAgain(3, 3, 0),
        "support": FoundAgain(3, 1, 0),
    }


def test_of_several_labels_each_has_its_own_bounds_and_an_empty_list_is_a_value(tmp_path):
    release = read_release(released(tmp_path / "release", "controlled", every_kind=True))
    variables = {each.name: each for each in compare(release, found(GONE)).variables}
    assert sorted(variables) == ["anger", "call", "stance", "topics"], "the kinds that have labels"
    topics = variables["topics"]
    assert topics.labelled == FoundAgain(9, 7, 0)
    protest, congress = topics.labels
    # 0, 3, 6 have both, 2, 5, 8 protest alone; 0 and 3 are gone
    assert (protest.label, protest.videos) == ("protest", FoundAgain(6, 4, 0))
    assert (protest.share, protest.lowest, protest.highest) == (0.6667, 0.4444, 0.6667)
    assert (congress.label, congress.videos) == ("congress", FoundAgain(3, 1, 0))
    assert variables["anger"].without_label.released == 4, "three abstentions and one without media"


def test_if_all_are_gone_nothing_is_known_and_if_none_is_all_is(controlled):
    (stance,) = compare(controlled, found(dict.fromkeys(range(10), "not_found"))).variables
    assert {(each.share_among_found, each.lowest, each.highest) for each in stance.labels} == {
        (None, 0.0, 1.0)
    }
    (stance,) = compare(controlled, found({})).variables
    assert {(each.share, each.lowest, each.highest) for each in stance.labels} == {(0.3333, 0.3333, 0.3333)}


def test_without_files_only_times_are_compared_and_the_receipt_says_so(controlled):
    receipt = compare(controlled, found(GONE, with_media=False))
    assert receipt.compared == ("created_at",)
    assert receipt.videos.changed == 0
    assert receipt.without_file is None
    assert "media files were not fetched again, so they are not compared" in as_markdown(receipt)


@pytest.mark.parametrize("gone", [GONE, dict.fromkeys(range(10), "not_found")])
def test_a_release_of_ids_cannot_tell_what_changed_or_which_labels_are_gone(tmp_path, gone):
    receipt = compare(read_release(released(tmp_path / "release", "ids_only")), found(gone))
    assert receipt.videos.changed is None
    assert receipt.compared == receipt.variables == ()
    assert receipt.days == {day_of(video_id(0)): FoundAgain(10, 10 - len(gone), None)}
    assert receipt.stored()["videos"]["changed"] is None
    text = as_markdown(receipt)
    assert "cannot say whether the found videos have changed" in text
    assert "on which the ids were made" in text
    assert "The release has no labels" in text
    assert "changed)" not in headline(receipt)


def test_the_receipt_names_no_video_and_is_the_same_each_time(tmp_path):
    texts = []
    for folder in ("first", "second"):
        release = read_release(released(tmp_path / folder, "controlled", every_kind=True))
        receipt = compare(release, found(GONE))
        texts.append((as_markdown(receipt), json.dumps(receipt.stored(), allow_nan=False)))
    assert texts[0] == texts[1]
    for number in range(10):
        assert video_id(number) not in "".join(texts[0])


def test_the_markdown_has_percentages_with_their_counts(controlled):
    text = as_markdown(compare(controlled, found(GONE)))
    assert "- 2 gone: the Research API does not find it by its id (not_found)" in text
    assert "| 2022-12-05 | 6 | 4 | 0 | 2 | 33 % |" in text
    assert "| support | 3 | 1 | 0 | 2 | 67 % |" in text
    assert "| (no value) | 1 | 0 | 0 | 1 | 100 % |" in text
    assert "| support | 3 of 9 (33 %) | 1 of 7 (14 %) | 1 of 9 (11 %) | 3 of 9 (33 %) |" in text
    assert "at least 0.70 · *s*, and at most 30 percentage points more than that" in text
    assert "from 2023-05-01 09:00 to 2023-05-01 10:30 UTC" in text


def test_a_label_of_a_stranger_has_no_effect_on_the_page(controlled):
    hostile = controlled.labels.with_columns(
        labels=pl.lit(["a|b\n# [x](y) \x1b[31m\u202eright"], pl.List(pl.String))
    )
    text = as_markdown(compare(replace(controlled, labels=hostile), found(GONE)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "| a\\|b \\# \\[x\\](y) \\[31mright | 10 |" in text
