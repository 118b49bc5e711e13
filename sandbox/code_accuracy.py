"""Measures a codebook's values against the truth of the demo's corpus, each variable by the measure of its kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from gettok.annotate.values import COLUMN_OF, plain
from gettok.errors import counted
from gettok.media.images import thin_out
from gettok.settings import Codebook, Variable
from gettok.stats.formatting import number, percent
from gettok.tables import ANNOTATIONS, FRAMES
from sandbox.corpus.codes import VARIABLES
from sandbox.corpus.truth import Truth

#: The true value of a video, and the model's.
Pair: TypeAlias = tuple[Any, Any]


@dataclass(frozen=True)
class CodeAccuracy:
    """How right the values of a variable are, over `videos` videos; without a measure, why they are not compared.

    `measures` are the share correct of a variable with one label; F1 of all labels together and of each, if it has
    several; of numbers the share that is exact and the mean absolute error; of quotations precision and recall. A
    measure without cases, such as the precision of no quotation, is None.
    """

    variable: str
    videos: int
    measures: Mapping[str, float | None]
    not_compared: str = ""

    def line(self) -> str:
        """The measures for people, without those by label, which follow in lines of their own."""
        if self.not_compared:
            return f"{self.variable:<36} not compared: {self.not_compared}"
        shown = ", ".join(f"{name} {self._in_words(name)}" for name in self.measures if "/" not in name)
        return f"{self.variable:<36} {shown} over {counted(self.videos, 'video')}"

    def by_label(self) -> list[str]:
        return [
            f"  {name.partition('/')[2]:<34} {name.partition('/')[0]} {self._in_words(name)}"
            for name in self.measures
            if "/" in name
        ]

    def _in_words(self, name: str) -> str:
        value = self.measures[name]
        return percent(value, self.videos) if name in ("correct", "exact") else number(value, self.videos)


def code_accuracies(data: Path, codebook: Codebook, true: Mapping[str, Truth]) -> list[CodeAccuracy]:
    """The accuracy of each variable of the codebook that the corpus has a truth of."""
    columns = ["video_id", "variable", *dict.fromkeys(COLUMN_OF.values()), "status"]
    rows = ANNOTATIONS.read(data / "annotations", columns).filter(pl.col("status") == "ok")
    true_codes = _TrueCodes(data, true)
    return [
        _accuracy(name, variable, rows.filter(pl.col("variable") == name), true_codes)
        if not (problem := _problem(name, variable, codebook))
        else CodeAccuracy(name, 0, {}, problem)
        for name, variable in codebook.variables.items()
    ]


def _problem(name: str, variable: Variable, codebook: Codebook) -> str:
    """Why values cannot be compared with the truth; empty if they can."""
    kind, labels = VARIABLES.get(name, ("", ()))
    if not kind:
        return "the sandbox has no truth of it"
    if variable.kind != kind:
        return f"the sandbox's truth is of the kind {kind}"
    if set(variable.label_names) != set(labels):
        return f"the sandbox's truth has other labels ({', '.join(labels)})"
    if name == "people_shown" and codebook.frames > 1:
        return "the sandbox's truth is of one frame, and the model saw several"
    return ""


class _TrueCodes:
    """The true values; of what is shown, those of the middle frame, which is the one that a model gets."""

    def __init__(self, data: Path, true: Mapping[str, Truth]) -> None:
        self._data, self._true = data, true

    @cached_property
    def _frames(self) -> dict[str, list[tuple[int, float]]]:
        """The index and time of each video's frames, in display order."""
        columns = ["video_id", "frame_index", "time_s"]
        of_videos: dict[str, list[tuple[int, float]]] = {}
        for video, index, time_s in FRAMES.read(self._data / "frames", columns).sort("frame_index").rows():
            of_videos.setdefault(video, []).append((index, time_s))
        return of_videos

    def of(self, name: str, video: str) -> Any:
        of_video = self._true[video]
        if name == "stance":
            return of_video.stance
        value = of_video.codes[name]
        return value[self._scene(video)] if name == "people_shown" else value

    def _scene(self, video: str) -> int:
        ((index, time_s),) = thin_out(self._frames[video], 1)
        of_video = self._true[video]
        return index if of_video.kind == "slideshow" else of_video.scene_at(time_s)


def _accuracy(name: str, variable: Variable, rows: pl.DataFrame, true: _TrueCodes) -> CodeAccuracy:
    """Over the videos with a value: a video that the model cannot tell of has none."""
    given = rows.select("video_id", COLUMN_OF[variable.kind]).drop_nulls().rows()
    pairs = [(true.of(name, video), value) for video, value in given]
    measures = _MEASURES.get(variable.kind, _correct)(pairs)
    return CodeAccuracy(name, len(pairs), {measure: _rounded(value) for measure, value in measures})


Measures: TypeAlias = Iterator[tuple[str, float | None]]


def _correct(pairs: Sequence[Pair]) -> Measures:
    yield "correct", _share(sum(true == value for true, value in pairs), len(pairs))


def _f1(pairs: Sequence[Pair]) -> Measures:
    labels = dict.fromkeys(label for pair in pairs for labels in pair for label in labels)
    yield "F1", _f1_of(pairs, list(labels))
    for label in sorted(labels):
        yield f"F1/{label}", _f1_of(pairs, [label])


def _f1_of(pairs: Sequence[Pair], labels: Sequence[str]) -> float | None:
    decided = [(label in true, label in value) for true, value in pairs for label in labels]
    right = sum(true and given for true, given in decided)
    return _share(2 * right, sum(true + given for true, given in decided))


def _deviation(pairs: Sequence[Pair]) -> Measures:
    yield "exact", _share(sum(true == value for true, value in pairs), len(pairs))
    yield "mean absolute error", _share(sum(abs(true - value) for true, value in pairs), len(pairs))


def _quoted(pairs: Sequence[Pair]) -> Measures:
    """A quotation is right if it is one of the true ones, but for capitals and accents."""
    sets = [({plain(text) for text in true}, {plain(text) for text in value}) for true, value in pairs]
    right = sum(len(true & value) for true, value in sets)
    yield "precision", _share(right, sum(len(value) for _, value in sets))
    yield "recall", _share(right, sum(len(true) for true, _ in sets))


_MEASURES: Mapping[str, Callable[[Sequence[Pair]], Measures]] = {
    "any_of": _f1,
    "number": _deviation,
    "span": _quoted,
}


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
