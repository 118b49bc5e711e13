"""The report shows how far people and the model agree."""

import re

from small_study import CODEBOOK, COMPARISON, STUDY, study_of, tables, video

from gettok.annotate.human_labels.evaluation import Evaluation, evaluate
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.report import metrics
from gettok.report.index_page import ByPeople, html


def by_people(of, *labels: str, coder: str = "") -> list[HumanLabel]:
    """A person's labels of the first videos, in order."""
    videos = of.videos["video_id"].to_list()
    return [HumanLabel(line, videos[line], coder, label) for line, label in enumerate(labels)]


def judged(of, *codings: HumanLabel) -> Evaluation:
    return evaluate(codings, of.annotations, CODEBOOK.variables["stance"])


def section_on(of, evaluation: Evaluation | None) -> str:
    by_people = ByPeople({"stance": evaluation} if evaluation else {})
    text = html(of, STUDY, COMPARISON, {}, by_people=by_people)
    return (
        text.split('id="variable_stance"')[1]
        .split("<h3>Agreement with people</h3>")[1]
        .split("Examples (Figure 6)")[0]
    )


def test_the_confusion_matrix_and_who_disagrees_are_on_the_page():
    of = study_of(9)  # the second is private and the fourth is gone; the others get one label after the other
    labels = ["support", "support", "support", "neutral", "neutral", "neutral", "neutral"]
    stranger = HumanLabel(9, "1234", "", "no support")
    found = judged(of, *by_people(of, *labels), stranger)
    section = section_on(of, found)
    assert "<code>inputs/labels/human_labels.csv</code>: 8. Compared with the model's: 5." in section
    assert "<b>1</b> not among the study&#39;s videos <code>not_in_study</code>" in section
    assert "<b>2</b> there is no media file to work on <code>no_media</code>" in section
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>((?:<td class="n[^"]*">[^<]+</td>)+)</tr>', section)
    cells = [(name, re.findall(r">([^<]+)<", numbers)) for name, numbers in rows]
    assert cells == [
        ("support", ["1", "1", "0", "2"]),
        ("no support", ["0", "0", "0", "0"]),
        ("neutral", ["1", "1", "1", "3"]),
        ("all", ["2", "2", "1", "5"]),
        ("support", ["0.50", "0.50", "0.50"]),
        ("no support", ["0.00", "–", "0.00"]),
        ("neutral", ["1.00", "0.33", "0.50"]),
    ]
    assert section.count('<td class="n same">') == 3
    assert "<dd>40 %</dd>" in section
    assert [one.video_id[-1] for one in found.disagreements] == re.findall(
        r"<code>72134567890123456\d(\d)</code>", section
    )
    assert "None" not in section


def test_disagreements_beyond_those_listed_are_counted():
    of = tables(*(video(number) for number in range(1, 26)))
    section = section_on(of, judged(of, *by_people(of, *["neutral", "neutral", "support"] * 8)))
    assert section.count("<code>7213") == 20
    assert "And 4 more" in section


def test_several_people_s_agreement_is_on_the_page():
    of = study_of(1)
    coded = judged(of, *by_people(of, "support", coder="<b>"), *by_people(of, "support", coder="leo"))
    section = section_on(of, coded)
    assert "two people or more labelled: 1, by 2 people in all" in section
    assert "(Krippendorff's α): –" in section
    assert "People and the model gave the same label to every video." in section


def test_labels_of_another_study_are_counted_and_not_compared():
    of = study_of(3)
    strangers = [HumanLabel(2, "1", "ana", "pro"), HumanLabel(3, "1", "leo", "pro")]
    section = section_on(of, judged(of, *by_people(of, "pro", "contra"), *strangers))
    assert "human_labels.csv</code>: 3. Compared with the model's: 0." in section
    assert "<b>1</b> not among the study&#39;s videos" in section
    assert "<b>2</b> labelled with words that are none of the study&#39;s labels" in section
    assert "<table" not in section
    assert "people in all" not in section


def test_without_human_labels_of_this_study_the_page_says_so_and_there_is_no_number():
    of = study_of(3)
    assert "put some into <code>inputs/labels/human_labels.csv</code>" in section_on(of, None)
    strangers = judged(of, HumanLabel(2, "1", "", "a favor"))
    section = section_on(of, strangers)
    assert re.sub("<[^>]+>", "", section).strip() == (
        "inputs/labels/human_labels.csv: 1 of its 1 video is not in this study."
    )
    nothing = {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}
    for coded in (None, strangers):
        evaluations = {"stance": coded} if coded else {}
        assert metrics.metrics(of, COMPARISON, evaluations)["by_people"] == {"stance": nothing}
        assert metrics.plots(of, STUDY, evaluations)["labels_by_people.csv"].height == 0


def test_dvc_gets_the_two_labels_of_each_judged_video():
    of = study_of(6)
    coded = judged(of, *by_people(of, "support", "support", "neutral"))
    drawn = metrics.plots(of, STUDY, {"stance": coded})
    assert drawn["labels_by_people.csv"].rows() == [
        (of.videos["video_id"][0], "stance", "support", "support"),
        (of.videos["video_id"][2], "stance", "neutral", "no support"),
    ]
    assert drawn["confusion.csv"].rows() == [
        ("stance: support", "stance: support"),
        ("stance: neutral", "stance: no support"),
    ]
    assert metrics.metrics(of, COMPARISON, {"stance": coded})["by_people"]["stance"] == {
        "accuracy": 0.5,
        "kappa": 0.3333,
        "macro_f1": 0.3333,
        "videos": 2,
    }
