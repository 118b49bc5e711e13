"""Who calls a video AI-generated: what the API, the page and the file say, beside each other."""

from dataclasses import replace

import polars as pl
from small_study import COMPARISON, STUDY, tables, video

from gettok.release import Tables
from gettok.report import figures, index_page, metrics
from gettok.report.ai_labels import LabelPair, label_pairs, labels

#: Whether the API, the page as fetched, the page as captured, and the file say so; None where it was not read.
SAID = (
    (True, True, None, True),
    (True, False, None, None),
    (False, True, True, True),
    (False, False, True, False),
    (None, None, True, True),
    (None, None, None, None),
)


def study(with_file: bool = True) -> Tables:
    rows = [
        video(
            number,
            endpoint="zeeschuimer" if api is None else "video/query",
            ai_label="creator" if api else None,
            page_ai_label=captured,
        )
        for number, (api, _, captured, _) in enumerate(SAID)
    ]
    made = tables(*rows)
    names = [row["video_id"] for row in rows]
    fetched, file = (pl.Series([said[place] for said in SAID], dtype=pl.Boolean) for place in (1, 3))
    of_file = pl.DataFrame({"video_id": names, "page_ai_label": fetched, "c2pa_ai": file})
    if not with_file:
        of_file = of_file.with_columns(c2pa_ai=pl.lit(None, pl.Boolean))
    return replace(made, media=made.media.drop("page_ai_label", "c2pa_ai").join(of_file, on="video_id"))


def test_each_source_has_a_column_and_the_page_as_fetched_goes_before_the_page_as_captured():
    assert labels(study()).drop("video_id").rows() == [
        (True, True, True),
        (True, False, None),
        (False, True, True),
        (False, False, False),
        (None, True, True),
        (None, None, None),
    ]


def test_agreements_and_contradictions_are_counted_where_both_were_read():
    assert label_pairs(study()) == [
        LabelPair("api", "page", both=1, left_only=1, right_only=1, neither=1),
        LabelPair("api", "file", both=1, left_only=0, right_only=1, neither=1),
        LabelPair("page", "file", both=3, left_only=0, right_only=0, neither=1),
    ]
    made = metrics.metrics(study(), COMPARISON)["ai_labels"]
    assert made == {
        "api_page_contradictions": 2,
        "api_file_contradictions": 1,
        "page_file_contradictions": 0,
    }


def test_a_source_that_no_video_was_read_from_is_in_no_pair():
    assert [(pair.left, pair.right) for pair in label_pairs(study(with_file=False))] == [("api", "page")]
    assert label_pairs(tables(video(1))) == []


def test_the_report_shows_each_pair_and_says_so_if_there_is_none():
    def page(made: Tables) -> str:
        charts = {chart.name: chart for chart in figures.charts(made, STUDY, "folded")}
        return index_page.html(made, STUDY, {}, charts)

    shown = page(study())
    assert "The Research API" in shown
    assert shown.count("Content Credentials</td>") == 2
    assert "No video was read from two of these" in page(tables(video(1)))
