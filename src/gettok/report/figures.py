"""The report's charts."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import nan
from typing import Any

import matplotlib as mpl
import polars as pl
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from gettok.compare.text_sources import TEXT_SOURCES
from gettok.release import Tables
from gettok.report import metrics
from gettok.report.display import label
from gettok.report.metrics import Spellings
from gettok.report.style import BLUE, GREEN, ORANGE, RC_PARAMS, RED, svg
from gettok.settings import Event, Study

#: A colour and a mark for each text source: distinct without colours, too.
_LINES = ((ORANGE, "s"), (GREEN, "^"), (BLUE, "o"))
Counts = Sequence[tuple[str, int]]
#: There is room for so many bars, or videos in a bar, so that a single one does not fill the figure.
_FEWEST_BARS = 5


@dataclass(frozen=True)
class Chart:
    """A figure's name, with its number if it is one of the paper's, and its SVG, for the page and for a file."""

    name: str
    svg: str

    @property
    def source(self) -> str:
        return "data:image/svg+xml;base64," + b64encode(self.svg.encode()).decode()


def charts(tables: Tables, study: Study, spellings: Spellings) -> list[Chart]:
    """Every figure that the tables have something for, in the order of the page. A new one is a line here."""
    videos = tables.videos
    drawn = []
    frequent, viewed = metrics.top_hashtags(videos, spellings)
    if frequent:
        drawn.append(Chart("figure_2", hashtags(frequent, viewed)))
    if tables.count:
        drawn.append(Chart("figure_3", posts(metrics.posts_per_day(videos, study), study.events)))
    per_day = metrics.transcripts_per_day(tables)
    if per_day.height:
        drawn.append(Chart("figure_4", transcripts(per_day)))
    return drawn


def hashtags(frequent: Counts, viewed: Counts) -> str:
    """Figure 2: the ten most frequent and the ten most viewed hashtags."""
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(9, 3.6))
        _bars(figure.add_axes((0.17, 0.12, 0.3, 0.76)), frequent, "Most frequent: videos", BLUE)
        _bars(figure.add_axes((0.67, 0.12, 0.3, 0.76)), viewed, "Most viewed: views", ORANGE)
        return svg(figure)


def _bars(axes: Any, counts: Counts, title: str, colour: str) -> None:
    places = range(len(counts))
    axes.barh(places, [count for _, count in counts], color=colour)
    axes.set_yticks(places, [f"#{label(name, 18)}" for name, _ in counts])
    axes.set_ylim(max(len(counts), _FEWEST_BARS) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_title(title, fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def posts(per_day: pl.DataFrame, events: Sequence[Event]) -> str:
    """Figure 3: videos published on each day, with the study's events as numbered lines."""
    days: list[date] = per_day["day"].to_list()
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(9, 3.2))
        axes: Any = figure.add_axes((0.08, 0.12, 0.9, 0.68))
        axes.bar(days, per_day["videos"].to_list(), width=0.85, color=BLUE)
        draw_dates(axes, days)
        axes.set_ylabel("videos")
        axes.set_ylim(0, max(*(1.05 * count for count in per_day["videos"]), _FEWEST_BARS))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        _lines(axes, events, days)
        return svg(figure)


def _lines(axes: Any, events: Sequence[Event], days: Sequence[date]) -> None:
    """A line for each event of these days; numbers too close to each other are placed at different heights."""
    span = (days[-1] - days[0]).days + 1
    row, last = 0, date.min
    for number, event in enumerate(events, 1):
        if not days[0] <= event.day <= days[-1]:
            continue
        row = (row + 1) % 4 if abs((event.day - last).days) < span / 30 else 0
        last = event.day
        axes.axvline(event.day, color=RED, linestyle="--", linewidth=1)
        place = (event.day, 1.02 + 0.07 * row)
        axes.annotate(str(number), place, xycoords=("data", "axes fraction"), ha="center", fontsize=9)


def transcripts(per_day: pl.DataFrame) -> str:
    """Figure 4: the share of each day's videos that have a text from each source."""
    every = per_day.sort("day").upsample("day", every="1d")  # a day without videos has no share, and no line
    days: list[date] = every["day"].to_list()
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(9, 3.2))
        axes: Any = figure.add_axes((0.09, 0.12, 0.89, 0.74))
        for (source, name), (colour, marker) in zip(TEXT_SOURCES.items(), _LINES, strict=True):
            shares = (every[source] / every["videos"]).cast(pl.Float64).fill_null(nan).to_list()
            # at 0 % and 100 % the axes would cut the marks
            axes.plot(days, shares, color=colour, marker=marker, markersize=4, label=name, clip_on=False)
        draw_dates(axes, days)
        axes.set_ylabel("share of the day's videos")
        axes.set_ylim(0, 1.05)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(TEXT_SOURCES))
        return svg(figure)


def draw_dates(axes: Any, days: Sequence[date], *, is_named: bool = True) -> None:
    """An axis of days from the first to the last, with at most eight of them by name."""
    span = (days[-1] - days[0]).days + 1
    ticks = [days[0] + timedelta(days=day) for day in range(0, span, -(-span // 8))]
    axes.set_xticks(ticks, [tick.isoformat() if is_named else "" for tick in ticks])
    margin = max(0.6, (_FEWEST_BARS - span) / 2)
    axes.set_xlim(date2num(days[0]) - margin, date2num(days[-1]) + margin)
    axes.grid(visible=False, axis="x")
