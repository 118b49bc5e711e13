"""The report shows how far two readings of the screen agree."""

import re
from dataclasses import replace

import polars as pl
from small_study import COMPARISON, STUDY, study_of, tables, video

from gettok.report import metrics
from gettok.report.index_page import html


def read_twice(*rates: float | None):
    """A study with a video for each rate between the model's text and OCR's; None was not read."""
    of = tables(*(video(number) for number in range(1, len(rates) + 1)))
    columns = {"ocr_text": ["<b>NO</b>" if rate else "" for rate in rates], "ocr_cer": rates}
    given = [pl.Series(name, values, strict=False) for name, values in columns.items()]
    return replace(of, descriptions=of.descriptions.with_columns(given))


def page(of) -> str:
    return html(of, STUDY, COMPARISON, {})


def test_the_page_shows_how_much_two_readings_of_the_screen_differ_and_where_most():
    text = page(read_twice(0.5, 0.0, 1.0, None, *[0.25] * 9))
    section = text.split('<h2 id="screens">')[1].split("</section>")[0]
    assert "The text of 12 videos was read twice" in section
    assert "<dd>0.31</dd>" in section
    assert "<dd>12</dd>" in section
    assert "95 % interval" in section
    shown_ids = re.findall(r"<code>72134567890123456(\d\d)</code>", section)
    assert shown_ids == ["03", "01", *(f"{number:02}" for number in range(5, 13))], "ten, the worst first"
    assert "NO A LA VACANCIA" in section
    assert "&lt;b&gt;NO&lt;/b&gt;" in section


def test_the_page_counts_the_videos_whose_script_ocr_cannot_read_and_blames_the_model_for_none():
    of = read_twice(0.5, None, None)
    scripts = pl.Series([None, ["Cyrillic", "Greek"], ["Cyrillic"]])
    section = page(replace(of, descriptions=of.descriptions.with_columns(ocr_unread_scripts=scripts)))
    section = section.split('<h2 id="screens">')[1].split("</section>")[0]
    assert "<dd>0.50</dd>" in section
    assert "cannot write letters in their texts: 2 videos (Cyrillic 2, Greek 1)" in section
    assert "Not compared" not in page(read_twice(0.5))


def test_the_page_says_so_where_two_readings_agree_and_where_there_is_only_one():
    assert "Both read the same words in every video." in page(read_twice(0.0, 0.0))
    assert "No video's text was read twice" in page(study_of(9)).replace("&#39;", "'")


def test_videos_without_any_text_are_in_no_rate_of_the_screen():
    of = read_twice(1.0, 0.0, 0.0)
    blank = of.descriptions.with_columns(
        on_screen_text=pl.when(pl.col("ocr_cer") > 0).then("on_screen_text").otherwise(pl.lit(""))
    )
    found = metrics.metrics(replace(of, descriptions=blank), COMPARISON)
    assert found["screen_text"] == {"cer": 1.0, "videos": 1}
    assert metrics.metrics(study_of(3), COMPARISON)["screen_text"] == {"cer": None, "videos": 0}
