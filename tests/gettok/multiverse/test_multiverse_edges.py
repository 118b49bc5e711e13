"""Each key of an order alone, each side of a comparison, and each number at its place in the files."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from small_study import STUDY
from specifications import COMPARED, specification

from gettok.multiverse.analysis import analyse, as_frame, as_json, reasons
from gettok.multiverse.before_after import compare
from gettok.multiverse.flips import flips
from gettok.multiverse.label_agreement import alpha, pairs, side_by_side
from gettok.multiverse.output import write
from gettok.multiverse.specification_curve import curves
from gettok.multiverse.specifications import LeftOut, axes, distinct, labels_of
from gettok.settings import Event
from gettok.tables import ANNOTATIONS, VIDEOS

S, N, A = "support", "neutral", "no support"


def judged(*labels_of_videos):
    """Specifications by the labels that each video, named in its pair, gets under them."""
    count = max(len(labels) for _, labels in labels_of_videos)
    return [
        specification(f"s{place}", {name: labels[place] for name, labels in labels_of_videos})
        for place in range(count)
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([S, S, S, N, A], [S, N, None, None, None]),  # more different labels, though a smaller share dissents
        ([S, N, None, None, None], [S, S, S, N, N]),  # a larger share dissents, though fewer do
        ([S, S, N, N, None], [S, S, S, N, N]),
    ],
)
@pytest.mark.parametrize("names", ["az", "za"])
def test_the_most_contested_is_first_whatever_its_id(first, second, names):
    found = flips(judged((names[1], second), (names[0], first)))
    assert [flip.video_id for flip in found] == list(names)


def test_equally_contested_videos_are_in_order_of_id():
    found = judged(("b", [S, N]), ("c", [N, A]), ("a", [A, S]), ("d", [S, S]), ("e", [S, None]))
    assert [flip.video_id for flip in flips(found)] == ["a", "b", "c"]
    assert side_by_side(found).rows()[0] == ("a", A, S)


def test_alpha_is_over_the_videos_judged_twice_and_weighs_each_label_alike():
    found = judged(("a", [S, S, S, N]), ("b", [N, N, None, None]), ("c", [S, None, None, None]))
    # 3 support and 3 neutral: 18 unequal pairs, of 5 for each label 3.6 are expected; 6 / 3 are observed
    assert (alpha(found).n, alpha(found).value) == (2, round(1 - 2 / 3.6, 4))


def test_pairs_are_in_the_order_of_the_specifications():
    found = judged(("a", [S, S, N]), ("b", [N, A, None]))
    assert [(pair.left, pair.right, pair.n, pair.same) for pair in pairs(found)] == [
        ("s0", "s1", 2, 0.5),
        ("s0", "s2", 1, 0.0),
        ("s1", "s2", 1, 0.0),
    ]


def test_specifications_are_in_order_of_each_setting_then_of_name_and_numbers_before_texts():
    values = {
        "e": ("auto", 1),
        "d": (10, 1),
        "c": (9, 2),
        "b": (9, 1),
        "a": (9, 1),
        "f": (None, 1),
        "g": (0.5, 3),
    }
    found = [
        specification(name, [S, N, label], {"x.votes": votes, "y.runs": runs})
        for label, (name, (votes, runs)) in zip([S, N, A, S, N, A, S], values.items(), strict=True)
    ]
    assert [one.name for one in distinct(found)] == ["g", "a", "b", "c", "d", "e", "f"]


def test_the_same_results_again_are_named_in_their_order_beside_the_first():
    one = specification("z", [S], {"x": 1})
    found = distinct([one, replace(one, name="b"), specification("m", [S], {"x": 2}), replace(one, name="a")])
    assert [(each.name, each.also) for each in found] == [("z", ("b", "a")), ("m", ())]


def test_a_setting_is_listed_under_a_name_only_if_the_name_decides_it():
    settings = [
        {"p.name": "a", "p.text": "A", "p.other": 1, "q.text": "A", "p.model": "x"},
        {"p.name": "b", "p.text": "B", "p.other": 1, "q.text": "B", "p.model": "y"},
        {"p.name": "b", "p.text": "B", "p.other": 2, "q.text": "B", "p.model": "y"},
    ]
    found = axes([specification(f"s{place}", [S], each) for place, each in enumerate(settings)])
    assert [(axis.setting, axis.with_it) for axis in found] == [
        ("p.model", ("p.text",)),
        ("p.name", ()),
        ("p.other", ()),
        ("q.text", ()),
    ]
    assert found[2].values == (1, 1, 2)


def test_a_video_without_a_day_is_on_neither_side_and_the_days_beside_the_event_on_one_each():
    days = [date(2022, 12, 6), date(2022, 12, 7), date(2022, 12, 8), None]
    rows = [(str(place), day, S, None) for place, day in enumerate(days)]
    one = replace(
        specification("one", []),
        labels=pl.DataFrame(rows, specification("x", []).labels.schema, orient="row"),
    )
    (found,) = compare([one], S, Event(day="2022-12-07", label="the day")).differences
    assert (found.before.n, found.after.n) == (1, 2)


def test_three_signs_of_which_two_are_equally_frequent_have_the_most_frequent_one():
    names = {"s": S, "n": N}
    found = [
        specification(f"s{place}", [names[one] for one in of])
        for place, of in enumerate(["ns", "sn", "ss", "ns"])
    ]
    one = compare(found, S, Event(day="2022-12-06", label="second day"))
    assert (one.n, one.sign, one.same_sign, one.share_with_same_sign) == (4, 1, 2, 0.5)
    two = compare([*found, specification("s4", [S, N])], S, Event(day="2022-12-06", label="second day"))
    assert (two.n, two.sign, two.same_sign) == (5, None, None)


def test_only_an_ok_row_has_a_label_and_every_other_a_reason():
    rows = [
        {"video_id": "4", "status": "unusable", "reason": "refused", "label": "support"},
        {"video_id": "3", "status": "unusable"},
        {"video_id": "2", "status": "ok"},
        {"video_id": "1", "status": "ok", "label": "neutral", "reason": "refused"},
    ]
    named = [{"variable": "stance", **row} for row in rows]
    midnight = datetime(2022, 12, 7, tzinfo=UTC)
    videos = VIDEOS.frame([{"video_id": "1", "created_at": midnight}])
    assert labels_of(ANNOTATIONS.frame(named).reverse(), videos, COMPARED).rows() == [
        ("1", midnight.date(), "neutral", None),
        ("2", None, None, "unknown"),
        ("3", None, None, "unknown"),
        ("4", None, None, "refused"),
    ]


def small():
    one = specification("one", [S, N, None, A, S], {"votes": 1, "share": 1, "kind": "x", "list": ["a", "b"]})
    two = specification("two", [S, S, N, None, None], {"votes": 2, "share": 0.5, "kind": None, "list": []})
    lost = two.labels.with_columns(
        reason=pl.when(pl.col("video_id") == "4").then(pl.lit("dismissed")).otherwise("reason")
    )
    again = replace(one, name="again")
    return analyse(
        STUDY,
        COMPARED,
        STUDY.events[:1],
        distinct([one, replace(two, labels=lost), again]),
        [LeftOut("old", "why")],
    )


def test_the_table_has_each_number_in_its_column():
    assert as_frame(small()).to_dicts() == [
        {
            "specification": "one", "also": ["again"], "kind": "x", "list": "a, b", "share": 1.0, "votes": 1,
            "videos": 5, "n": 4, "share_support": 0.5, "share_no support": 0.25, "share_neutral": 0.25,
            "lost_dismissed": 0, "lost_filtered": 1,
        },
        {
            "specification": "two", "also": [], "kind": None, "list": "none", "share": 0.5, "votes": 2, "videos": 5,
            "n": 3, "share_support": 0.6667, "share_no support": 0.0, "share_neutral": 0.3333,
            "lost_dismissed": 1, "lost_filtered": 1,
        },
    ]  # fmt: skip
    assert reasons(small().specifications) == ["dismissed", "filtered"]
    assert as_frame(small()).schema["votes"] == pl.Int64


def test_the_json_has_each_number_under_its_name():
    made = as_json(small())
    assert made["specifications"][0] == {
        "name": "one",
        "also": ["again"],
        "settings": {"kind": "x", "list": ["a", "b"], "share": 1, "votes": 1},
        "videos": 5,
        "n": 4,
        "labels": {"neutral": 1, "no support": 1, "support": 2},
        "lost": {"filtered": 1},
    }
    assert made["left_out"] == [{"name": "old", "why": "why"}]
    assert made["flips"] == {"videos": 1, "of_videos_judged_twice_or_more": 2}
    named = ("study", "variable", "question", "label")
    assert [made[name] for name in named] == ["small", "stance", "Which stance?", S]
    assert {name: share["value"] for name, share in made["label_share"].items()} == {
        "one": 0.5,
        "two": 0.6667,
    }
    (comparison,) = made["comparisons"]
    assert comparison["event"] == {"day": "2022-12-07", "label": STUDY.events[0].label}
    signs = ("n", "sign", "same_sign", "share_with_same_sign")
    assert [comparison[name] for name in signs] == [2, None, None, None]
    assert {name: found["sign"] for name, found in comparison["differences"].items()} == {"one": 0, "two": -1}
    assert made["differ_in"][0] == {"setting": "kind", "with_it": []}
    assert [axis["setting"] for axis in made["differ_in"]] == ["kind", "list", "share", "votes"]
    (pair,) = made["agreement"]["pairs"]
    assert (pair["left"], pair["right"], pair["n"], pair["same"]) == ("one", "two", 2, 0.5)


def test_equal_estimates_are_in_the_order_of_the_specifications():
    found = [
        specification(str(n), labels, {"x": n}) for n, labels in enumerate(([S, N], [S, S], [S, N], [N, N]))
    ]
    (share, *_) = curves(analyse(STUDY, COMPARED, [], found, []))
    assert [position for position, _ in share.points] == [3, 0, 2, 1]


def test_the_page_lists_the_lowest_kappas_first_and_undefined_ones_last(tmp_path):
    labels = ([S, N, S, N], [S, N, N, S], [S, N, S, S], [N, S, N, S], [S, S, S, S], [S, S, S, S])
    found = [specification(f"spec{n}", list(of), {"x": n}) for n, of in enumerate(labels)]
    write(analyse(STUDY, COMPARED, [], found, []), tmp_path)
    text = (tmp_path / "index.html").read_text("utf-8")
    kappas = {(pair.left, pair.right): pair.kappa for pair in pairs(found)}
    shown = [
        kappas[left, right]
        for left, right in re.findall(r'<tr><th scope="row">[^\n]*(spec\d)[^\n]*(spec\d)[^\n]*</tr>', text)
    ]
    assert len(shown) == 15
    assert shown[-1] is None
    assert shown[:-1] == sorted(kappa for kappa in shown if kappa is not None)


def test_the_page_lists_at_most_a_hundred_pairs(tmp_path):
    many = [specification(f"m{n:02}", [S, N, S] if n % 2 else [N, S, S], {"x": n}) for n in range(15)]
    write(analyse(STUDY, COMPARED, [], many, []), tmp_path)
    assert "The 100 pairs with the lowest κ of 105" in (tmp_path / "index.html").read_text("utf-8")
