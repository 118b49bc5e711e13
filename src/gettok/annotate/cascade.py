"""How sure a small model must be for its answer to count: chosen from people's labels, for a stated error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from gettok.annotate.human_labels.evaluation import evaluate
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.settings import Cascade, Variable
from gettok.stats.proportions import clopper_pearson, rounded
from gettok.step import Row

#: The confidence of each answer that people judged too, and whether theirs is another.
Compared = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Threshold:
    """The confidence from which on an answer is kept; `value` is None if none is.

    It is chosen by `labelled` answers that people judged too. Of these `kept` are at or above it, of which `wrong` are
    not theirs; `high` is the upper end of the 95 % interval of that error (Clopper and Pearson).
    """

    value: float | None
    labelled: int
    kept: int = 0
    wrong: int = 0
    high: float | None = None


def choose(judged: Compared, cascade: Cascade) -> Threshold:
    """The smallest threshold at which the error of what is kept is at most that of the settings, upper end included."""
    if len(judged) >= cascade.min_labels:
        for value in sorted({confidence for confidence, _ in judged}):
            wrong = [is_wrong for confidence, is_wrong in judged if confidence >= value]
            high = clopper_pearson(sum(wrong), len(wrong))[1]
            if high <= cascade.error:
                return Threshold(value, len(judged), len(wrong), sum(wrong), rounded(high))
    return Threshold(None, len(judged))


def thresholds(
    rows: Sequence[Row],
    human_labels: Iterable[HumanLabel],
    variables: Mapping[str, Variable],
    cascade: Cascade,
) -> dict[str, Threshold]:
    """The threshold of each variable with one label, by a small model's rows of the videos that people judged."""
    labels = list(human_labels)
    return {
        name: choose(_judged(name, variable, rows, labels), cascade)
        for name, variable in variables.items()
        if variable.is_single_choice
    }


def _judged(
    name: str, variable: Variable, rows: Iterable[Row], human_labels: Iterable[HumanLabel]
) -> list[tuple[float, bool]]:
    given = [entry for entry in human_labels if entry.variable == name]
    of_variable = {row["video_id"]: row for row in rows if row["variable"] == name}
    columns = {"video_id": pl.String, "label": pl.String, "reason": pl.String}
    frame = pl.DataFrame([{key: row.get(key) for key in columns} for row in of_variable.values()], columns)
    confidences = {video_id: row.get("confidence") for video_id, row in of_variable.items()}
    return [
        (confidence, video.people != video.model)
        for video in evaluate(given, frame, variable).compared
        if (confidence := confidences[video.video_id]) is not None
    ]


def is_kept(rows: Iterable[Row], chosen: Mapping[str, Threshold]) -> bool:
    """Whether a video's answer counts: each of its labels is sure enough, or does not apply."""
    return all(_is_sure(row, chosen[row["variable"]]) for row in rows if row["variable"] in chosen)


def _is_sure(row: Row, threshold: Threshold) -> bool:
    if row.get("reason") == "not_applicable":
        return True
    confidence = row.get("confidence")
    return confidence is not None and threshold.value is not None and confidence >= threshold.value
