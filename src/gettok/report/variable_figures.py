"""The charts of the codebook's variables: each label's share by day, and a number's mean by day and distribution."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from gettok.report.display import label as on_one_line
from gettok.report.figures import Chart, draw_dates
from gettok.report.style import BLUE, RC_PARAMS, RED, svg
from gettok.report.variables import MAX_PANELS, Coded
from gettok.settings import Event
from gettok.stats.bootstrap import Estimate
from gettok.stats.proportions import Share

#: Whole numbers of so small a range each get a bar.
_MAX_BARS = 20
_BINS = 10
#: Inches.
_WIDTH, _PANEL, _FOOT = 9.0, 1.15, 0.25

_Numbers: TypeAlias = Mapping[date, Share | Estimate]


def charts(variables: Sequence[Coded], events: Sequence[Event]) -> list[Chart]:
    """Those that a variable has something for."""
    drawn = []
    for coded in variables:
        if coded.is_number and coded.rows.height:
            drawn.append(Chart(f"distribution_{coded.name}", histogram(coded)))
        if panels := _panels(coded):
            numbers = coded.numbers()
            limits = (numbers.lowest, numbers.highest) if numbers else None
            drawn.append(Chart(f"by_day_{coded.name}", by_day(panels, events, limits)))
    return drawn


def _panels(coded: Coded) -> dict[str, _Numbers]:
    """The numbers of each day, of each label that gets a panel."""
    if coded.variable.kind == "text" or not coded.rows["day"].count():
        return {}
    if coded.is_number:
        return {"mean": coded.means_by_day()}
    shares, of_days = coded.shares(), coded.by_day()
    panels: dict[str, _Numbers] = {}
    for name in shown_labels(coded):
        if shares[name].count:
            panels[name] = {day: found for (day, label), found in of_days.items() if label == name}
    return panels


def shown_labels(coded: Coded) -> list[str]:
    """The labels that most videos have, in the order of the codebook."""
    shares = coded.shares()
    most = sorted(coded.labels, key=lambda label: -shares[label].count)[:MAX_PANELS]
    return [label for label in coded.labels if label in most]


def by_day(
    panels: Mapping[str, _Numbers], events: Sequence[Event], limits: tuple[float, float] | None = None
) -> str:
    """A panel for each label: a dot for the videos of each day, and its interval.

    `limits` are the lowest and the highest number, beyond which no mean can be; without them, the values are shares.
    """
    height = _PANEL * len(panels) + _FOOT
    days = [day for numbers in panels.values() for day in numbers]
    shown = [min(days), max(days)]
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(_WIDTH, height))
        for place, (name, numbers) in enumerate(panels.items()):
            bottom = _FOOT + _PANEL * (len(panels) - 1 - place)
            axes: Any = figure.add_axes((0.08, (bottom + 0.1) / height, 0.9, (_PANEL - 0.4) / height))
            _draw_days(axes, numbers)
            draw_dates(axes, shown, is_named=place == len(panels) - 1)
            axes.set_title(on_one_line(name, 60), fontsize=10)
            _scale(axes, limits)
            for event in events:
                axes.axvline(event.day, color=RED, linestyle="--", linewidth=1)
        return svg(figure)


def _draw_days(axes: Any, numbers: _Numbers) -> None:
    days, values = list(numbers), [found.value for found in numbers.values()]
    known = [(day, found.low, found.high) for day, found in numbers.items() if found.low is not None]
    if known:
        axes.vlines(*zip(*known, strict=True), color=BLUE, linewidth=1.5, alpha=0.5)
    axes.plot(days, values, "o", color=BLUE, markersize=3.5)


def _scale(axes: Any, limits: tuple[float, float] | None) -> None:
    low, high = limits or (0.0, 1.0)
    margin = (high - low or 1) * 0.06
    axes.set_ylim(low - margin, high + margin)
    if limits is None:
        axes.set_yticks([0, 0.5, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def histogram(coded: Coded) -> str:
    """How many videos have each number, or numbers of each of ten equal ranges if they are many."""
    values = coded.rows["value"].to_numpy()
    low, high = float(values.min()), float(values.max())
    is_counted = bool((values == values.round()).all()) and high - low < _MAX_BARS
    edges = np.arange(low - 0.5, high + 1) if is_counted else np.histogram_bin_edges(values, _BINS)
    counts, edges = np.histogram(values, edges)
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(_WIDTH, 2.2))
        axes: Any = figure.add_axes((0.08, 0.16, 0.9, 0.78))
        axes.bar(edges[:-1], counts, width=np.diff(edges) * 0.9, align="edge", color=BLUE)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=is_counted))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_ylabel("videos")
        axes.grid(visible=False, axis="x")
        return svg(figure)
