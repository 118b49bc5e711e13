"""The demo's human labels are its true stances, for the videos that its study finds."""

import csv

from root import ROOT

from gettok.settings import load
from sandbox.corpus.human_labels import STANCES_CSV, human_labels
from sandbox.corpus.truth import truth


def test_the_committed_table_equals_the_generated_one():
    assert STANCES_CSV.read_text("utf-8") == human_labels()


def test_each_video_of_the_demo_s_study_has_its_true_stance():
    with STANCES_CSV.open(encoding="utf-8", newline="") as file:
        labels = {row["video_id"]: row["label"] for row in csv.DictReader(file)}
    study = load(ROOT / "params.yaml").study
    true = truth()
    late = {
        video for video in true if int(video) >> 32 > 1_677_628_800 - 200
    }  # published on 2023-03-01, uploaded shortly before
    found = {video for video, of in true.items() if of.kind not in ("elsewhere", "off_topic")} - late
    assert (study.name, str(study.end), len(late)) == ("demo", "2023-02-28", 3)
    assert labels == {video: true[video].stance for video in found}
    assert len(labels) == 44
    assert set(labels.values()) == set(study.stance.labels)
