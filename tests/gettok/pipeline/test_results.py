"""The release and the report get the tables as the stages wrote them, the days that are missing, and few pictures."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import written_study
from small_study import CODEBOOK, attacked, jpeg, study_of

from gettok.books import COUNTED
from gettok.pipeline.results import tables, with_pictures
from gettok.tables import COVERAGE

FIRST, THIRD = "7213456789012345601", "7213456789012345603"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = attacked(study_of(3))
    written_study.write(study, screen_texts=[])
    every = {stage: study.books.get(stage, study.books["download"]) for stage in COUNTED}
    for stage, books in every.items():
        books.write(Path("data", "books", f"{stage}.json"))
    return replace(study, books=every)


def cover(**days: tuple[str, str | None]) -> None:
    rows = [
        {"day": date(2022, 12, int(day[1:])), "state": state, "why": why}
        for day, (state, why) in days.items()
    ]
    COVERAGE.write(rows, Path("data/coverage.parquet"))


def test_a_day_is_uncovered_if_pages_are_missing_or_were_read_too_early(study):
    cover(
        d5=("complete", None),
        d6=("gap", "the API fails for it"),
        d7=("incomplete", None),
        d8=("incomplete", "the quota was spent"),
    )
    found = tables(CODEBOOK).uncovered
    assert found == {
        "2022-12-06": "the API fails for it",
        "2022-12-07": "it was read within 48 hours of its end, when TikTok does not show all videos yet",
        "2022-12-08": "the quota was spent",
    }


def test_only_the_videos_that_are_shown_have_pictures(study):
    cover()
    found = tables(CODEBOOK)
    assert found.books == study.books
    assert found.rows("videos").collect()["video_id"].to_list() == sorted(study.videos["video_id"])
    assert "image" not in found.frames.schema
    shown = with_pictures(found, [THIRD, FIRST]).frames.to_dicts()
    assert [(row["video_id"], row["image"]["bytes"]) for row in shown] == [
        (name, jpeg(name)) for name in (FIRST, THIRD)
    ]
    assert "answer" not in shown[0]
