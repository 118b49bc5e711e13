"""The specification curve: estimates in order of size, with the settings that gave each below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gettok.multiverse.analysis import Multiverse
from gettok.multiverse.before_after import Difference
from gettok.multiverse.specifications import Axis, in_words
from gettok.report.display import label
from gettok.report.style import BLUE, GREY, RC_PARAMS, RED, svg
from gettok.stats.proportions import Share
from gettok.step import canonical

#: In inches: the figure across, and the parts of a panel from top to bottom.
_WIDTH, _LEFT, _RIGHT = 9.0, 3.1, 0.2
_CURVE, _ROW, _ABOVE, _BETWEEN, _BELOW = 1.7, 0.22, 0.45, 0.1, 0.1
#: Characters of a setting and its value that fit to the left of a row.
_MAX_LABEL = 44

Points: TypeAlias = list[tuple[int, Share | Difference]]


@dataclass(frozen=True)
class Curve:
    """One estimate in each specification that has it, smallest first, with the specification's position."""

    title: str
    axis: str
    points: Points


@dataclass(frozen=True)
class _Row:
    """A row of the matrix: a value of a setting, and the positions of the specifications that have it."""

    text: str
    positions: frozenset[int]
    is_first_of_setting: bool


def curves(multiverse: Multiverse) -> list[Curve]:
    """The label's share, and its difference at each event for which a specification has videos on both sides."""
    estimate = f"Share of “{label(multiverse.compared.label, 24)}”"
    found = [Curve(f"{estimate}, all days", "share, %", _ordered(multiverse.shares))]
    for comparison in multiverse.comparisons:
        event = comparison.event
        title = f"{estimate} from {event.day} on, minus before: {label(event.label, 50)}"
        found.append(Curve(title, "difference, points", _ordered(comparison.differences)))
    return [curve for curve in found if curve.points]


def _ordered(values: Sequence[Share | Difference]) -> Points:
    points = [(position, value) for position, value in enumerate(values) if value.value is not None]
    return sorted(points, key=lambda point: (point[1].value or 0.0, point[0]))


def draw(multiverse: Multiverse) -> str:
    """All curves, one below the other, in one SVG; each has its own order of the specifications."""
    rows = _rows(multiverse.axes)
    found = curves(multiverse)
    height = _ABOVE + _CURVE + _BETWEEN + _ROW * max(len(rows), 1) + _BELOW
    with mpl.rc_context(RC_PARAMS):
        figure = Figure(figsize=(_WIDTH, height * max(len(found), 1)))
        for number, curve in enumerate(found):
            _panel(figure, height * (len(found) - number), curve, rows)
        if not found:
            figure.text(0.5, 0.5, "No specification has a label.", ha="center")
        return svg(figure)


def _panel(figure: Figure, top: float, curve: Curve, rows: Sequence[_Row]) -> None:
    figure.text(0.02, (top - 0.75 * _ABOVE) / figure.get_figheight(), curve.title)
    _estimates(_axes(figure, top - _ABOVE - _CURVE, _CURVE), curve)
    if rows:
        matrix = _ROW * len(rows)
        _matrix(_axes(figure, top - _ABOVE - _CURVE - _BETWEEN - matrix, matrix), curve.points, rows)


def _axes(figure: Figure, bottom: float, height: float) -> Any:
    """Axes at a position in inches from the bottom."""
    figure_height = figure.get_figheight()
    width = _WIDTH - _LEFT - _RIGHT
    return figure.add_axes((_LEFT / _WIDTH, bottom / figure_height, width / _WIDTH, height / figure_height))


def _estimates(axes: Any, curve: Curve) -> None:
    for x, (_, point) in enumerate(curve.points):
        colour = _colour(point)
        axes.vlines(x, point.low, point.high, color=colour, linewidth=1.5, alpha=0.6)
        axes.plot([x], [point.value], color=colour, marker=_marker(point), markersize=5)
    if any(isinstance(point, Difference) for _, point in curve.points):
        axes.axhline(0, color=GREY, linewidth=1)
    axes.set_ylabel(curve.axis)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    _across(axes, len(curve.points))


def _percent(value: float, _: object) -> str:
    return f"{round(100 * value, 6) + 0.0:g}"


def _colour(point: Share | Difference) -> str:
    sign = point.sign if isinstance(point, Difference) else 1
    return {1: BLUE, -1: RED}.get(sign or 0, GREY)


def _marker(point: Share | Difference) -> str:
    """A marker for each sign, so that signs can be distinguished without colours."""
    sign = point.sign if isinstance(point, Difference) else 0
    return {1: "^", -1: "v"}.get(sign or 0, "o")


def _matrix(axes: Any, points: Points, rows: Sequence[_Row]) -> None:
    for y, row in enumerate(rows):
        has = [x for x, (position, _) in enumerate(points) if position in row.positions]
        axes.plot(range(len(points)), [y] * len(points), ".", color="#8a8a8a55", markersize=3)
        axes.plot(has, [y] * len(has), "o", color=GREY, markersize=5)
        if row.is_first_of_setting and y:
            axes.axhline(y - 0.5, color="#8a8a8a55", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.text for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    _across(axes, len(points))


def _across(axes: Any, count: int) -> None:
    axes.set_xlim(-0.6, count - 0.4)
    axes.set_xticks([])


def _rows(axes: Sequence[Axis]) -> list[_Row]:
    rows = []
    for axis in axes:
        for number, value in enumerate(dict.fromkeys(map(canonical, axis.values))):
            positions = [position for position, other in enumerate(axis.values) if canonical(other) == value]
            text = label(f"{axis.setting}: {in_words(axis.values[positions[0]])}", _MAX_LABEL)
            rows.append(_Row(text, frozenset(positions), number == 0))
    return rows
