"""People's values of a codebook's variables: which variable a line is of, several labels, numbers, and agreement."""

import pytest
from small_study import CODEBOOK, EVERY_KIND, coded, study_of

from gettok.annotate.human_labels.evaluation import Compared, evaluate, evaluations, not_compared
from gettok.annotate.human_labels.measures import number_agreement, set_agreement
from gettok.annotate.human_labels.reading import HumanLabel, human_value, read_human_labels
from gettok.errors import BadInput
from gettok.settings import Codebook
from gettok.stats.agreement import nominal_alpha, ordinal_alpha

VARIABLES = EVERY_KIND.variables
OF = coded(study_of(9))
FIRST, _, THIRD, _, FIFTH = OF.videos["video_id"].to_list()[:5]


def read(tmp_path, text, codebook=EVERY_KIND):
    path = tmp_path / "human_labels.csv"
    path.write_text(text, "utf-8")
    return read_human_labels(path, codebook, {FIRST, THIRD})


def without(*names):
    left = {name: of.model_dump() for name, of in VARIABLES.items() if name not in names}
    return Codebook(name="test", frames=1, label_orders=1, variables=left)


def test_a_line_is_of_the_variable_that_it_names(tmp_path):
    text = f"video_id,variable,label\n{FIRST},topics,protest\n{FIRST},stance,support\n{FIRST},later,x\n"
    assert [(given.variable, given.label) for given in read(tmp_path, text)] == [
        ("topics", "protest"),
        ("stance", "support"),
        ("later", "x"),
    ]


def test_without_that_column_it_is_of_the_only_closed_variable_or_of_the_stance(tmp_path):
    text = f"video_id,label\n{FIRST},yes\n"
    assert read(tmp_path, text.replace("yes", "support"))[0].variable == "stance"
    assert read(tmp_path, text, without("stance", "topics", "anger"))[0].variable == "call"
    with pytest.raises(
        BadInput, match="has no column 'variable', and could be of any of the codebook's: call, topics"
    ):
        read(tmp_path, text, without("stance"))
    assert read_human_labels(tmp_path / "human_labels.csv")[0].variable == "", "read without a codebook"


@pytest.mark.parametrize(
    ("variable", "written", "value"),
    [
        ("topics", "protest|congress", ("congress", "protest")),
        ("topics", " protest ; protest", ("protest",)),
        ("topics", "none", ()),
        ("people", "1.5", 1.5),
        ("people", "three", 3.0),
        ("call", "no", "no"),
        ("anger", "high", "high"),
    ],
)
def test_people_s_words_become_a_value_like_a_model_s(variable, written, value):
    assert human_value(VARIABLES[variable], written) == value


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            f"{FIRST},topics,protest|congres",
            "in line 2 the label 'protest|congres', which is none of the study's",
        ),
        (f"{FIRST},people,a few", "in line 2 the number 'a few', \"a few\" is no value of the kind number"),
        (f"{FIRST},people,none", "in line 2 the number 'none'"),
        (
            f"{FIRST},topics,|\n{THIRD},topics,protest",
            "in line 2 the label '|', which is none of the study's",
        ),
        (f"{FIRST},call,Yes", "in line 2 the label 'Yes'"),
        (f"{FIRST},call,yes\n{FIRST},call,no", f"the video {FIRST} twice for 'call', in the lines 2 and 3"),
    ],
)
def test_a_value_that_cannot_be_right_is_reported_with_its_line(tmp_path, line, what):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, f"video_id,variable,label\n{line}\n")
    assert what in str(caught.value)


def test_an_accent_may_be_a_character_of_its_own_as_some_spreadsheets_write_it(tmp_path):
    left = {name: of.model_dump() for name, of in VARIABLES.items()}
    left["stance"]["labels"] = ["cr\u00edtica", "apoyo"]
    codebook = Codebook(name="test", frames=1, label_orders=1, variables=left)
    text = f"video_id,variable,label\n{FIRST},stance,cri\u0301tica\n"
    assert read(tmp_path, text, codebook)[0].label == "cr\u00edtica"


