"""The model's stances against people's: nothing is dropped without a reason, and the rates equal scikit-learn's."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from gettok.annotate.human_labels.confusion import confusion
from gettok.annotate.human_labels.evaluation import LEFT_OUT, Compared, evaluate
from gettok.annotate.human_labels.reading import HumanLabel, read_human_labels
from gettok.errors import REASONS, BadInput
from gettok.settings import Codebook

LABELS = ("support", "no support", "neutral")
CODEBOOK = Codebook(
    name="test",
    frames=1,
    label_orders=1,
    variables={
        "stance": {"question": "Which?", "kind": "one_of", "labels": LABELS, "inputs": ("transcript",)}
    },
)
STANCE = CODEBOOK.variables["stance"]
STUDY = {"1", "2", "3"}
one_label = st.sampled_from(LABELS)


def near(ours: float | None, theirs: float) -> bool:
    """Equal to four places; None is nan in scikit-learn."""
    return ours is None if math.isnan(theirs) else ours == pytest.approx(theirs, abs=6e-5)


@given(st.lists(st.tuples(one_label, one_label), min_size=1, max_size=30))
@settings(max_examples=60)
def test_matrix_and_rates_are_those_of_scikit_learn(pairs):
    people, model = ([pair[side] for pair in pairs] for side in (0, 1))
    found = confusion(LABELS, pairs)
    options = {"labels": list(LABELS), "zero_division": math.nan}
    assert [list(row) for row in found.counts] == metrics.confusion_matrix(
        people, model, labels=list(LABELS)
    ).tolist()
    assert near(found.accuracy.value, metrics.accuracy_score(people, model))
    scores = metrics.precision_recall_fscore_support(people, model, **options)
    for counts, precision, recall, f1, support in zip(found.by_label, *scores, strict=True):
        assert near(counts.precision, precision)
        assert near(counts.recall, recall)
        assert near(counts.f1, f1)
        assert counts.by_people == support
        assert counts.by_model == model.count(counts.label)
    assert near(found.macro_f1, metrics.f1_score(people, model, average="macro", **options))
    if len({*people, *model}) > 1:
        assert near(found.kappa, metrics.cohen_kappa_score(people, model))
    else:
        assert found.kappa is None


def test_the_interval_of_the_accuracy_is_wilson_s():
    # Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3: 81 of 263
    found = confusion(("a", "b"), [("a", "a")] * 81 + [("a", "b")] * 182).accuracy
    assert (found.value, found.low, found.high) == (0.308, 0.2553, 0.3662)


def test_without_pairs_there_is_no_rate_but_an_n():
    found = confusion(LABELS, [])
    assert found.n == 0
    assert (found.accuracy.value, found.accuracy.low, found.kappa, found.macro_f1) == (None, None, None, None)
    assert [(counts.precision, counts.recall, counts.f1) for counts in found.by_label] == [
        (None, None, None)
    ] * 3


def human_labels(*rows):
    """Rows of coder, video and label; an empty label is a blank one."""
    return [
        HumanLabel(line, video, coder, given or None) for line, (coder, video, given) in enumerate(rows, 2)
    ]


def stances(labels):
    rows = [
        (video, given, None) if given in LABELS else (video, None, given) for video, given in labels.items()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("video_id", "label", "reason"), pl.String), orient="row")


def test_every_judged_video_is_compared_or_left_out_for_a_reason():
    ours = stances({"1": "support", "2": "neutral", "3": "no_media", "4": "refused", "5": "support"})
    judged = human_labels(
        ("", "1", "support"), ("", "2", "support"), ("", "3", "neutral"), ("", "9", "pro"), ("", "5", "")
    )
    found = evaluate(judged, ours, STANCE)
    assert found.compared == (Compared("1", "support", "support"), Compared("2", "support", "neutral"))
    assert found.left_out == {"left_blank": 1, "no_media": 1, "not_in_study": 1}
    assert found.videos == found.confusion.n + sum(found.left_out.values())
    assert [video.video_id for video in found.disagreements] == ["2"]


def test_of_several_people_the_most_frequent_label_counts_and_a_tie_is_left_out():
    ours = stances({"1": "support", "2": "support", "3": "support"})
    judged = human_labels(
        *(("ana", video, "support") for video in "123"),
        *(("leo", video, "neutral") for video in "13"),
        *(("eva", video, given) for video, given in zip("123", ("support", "", ""), strict=True)),
    )
    found = evaluate(judged, ours, STANCE)
    assert found.compared == (Compared("1", "support", "support"), Compared("2", "support", "support"))
    assert found.left_out == {"coders_tied": 1}
    assert (found.coders.count, found.coders.judged_twice) == (3, 2)
    # three of the five labels of videos with several are support: 1 - (4/2 + 2) / (12 / 4) by Krippendorff's formula
    assert found.coders.alpha == -0.3333


def test_agreement_of_people_is_over_the_study_s_videos_alone():
    judged = human_labels(("ana", "9", "pro"), ("leo", "9", "contra"), ("ana", "1", "neutral"))
    coders = evaluate(judged, stances({"1": "neutral"}), STANCE).coders
    assert (coders.count, coders.judged_twice, coders.alpha) == (1, 0, None)


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from("12345"), st.one_of(one_label, st.just(""))),
        unique_by=lambda row: row[:2],
    ),
    st.dictionaries(st.sampled_from("1234"), st.one_of(one_label, st.just("refused"))),
    st.randoms(use_true_random=False),
)
def test_the_books_balance_and_the_order_of_lines_makes_no_difference(rows, labels, chance):
    ours = stances(labels)
    found = evaluate(human_labels(*rows), ours, STANCE)
    assert (
        found.videos
        == len({video for _, video, _ in rows})
        == found.confusion.n + sum(found.left_out.values())
    )
    assert len(found.compared) == found.confusion.n
    assert found.left_out.keys() <= LEFT_OUT.keys() | REASONS.keys()
    shuffled = chance.sample(rows, len(rows))
    assert evaluate(human_labels(*shuffled), ours, STANCE) == found


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "human_labels.csv"
    path.write_bytes(text.encode(encoding))
    return read_human_labels(path, CODEBOOK, STUDY)


def test_a_table_without_any_label_of_the_study_is_another_study_s_and_is_counted(tmp_path):
    entries = read(tmp_path, "video_id,label\n1,pro\n2,contra\n9,pro\n3,\n")
    found = evaluate(entries, stances({"1": "support", "2": "neutral", "3": "neutral"}), STANCE)
    assert found.left_out == {"left_blank": 1, "not_in_study": 1, "other_labels": 2}
    assert (found.compared, found.coders.count) == ((), 0)


@pytest.mark.parametrize("given", ["1,pro\n9,support", "1,Support"])
def test_a_misspelt_label_is_not_taken_for_another_study_s(tmp_path, given):
    with pytest.raises(BadInput, match=r"in line 2 the label '\w+', which is none of the study's"):
        read(tmp_path, f"video_id,label\n{given}\n")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path, separator):
    text = "\ufeffLabel,why,video_id\r\nsupport,a ¡viva!,7213456789012345678\r\n,,1\r\n\r\n neutral ,,'2\r\n"
    found = read(tmp_path, text.replace(",", separator))
    assert found == [
        HumanLabel(2, "7213456789012345678", "", "support", "stance"),
        HumanLabel(3, "1", "", None, "stance"),
        HumanLabel(5, "2", "", "neutral", "stance"),
    ]


def test_people_may_name_a_video_by_its_link_and_write_notes_over_several_lines(tmp_path):
    link = "https://www.tiktok.com/@a.b/video/7213456789012345678?lang=es"
    text = f'video_id,coder,label,note\n{link},ana,neutral,"one\ntwo"\n{link},leo,support,\n'
    assert [(entry.line, entry.video_id, entry.coder) for entry in read(tmp_path, text)] == [
        (3, "7213456789012345678", "ana"),
        (4, "7213456789012345678", "leo"),
    ]


def test_a_label_of_a_video_of_another_study_is_not_checked(tmp_path):
    assert read(tmp_path, "video_id,label\n9,a favor\n1,support\n")[0].label == "a favor"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "has the column 'video_id' 0 times in its first line, and needs it once"),
        ("video_id,stance\n1,support\n", "has the column 'label' 0 times"),
        ("video_id,label,label\n1,support,support\n", "has the column 'label' 2 times"),
        (
            "video_id,label\n1,support\n2,Support\n",
            "has in line 3 the label 'Support', which is none of the study's",
        ),
        (
            "video_id,label\n7.21E+18,support\n",
            "line 2 '7.21E[+]18' as a video_id, which was turned into a number",
        ),
        ("video_id,label\n,support\n", "has in line 2 '' as a video_id"),
        (
            "video_id,label\n1,support\n\n1,neutral\n",
            "has the video 1 twice for 'stance', in the lines 2 and 4",
        ),
        (
            "video_id,label,coder\n1,support,ana\n1,support,leo\n1,neutral,ana\n",
            "1 by 'ana' twice for 'stance', in the lines 2",
        ),
        ("video_id,label\n1,support,neutral\n", "has 3 values in line 2, and 2 in its first line"),
        ("video_id,label\n1\n", "has 1 values in line 2"),
        ('video_id,label\n1,"support\n', "cannot be read in line 2"),
    ],
)
def test_a_wrong_table_is_reported_in_three_parts_with_its_line(tmp_path, text, what):
    with pytest.raises(BadInput, match=what) as caught:
        read(tmp_path, text)
    assert "human_labels.csv" in str(caught.value)
    assert "nothing that was paid for is lost" in caught.value.did
    assert "take the file away" in caught.value.can


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 3), ("utf-16", 1)])
def test_a_table_that_is_not_utf_8_is_reported_with_its_line(tmp_path, encoding, line):
    with pytest.raises(BadInput, match=f"is not UTF-8 in line {line}: save it"):
        read(tmp_path, "video_id,label,note\n1,support,\n2,support,Perú\n", encoding)
