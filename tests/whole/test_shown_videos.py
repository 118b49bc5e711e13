"""`gettok show` on a finished run: each part of the record is what the tables have."""

import base64
import json
import re

import polars as pl
import pytest

from gettok.annotate.human_labels.reading import read_human_labels
from gettok.errors import REASONS
from gettok.pipeline.video_lookup import SOURCES
from gettok.settings import load


def table(repository, name: str) -> pl.DataFrame:
    return SOURCES[name].table.read(repository.data / SOURCES[name].path)


@pytest.fixture(scope="module")
def judged(finished) -> str:
    """A video with everything: a stance, and frames with text."""
    described = table(finished, "descriptions").filter(pl.col("on_screen_text") != "")
    annotated = table(finished, "annotations").filter(status="ok", variable="stance")
    return annotated.join(described, on="video_id")["video_id"][0]


def test_the_rows_are_those_of_every_table(finished, judged):
    found = json.loads(finished.run("gettok", "show", judged, "--json"))
    variables = list(load(finished.folder / "params.yaml").codebook.variables)
    assert found["not_made"] == {}
    for name in SOURCES:
        rows = table(finished, name).filter(video_id=judged).drop("image", "answer", strict=False)
        rows = rows.sort(SOURCES[name].table.sort)
        if "variable" in rows.columns:
            rows = rows.sort(pl.col("variable").cast(pl.Enum(variables)), maintain_order=True)
        expected = json.loads(json.dumps(rows.to_dicts(), default=lambda time: time.isoformat()))
        assert found["tables"][name] == expected, name
    labels = read_human_labels(finished.folder / "inputs" / "labels" / "human_labels.csv")
    of_video = [given.label for given in labels if given.video_id == judged]
    assert [given["label"] for given in found["human_labels"]] == of_video


def test_the_terminal_says_what_the_tables_have(finished, judged):
    printed = finished.run("gettok", "show", judged, COLUMNS="400")
    (video,), (described,), (transcript,) = (
        table(finished, name).filter(video_id=judged).to_dicts()
        for name in ("videos", "descriptions", "transcripts")
    )
    (stance,) = table(finished, "annotations").filter(video_id=judged, variable="stance").to_dicts()
    assert f"@{video['username']}" in printed
    assert video["created_at"].strftime("%Y-%m-%d %H:%M:%S UTC") in printed
    for text in (video["description"], described["on_screen_text"], described["description"]):
        for line in text.splitlines():
            assert line in printed
    assert (transcript["text"] or REASONS[transcript["reason"]]) in printed
    assert re.search(rf"label +{stance['label']}\n", printed)
    assert "not made yet" not in printed


def test_a_video_without_a_file_says_why_at_every_stage(finished):
    lost = table(finished, "media").filter(status="unusable").row(0, named=True)
    printed = finished.run("gettok", "show", lost["video_id"], COLUMNS="400")
    assert f"{REASONS[lost['reason']]} ({lost['reason']}" in printed
    assert printed.count(f"{REASONS['no_media']} (no_media") >= 2


def test_the_page_has_every_frame(finished, judged, tmp_path):
    page = tmp_path / "video.html"
    finished.run("gettok", "show", judged, "--html", str(page))
    images = table(finished, "frames").filter(video_id=judged)["image"].struct.field("bytes").to_list()
    shown = re.findall(r"data:image/jpeg;base64,([^\"]+)", page.read_text("utf-8"))
    assert [base64.b64decode(image) for image in shown] == images


@pytest.mark.slow
def test_a_collected_video_outside_the_days_and_a_stranger_are_told_apart(repository):
    outside = table(repository, "videos").sort("created_at")["video_id"][-1]
    day = "2022-12-07"
    assert outside not in table(repository, "videos").filter(pl.col("created_at").dt.date().cast(str) == day)
    repository.study(day, day)
    repository.dvc("repro", "tabulate")
    half_made = repository.run("gettok", "show", outside, COLUMNS="400")
    assert "left out of the study: it was published outside the study's days (outside_study)" in half_made
    for source in SOURCES.values():
        if source.stage != "tabulate":
            repository.run("rm", "-r", f"data/{source.path}")
    code, said = repository.outcome("gettok", "show", outside, COLUMNS="400")
    assert (code, "it was published outside the study's days (outside_study)" in said) == (66, True)
    code, said = repository.outcome("gettok", "show", str(int(outside) + 1))
    assert (code, "never seen" in said) == (66, True)


def test_a_clone_without_data_says_how_to_get_it(finished, tmp_path, judged):
    code, said = finished.clone(tmp_path / "clone").outcome("gettok", "show", judged)
    assert code == 66
    assert "no dataset yet" in said
    assert "`dvc pull`" in said