def test_one_video_may_have_a_value_of_each_variable_by_each_coder(tmp_path):
    text = "video_id,variable,coder,label\n" + "\n".join(
        f"{FIRST},{variable},{coder},{label}"
        for variable, label in (("stance", "support"), ("call", "yes"))
        for coder in ("ana", "leo")
    )
    assert len(read(tmp_path, text)) == 4


def given(variable, *rows):
    return [HumanLabel(0, video_id, coder, label, variable) for coder, video_id, label in rows]


def evaluated(variable, *rows):
    return evaluations(given(variable, *rows), OF.annotations, VARIABLES)[variable]


def test_sets_of_labels_are_compared_label_by_label():
    # the model gives congress and protest to the first video, and nothing to the third
    found = evaluated("topics", ("", FIRST, "protest"), ("", THIRD, "none"))
    assert found.compared == (
        Compared(FIRST, ("protest",), ("congress", "protest")),
        Compared(THIRD, (), ()),
    )
    assert (found.agreement.n, found.agreement.accuracy.count) == (2, 1)
    assert [
        (each.label, each.by_people, each.by_model, each.by_both) for each in found.agreement.by_label
    ] == [
        ("congress", 0, 1, 0),
        ("protest", 1, 1, 1),
        ("justice", 0, 0, 0),
    ]
    assert found.agreement.macro_f1 == 0.5, "congress 0, protest 1; justice has none"
    assert [video.video_id for video in found.disagreements] == [FIRST]


def test_numbers_are_compared_by_their_difference():
    found = evaluated("people", ("", FIRST, "3"), ("", THIRD, "2.5"))
    agreement = found.agreement
    assert (agreement.accuracy.count, agreement.mean_absolute_difference.value, agreement.mean_difference.value) == (
        1, 0.5, -0.5,
    )  # fmt: skip


def test_what_the_model_cannot_tell_or_was_not_asked_is_left_out_with_its_reason():
    fifth = evaluated("anger", ("", FIFTH, "low"), ("", FIRST, "high"))
    assert fifth.left_out == {"abstained": 1}
    everywhere = evaluated("call", *(("", video_id, "yes") for video_id in OF.videos["video_id"]))
    assert everywhere.left_out == {"no_media": 2}


def test_alpha_is_ordinal_for_an_order_and_by_interval_for_numbers():
    units = [["low", "middle"], ["high", "high"]]
    alpha = evaluated("anger", *pairs(*units)).coders.alpha
    assert alpha == ordinal_alpha(units, ("low", "middle", "high")) != nominal_alpha(units)
    close = evaluated("people", *pairs(("2", "2.1"), ("90", "90"))).coders.alpha
    assert close > 0.99
    sets = evaluated("topics", *pairs(("protest|congress", "congress;protest"), ("none", "none"))).coders
    assert (sets.alpha, sets.judged_twice, sets.count) == (1.0, 2, 2)


def pairs(*labels):
    return [
        (coder, video_id, label)
        for video_id, of_video in zip((FIRST, THIRD), labels, strict=True)
        for coder, label in zip(("ana", "leo"), of_video, strict=True)
    ]


def test_values_that_are_not_compared_are_counted():
    labels = given("subject", ("", FIRST, "a march"), ("", THIRD, None)) + given("topic", ("", FIRST, "x"))
    assert not_compared(labels, VARIABLES) == ({"topic": 1}, {"subject": 1})
    assert evaluations(labels, OF.annotations, VARIABLES) == {}


def test_labels_of_another_study_are_another_s_for_each_variable_alone(tmp_path):
    text = f"video_id,variable,label\n{FIRST},topics,guerra;paz\n{FIRST},stance,support\n"
    labels = read(tmp_path, text)
    found = evaluations(labels, OF.annotations, VARIABLES)
    assert found["topics"].left_out == {"other_labels": 1}
    assert found["stance"].agreement.n == 1


def test_one_variable_s_labels_are_evaluated_as_those_of_its_codebook():
    labels = given("stance", ("", FIRST, "support"))
    annotations = study_of(9).annotations
    assert evaluate(labels, annotations, CODEBOOK.variables["stance"]).confusion.n == 1


def test_agreement_without_videos_is_undefined():
    assert set_agreement(("a",), []).macro_f1 is None
    nothing = number_agreement([])
    assert (nothing.accuracy.value, nothing.mean_difference.value) == (None, None)
