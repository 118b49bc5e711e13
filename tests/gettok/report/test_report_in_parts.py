"""The report of a study that is read in parts, or from its files, is that of the same study in memory."""

from dataclasses import replace

import pytest
import written_study
from small_study import COMPARISON, STUDY, attacked, coded, study_of

from gettok.pipeline.results import with_pictures
from gettok.report import metrics
from gettok.report.examples import shown_videos
from gettok.report.index_page import write
from gettok.tables import TABLES


def whole():
    of = coded(attacked(study_of(12)))
    read = of.descriptions.with_columns(ocr_text="on_screen_text", ocr_cer=0.25)
    none = TABLES["screen_texts"].frame([])
    return replace(of, descriptions=read, screen_texts=none)


def report(folder, of):
    write(folder, of, STUDY, COMPARISON)
    made = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
    drawn = {name: frame.write_csv() for name, frame in metrics.plots(of, STUDY).items()}
    return made, drawn, metrics.metrics(of, COMPARISON), shown_videos(of)


@pytest.mark.parametrize("videos_at_once", [1, 5])
def test_a_report_in_parts_is_the_same(tmp_path, videos_at_once):
    parts = replace(whole(), videos_at_once=videos_at_once)
    assert report(tmp_path / "a", parts) == report(tmp_path / "b", whole())


def test_a_report_of_files_by_day_is_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    of = whole()
    stored = written_study.stored(of, 4)
    stored = with_pictures(stored, shown_videos(stored))
    assert report(tmp_path / "a", stored) == report(tmp_path / "b", replace(of, books=stored.books))
