"""The specification curve: estimates in order of size, and below each which settings gave it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gettok.multiverse.numbers import Difference
from gettok.multiverse.specifications import Axis, in_words
from gettok.multiverse.summary import Multiverse
from gettok.report.display import label
from gettok.report.style import BLUE, GREY, LOOK, RED, svg
from gettok.stats.proportions import Share
from gettok.step import canonical

_WIDTH, _LEFT, _RIGHT = 9.0, 3.1, 0.2
_CURVE, _ROW, _ABOVE, _BETWEEN, _BELOW = 1.7, 0.22, 0.45, 0.1, 0.1
_LETTERS = 44

Points: TypeAlias = list[tuple[int, Share | Difference]]


@dataclass(frozen=True)
class Curve:
    """One estimate in each specification that has it, smallest first, each with its specification's place."""

    title: str
    axis: str
    points: Points


@dataclass(frozen=True)
class _Line:
    """A row of the matrix: a value of a setting, and the places of the specifications that have it."""

    text: str
    places: frozenset[int]
    starts_a_setting: bool


def curves(whole: Multiverse) -> list[Curve]:
    """The label's share, and its difference at each event for which a specification has videos on both sides."""
    what = f"Share of “{label(whole.label, 24)}”"
    found = [Curve(f"{what}, all days", "share, %", _ordered(whole.shares))]
    for one in whole.comparisons:
        title = f"{what} from {one.event.day} on, minus before: {label(one.event.label, 50)}"
        found.append(Curve(title, "difference, points", _ordered(one.differences)))
    return [curve for curve in found if curve.points]


def _ordered(values: Sequence[Share | Difference]) -> Points:
    points = [(place, value) for place, value in enumerate(values) if value.value is not None]
    return sorted(points, key=lambda point: (point[1].value or 0.0, point[0]))


def draw(whole: Multiverse) -> str:
    """All curves, one below the other, as one SVG; each with its own order of the specifications."""
    lines = _lines(whole.axes)
    found = curves(whole)
    height = _ABOVE + _CURVE + _BETWEEN + _ROW * max(len(lines), 1) + _BELOW
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(_WIDTH, height * max(len(found), 1)))
        for place, curve in enumerate(found):
            _panel(figure, height * (len(found) - place), curve, lines)
        if not found:
            figure.text(0.5, 0.5, "No specification has a label.", ha="center")
        return svg(figure)


def _panel(figure: Figure, top: float, curve: Curve, lines: Sequence[_Line]) -> None:
    figure.text(0.02, (top - 0.75 * _ABOVE) / figure.get_figheight(), curve.title)
    _estimates(_axes(figure, top - _ABOVE - _CURVE, _CURVE), curve)
    if lines:
        matrix = _ROW * len(lines)
        _matrix(_axes(figure, top - _ABOVE - _CURVE - _BETWEEN - matrix, matrix), curve.points, lines)


def _axes(figure: Figure, bottom: float, height: float) -> Any:
    """Axes at a place in inches."""
    whole = figure.get_figheight()
    width = _WIDTH - _LEFT - _RIGHT
    return figure.add_axes((_LEFT / _WIDTH, bottom / whole, width / _WIDTH, height / whole))


def _estimates(axes: Any, curve: Curve) -> None:
    for at, (_, point) in enumerate(curve.points):
        colour = _colour(point)
        axes.vlines(at, point.low, point.high, color=colour, linewidth=1.5, alpha=0.6)
        axes.plot([at], [point.value], color=colour, marker=_mark(point), markersize=5)
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


def _mark(point: Share | Difference) -> str:
    """UserFacingError apart without colours, too."""
    sign = point.sign if isinstance(point, Difference) else 0
    return {1: "^", -1: "v"}.get(sign or 0, "o")


def _matrix(axes: Any, points: Points, lines: Sequence[_Line]) -> None:
    for row, line in enumerate(lines):
        has = [at for at, (place, _) in enumerate(points) if place in line.places]
        axes.plot(range(len(points)), [row] * len(points), ".", color="#8a8a8a55", markersize=3)
        axes.plot(has, [row] * len(has), "o", color=GREY, markersize=5)
        if line.starts_a_setting and row:
            axes.axhline(row - 0.5, color="#8a8a8a55", linewidth=0.8)
    axes.set_yticks(range(len(lines)), [line.text for line in lines], fontsize=9)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    _across(axes, len(points))


def _across(axes: Any, count: int) -> None:
    axes.set_xlim(-0.6, count - 0.4)
    axes.set_xticks([])


def _lines(found: Sequence[Axis]) -> list[_Line]:
    lines = []
    for axis in found:
        for place, value in enumerate(dict.fromkeys(map(canonical, axis.values))):
            having = [at for at, other in enumerate(axis.values) if canonical(other) == value]
            text = label(f"{axis.setting}: {in_words(axis.values[having[0]])}", _LETTERS)
            lines.append(_Line(text, frozenset(having), place == 0))
    return lines
