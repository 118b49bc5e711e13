"""Where events, ticks and rows of the figures are, read from the axes and not from the drawing."""

from dataclasses import replace
from datetime import date, timedelta
from math import isnan

import polars as pl
import pytest
from matplotlib.dates import num2date
from matplotlib.figure import Figure

from gettok.compare.text_sources import TEXT_SOURCES
from gettok.multiverse.before_after import difference
from gettok.multiverse.specification_curve import _colour, _marker, _percent, _rows
from gettok.multiverse.specifications import Axis
from gettok.report.figures import _bars, _lines, draw_dates, posts, transcripts
from gettok.report.style import BLUE, GREY, RED
from gettok.settings import Event
from gettok.stats.proportions import share

FIRST = date(2022, 12, 1)


def axes():
    return Figure().add_subplot()


@pytest.mark.parametrize(
    ("days", "rows"),
    [
        ([1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 0, 1]),
        ([1, 3, 5], [0, 0, 0]),
        ([1, 2, 4, 5], [0, 1, 0, 1]),
        ([5, 4], [0, 1]),
    ],
)
def test_numbers_of_events_that_are_nearer_than_a_thirtieth_are_at_different_heights(days, rows):
    drawn = axes()
    events = [Event(day=str(FIRST + timedelta(days=day)), label="event") for day in days]
    _lines(drawn, events, [FIRST, FIRST + timedelta(days=59)])
    assert [text.get_text() for text in drawn.texts] == [str(number + 1) for number in range(len(days))]
    assert [round((text.xy[1] - 1.02) / 0.07) for text in drawn.texts] == rows


def test_an_event_outside_the_days_has_no_line_and_the_others_keep_their_numbers():
    drawn = axes()
    events = [Event(day=str(FIRST + timedelta(days=day)), label="event") for day in (-1, 0, 1, 2)]
    _lines(drawn, events, [FIRST, FIRST + timedelta(days=1)])
    assert [text.get_text() for text in drawn.texts] == ["2", "3"]
    assert len(drawn.lines) == 2


@pytest.mark.parametrize(("days", "step", "count"), [(1, 1, 1), (8, 1, 8), (9, 2, 5), (16, 2, 8), (17, 3, 6)])
def test_at_most_eight_days_are_named_from_the_first_on(days, step, count):
    drawn = axes()
    draw_dates(drawn, [FIRST, FIRST + timedelta(days=days - 1)])
    named = [num2date(tick).date() for tick in drawn.get_xticks()]
    assert named == [FIRST + timedelta(days=step * place) for place in range(count)]
    assert [text.get_text() for text in drawn.get_xticklabels()] == [day.isoformat() for day in named]


def test_the_first_hashtag_is_at_the_top():
    drawn = axes()
    _bars(drawn, [("a", 3), ("b", 1)], "title", BLUE)
    assert [bar.get_width() for bar in drawn.patches] == [3, 1]
    assert [text.get_text() for text in drawn.get_yticklabels()] == ["#a", "#b"]
    bottom, top = drawn.get_ylim()
    assert bottom > top


def test_a_single_hashtag_s_bar_is_a_fraction_of_the_figure_s_height():
    drawn = axes()
    _bars(drawn, [("a", 3)], "title", BLUE)
    bottom, top = drawn.get_ylim()
    assert drawn.patches[0].get_height() <= (bottom - top) / 5


@pytest.mark.parametrize(("videos", "highest"), [([1], 0.2), ([1, 0, 1], 0.2), ([50, 100], 1)])
def test_a_bar_of_one_video_does_not_fill_figure_3(drawn, videos, highest):
    days = [FIRST + timedelta(days=place) for place in range(len(videos))]
    posts(pl.DataFrame({"day": days, "videos": videos}), [])
    (bars,) = drawn
    first, last = bars.get_xlim()
    assert max(bar.get_height() for bar in bars.patches) / bars.get_ylim()[1] <= highest
    assert bars.patches[0].get_width() < (last - first) / 4


def test_figure_4_has_no_line_over_days_without_videos(drawn):
    days = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=4)]
    of_source = {source: [1, 2, 0] for source in TEXT_SOURCES}
    transcripts(pl.DataFrame({"day": days, "videos": [2, 2, 2], **of_source}))
    (lines,) = drawn
    for line in lines.get_lines():
        assert [None if isnan(share) else share for share in line.get_ydata()] == [0.5, 1, None, None, 0]


@pytest.fixture
def drawn(monkeypatch):
    """The axes of the figures that are made into SVG."""
    found = []
    monkeypatch.setattr("gettok.report.figures.svg", lambda figure: found.extend(figure.axes) or "")
    return found


@pytest.mark.parametrize(("after", "colour", "marker"), [(3, BLUE, "^"), (1, RED, "v"), (2, GREY, "o")])
def test_each_sign_of_a_difference_has_its_colour_and_its_mark(after, colour, marker):
    found = difference(share(2, 4), share(after, 4))
    assert (_colour(found), _marker(found)) == (colour, marker)
    assert (_colour(found.before), _marker(found.before)) == (BLUE, "o")
    assert (_colour(replace(found, sign=None)), _marker(replace(found, sign=None))) == (GREY, "o")


@pytest.mark.parametrize(
    ("value", "text"), [(0.125, "12.5"), (-0.5, "-50"), (0.0, "0"), (-1e-12, "0"), (0.1 + 0.2, "30")]
)
def test_a_percentage_on_an_axis_is_short_and_0_has_no_sign(value, text):
    assert _percent(value, None) == text


def test_a_row_of_the_matrix_has_the_specifications_with_its_value():
    rows = _rows([Axis("votes", (9, 10, 9)), Axis("kind", (None, "a", ["b", "c"]))])
    assert [(row.text, sorted(row.positions), row.is_first_of_setting) for row in rows] == [
        ("votes: 9", [0, 2], True),
        ("votes: 10", [1], False),
        ("kind: null", [0], True),
        ("kind: a", [1], False),
        ("kind: b, c", [2], False),
    ]
