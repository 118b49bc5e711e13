"""The accuracy of a codebook's values: each kind has its measure, and what has no truth is named."""

from copy import deepcopy

import pytest

from gettok.settings import Codebook
from gettok.tables import ANNOTATIONS, FRAMES
from sandbox.code_accuracy import code_accuracies
from sandbox.corpus.codes import VARIABLES, codes
from sandbox.corpus.plan import planned_videos
from sandbox.corpus.script import script
from sandbox.corpus.truth import truth

TRUTH = truth()
FIRST, SECOND, *_ = (
    video for video, of in TRUTH.items() if of.kind == "plain" and len(of.codes["places"]) > 1
)
#: Two scenes with different numbers of faces.
CROWD = next(
    video for video, of in TRUTH.items() if of.codes["people_shown"] == [5, 0] and of.kind == "plain"
)


@pytest.fixture
def measured(tmp_path, params):
    """The accuracy of one variable of the demo's codebook, by the values of some videos in its column."""

    def measure(name, column, values, frames=(), **changes):
        rows = [
            {"video_id": video, "variable": name, "status": "ok", column: value}
            for video, value in values.items()
        ]
        ANNOTATIONS.write(rows, tmp_path / "annotations" / "g" / "2022-12-07.parquet")
        FRAMES.write(frames, tmp_path / "frames" / "2022-12-07.parquet")
        codebook = deepcopy(params["codebook"])
        codebook.update(changes.pop("codebook", {}))
        codebook["variables"] = {name: {**codebook["variables"].get(name, {}), **changes}}
        (found,) = code_accuracies(tmp_path, Codebook.model_validate(codebook), TRUTH)
        return found

    return measure


def test_the_truth_follows_from_the_scripts():
    assert {video.video_id: codes(script(video)) for video in planned_videos()} == {
        video: of.codes for video, of in TRUTH.items()
    }


def test_the_truth_is_of_the_demo_s_codebook(params):
    variables = Codebook.model_validate(params["codebook"]).variables
    assert {name: (of.kind, set(of.label_names)) for name, of in variables.items()} == {
        name: (kind, set(labels)) for name, (kind, labels) in VARIABLES.items()
    }
    for name in ("call_to_action", "topics"):
        given = {
            label
            for of in TRUTH.values()
            for label in (of.codes[name] if name == "topics" else [of.codes[name]])
        }
        assert given == set(VARIABLES[name][1]), "each label is true of some video"
    assert {of.stance for of in TRUTH.values()} == set(VARIABLES["stance"][1])


def test_what_is_true_is_in_the_texts_and_pictures():
    for of in TRUTH.values():
        texts = of.words + " ".join(shown.text for shown in of.screen)
        assert all(place in texts for place in of.codes["places"])
        assert len(of.codes["people_shown"]) == len(of.screen)


def test_one_label_is_right_or_wrong(measured):
    right = TRUTH[FIRST].codes["call_to_action"]
    other = {"yes": "no", "no": "yes"}[TRUTH[SECOND].codes["call_to_action"]]
    found = measured("call_to_action", "label", {FIRST: right, SECOND: other})
    assert (found.videos, found.measures) == (2, {"correct": 0.5})
    assert found.line() == "call_to_action                       correct 50 % over 2 videos"


def test_several_labels_have_f1_of_all_and_of_each(measured):
    true = TRUTH[FIRST].codes["topics"]
    missed, *kept = true
    found = measured("topics", "labels", {FIRST: kept}).measures
    assert found["F1"] == pytest.approx(2 * len(kept) / (len(kept) + len(true)), abs=1e-4)
    assert found[f"F1/{missed}"] == 0
    assert {found[f"F1/{label}"] for label in kept} == {1}
    assert measured("topics", "labels", {FIRST: kept}).by_label()[0].endswith(" F1 0.00") == (
        min(true) == missed
    )


def test_quotations_are_compared_without_capitals_and_accents(measured):
    one, *others = TRUTH[FIRST].codes["places"]
    found = measured("places", "quotes", {FIRST: [one.upper(), "Atlantis"], SECOND: []}).measures
    whole = 1 + len(others) + len(TRUTH[SECOND].codes["places"])
    assert found == {"precision": 0.5, "recall": round(1 / whole, 4)}


def test_numbers_are_compared_with_the_scene_of_the_middle_frame(measured):
    first, second = TRUTH[CROWD].screen
    times = {0: first.from_s, 300: second.from_s + 0.1, 600: second.to_s - 0.1}
    frames = [{"video_id": CROWD, "frame_index": index, "time_s": at} for index, at in times.items()]
    found = measured("people_shown", "number", {CROWD: 3.0}, frames)
    assert found.measures == {"exact": 0, "mean absolute error": 3}
    assert measured("people_shown", "number", {CROWD: 5.0}, frames[:1]).measures["exact"] == 1


def test_values_without_a_comparable_truth_are_named(measured):
    given = {"question": "?", "kind": "text", "inputs": ["transcript"]}
    assert measured("mood", "text", {FIRST: "gay"}, **given).not_compared == "the sandbox has no truth of it"
    assert measured("places", "text", {FIRST: "Lima"}, kind="text").line() == (
        "places                               not compared: the sandbox's truth is of the kind span"
    )
    assert (
        "other labels (government, "
        in measured("topics", "labels", {FIRST: []}, labels=["work"]).not_compared
    )
    several = measured("people_shown", "number", {FIRST: 1.0}, codebook={"frames": 2})
    assert several.not_compared == "the sandbox's truth is of one frame, and the model saw several"
