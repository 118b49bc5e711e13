"""Ties, blanks and unlike numbers of coders, and each rate of the matrix by hand."""

import polars as pl
import pytest

from gettok.annotate.human_labels.confusion import LabelCounts, confusion
from gettok.annotate.human_labels.evaluation import Compared, evaluate
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.settings import Variable

LABELS = ("support", "no support", "neutral")
STANCE = Variable(question="Which?", kind="one_of", labels=LABELS, inputs=("transcript",))
S, N, A = "support", "neutral", "no support"


def evaluated(labels_of_videos, model):
    entries = [
        HumanLabel(0, video_id, str(coder), label)
        for video_id, given in labels_of_videos.items()
        for coder, label in enumerate(given)
    ]
    rows = [(video_id, label, None if label else "no_media") for video_id, label in model.items()]
    schema = dict.fromkeys(("video_id", "label", "reason"), pl.String)
    return evaluate(entries, pl.DataFrame(rows, schema, orient="row"), STANCE)


@pytest.mark.parametrize(
    ("given", "people"),
    [
        ([S], S),
        ([N, S, S], S),
        ([S, S, N, N, A], None),
        ([S, N, A, A], A),
        ([N, None, None], N),
        ([S, N], None),
        ([A, A, S, S, S], S),
    ],
)
def test_the_most_frequent_label_counts_and_blanks_do_not(given, people):
    found = evaluated({"1": given}, {"1": N})
    assert [video.people for video in found.compared] == ([people] if people else [])
    assert found.left_out == ({} if people else {"coders_tied": 1})


def test_each_reason_to_leave_a_video_out_goes_before_the_next():
    given = {"1": [None, None], "2": [S, N], "3": [S], "4": [S], "5": [S, N], "6": [None], "7": [A]}
    found = evaluated(given, {"1": S, "2": S, "3": None, "4": N, "6": S, "7": A, "8": S})
    assert found.videos == 7
    assert list(found.left_out.items()) == [
        ("coders_tied", 1), ("left_blank", 2), ("no_media", 1), ("not_in_study", 1),
    ]  # fmt: skip
    assert found.compared == (Compared("4", S, N), Compared("7", A, A))
    assert found.disagreements == [Compared("4", S, N)]


def test_coders_are_those_who_labelled_and_alpha_weighs_each_label_alike():
    given = {
        "1": [S, S, S, N],
        "2": [N, N, None, None],
        "3": [S, None, None, None, None],
        "9": [S, N, A, A, A, A],
    }
    found = evaluated(given, {"1": S, "2": S, "3": S}).coders
    assert (found.count, found.judged_twice) == (4, 2)
    assert found.alpha == round(1 - 2 / 3.6, 4)  # 3 support and 3 neutral, as of the first two videos


def test_rates_of_a_matrix_worked_out_by_hand():
    found = confusion(LABELS, [(S, S)] * 6 + [(S, N)] * 2 + [(N, S)] * 3 + [(N, N)])
    assert found.counts == ((6, 0, 2), (0, 0, 0), (3, 0, 1))
    assert found.by_label == (LabelCounts(S, 8, 9, 6), LabelCounts(A, 0, 0, 0), LabelCounts(N, 4, 3, 1))
    assert [(each.precision, each.recall, each.f1) for each in found.by_label] == [
        (0.6667, 0.75, 0.7059),
        (None, None, None),
        (0.3333, 0.25, 0.2857),
    ]
    assert (found.n, found.accuracy.count, found.accuracy.value) == (12, 7, 0.5833)
    assert found.macro_f1 == 0.4958
    assert found.kappa == 0.0


def test_a_label_that_the_model_never_gets_right_counts_in_the_mean():
    assert confusion(LABELS, [(S, S), (N, S)]).macro_f1 == 0.3333
