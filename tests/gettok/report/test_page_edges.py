"""What the page says in words about its figures, and how many rows it lists."""

import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from small_study import COMPARISON, OURS, STUDY, attacked, study_of, tables, video

from gettok.books import Books
from gettok.collect.origin import Origin
from gettok.report import rendering
from gettok.report.figures import charts
from gettok.report.index_page import _busiest, _compared, _coverage, html


def test_of_equally_busy_days_the_earliest_is_named():
    days = (9, 8, 7, 8, 7)
    rows = [video(n, created_at=datetime(2022, 12, day, tzinfo=UTC)) for n, day in enumerate(days)]
    found = _busiest(tables(*rows).videos, STUDY)
    assert (str(found["day"]), found["videos"]) == ("2022-12-07", 2)


def test_coverage_is_the_sum_over_all_days():
    assert _coverage(study_of(9)) == {"videos": 9, "voice_to_text": 3, "captions": 3, "whisper": 7}


def page(of, **changes):
    return html(replace(of, **changes), STUDY, COMPARISON, {})


@pytest.mark.parametrize(
    ("origin", "found", "why"),
    [
        (
            Origin("research_api", Books(50, 44, {"not_returned": 6})),
            "that match the query",
            "as a candidate",
        ),
        (Origin("ids", Books(4, 3, {"not_found": 1})), "from a list of 4 ids", "does not find it by its id"),
        (Origin("ids", Books(1, 1)), "from a list of 1 id", ""),
        (Origin("zeeschuimer", Books(9, 9)), "captured in a browser (Zeeschuimer)", ""),
    ],
)
def test_the_page_says_where_the_videos_are_from_and_what_collect_gave(origin, found, why):
    text = page(study_of(3), origin=origin)
    head, books = text.split("</header>")[0], text.split('id="books"')[1].split("</section>")[0]
    by_query = origin.kind == "research_api"
    assert f"TikTok videos {found}, published from 2022-12-05 to 2022-12-14" in head
    assert ("that match the query" in head, " in Peru" in head) == (by_query, by_query)
    assert ("did not find these videos" in head) is not by_query
    asked, ok = origin.books.asked, origin.books.ok
    row = f'<tr><th scope="row">collect</th><td class="n">{asked}</td><td class="n">{ok}</td><td class="n">{asked - ok}'
    assert row in books
    assert why in books


@pytest.mark.parametrize(
    ("count", "text"), [(1, "Of 1 video: 0 with TikTok&#39;s transcript"), (3, "Of 3 videos: 1 with")]
)
def test_one_video_is_no_videos(count, text):
    of = study_of(count)
    drawn = {chart.name: chart for chart in charts(of, STUDY, "folded")}
    assert text in html(of, STUDY, COMPARISON, drawn)
    assert " 1 videos" not in html(of, STUDY, {**COMPARISON, "translated_captions_left_out": 1}, drawn)


def test_an_example_shows_what_was_said_and_what_the_model_quotes():
    of = study_of(6)
    quoting = of.annotations.with_columns(evidence=pl.lit("<i>a quotation</i>"))
    cards = page(of, annotations=quoting).split("Examples (Figure 6)")[1]
    assert f'<dt>Transcript</dt><dd><bdi class="user">{OURS}</bdi>' in cards
    assert '<dt>Evidence</dt><dd><bdi class="user">&lt;i&gt;a quotation&lt;/i&gt;</bdi>' in cards


@pytest.mark.parametrize(("counts", "shown"), [((0, 0, 0), 0), ((0, 0, 1), 3), ((1, 0, 0), 3)])
def test_pairs_are_shown_if_any_video_has_two_texts(counts, shown):
    comparison = deepcopy(COMPARISON)
    for entry, both in zip(comparison["pairs"].values(), counts, strict=True):
        entry["videos"] |= {"both": both, "left_only": 5}
    comparison["pairs"] = dict(reversed(comparison["pairs"].items()))
    found = _compared(comparison)
    assert [(entry["left"], entry["right"]) for entry in found] == [
        ("voice_to_text", "whisper"),
        ("captions", "whisper"),
        ("voice_to_text", "captions"),
    ][:shown]
    assert _compared({}) == []


def test_every_table_can_be_scrolled_sideways_and_the_reasons_are_below_their_stage_on_a_phone():
    text = page(attacked(study_of(9)), origin=Origin("ids", Books(4, 3, {"not_found": 1})))
    tables_on_page = re.findall(r"(.{0,30})<table", text, re.DOTALL)
    assert len(tables_on_page) >= 4, "books, texts, stances, flips"
    assert [before for before in tables_on_page if not before.endswith('<div class="wide">')] == []
    phone = Path(rendering.__file__).with_name("style.css").read_text("utf-8").split("(max-width: 40rem)")[1]
    assert ".books .why { grid-column: 1 / -1;" in phone
    assert text.count('<td class="why">') == len(study_of(9).books) + 1
