"""Evaluates a run's annotations against people's: what is compared, what is left out and why, who disagrees."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias, cast

import polars as pl

from gettok.annotate.human_labels.confusion import Confusion, confusion
from gettok.annotate.human_labels.measures import (
    NumberAgreement,
    SetAgreement,
    number_agreement,
    set_agreement,
)
from gettok.annotate.human_labels.reading import HumanLabel, are_of_another_study, human_value
from gettok.annotate.values import COLUMN_OF, Value
from gettok.settings.codebook import Kind, Variable
from gettok.stats.agreement import interval_alpha, nominal_alpha, ordinal_alpha
from gettok.tables.stored_rows import Rows

#: Why a video with human labels is not compared, beside the reasons for which it has no value.
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "not_in_study": "not among the study's videos",
        "other_labels": "labelled with words that are none of the study's labels; they are of another study, or the "
        "sandbox's truth for the demo",
        "left_blank": "no coder gave it a label",
        "coders_tied": "as many coders gave it one label as another",
        "abstained": "the model says that it cannot tell",
    }
)
#: The kinds whose values are words, which are not compared.
IN_WORDS: tuple[Kind, ...] = ("text", "span")

#: A video's value of the model, or the reason why it has none.
_OfModel: TypeAlias = tuple[Value | None, str | None]
Agreement: TypeAlias = Confusion | SetAgreement | NumberAgreement


@dataclass(frozen=True)
class Coders:
    """How many people gave videos a value, and how far they agree.

    `alpha` is Krippendorff's, over the `judged_twice` videos of the study that two people or more gave one: nominal,
    ordinal for an `ordinal` variable, by interval for a number. It is None if there are no such videos, or if all
    values are the same.
    """

    count: int
    judged_twice: int
    alpha: float | None


@dataclass(frozen=True)
class Compared:
    """A video with the value that most people gave it, and the model's."""

    video_id: str
    people: Value
    model: Value


@dataclass(frozen=True)
class Evaluation:
    """A variable by the model against people. Of the `videos` with human labels, each is `compared` or left out."""

    videos: int
    left_out: Mapping[str, int]
    coders: Coders
    compared: tuple[Compared, ...]
    agreement: Agreement

    @property
    def confusion(self) -> Confusion:
        """Of a variable with one label a video."""
        assert isinstance(self.agreement, Confusion)
        return self.agreement

    @property
    def disagreements(self) -> list[Compared]:
        """The videos on which people and the model disagree, sorted by id."""
        return [video for video in self.compared if video.people != video.model]


def evaluations(
    human_labels: Sequence[HumanLabel], annotations: Rows, variables: Mapping[str, Variable]
) -> dict[str, Evaluation]:
    """For each variable that people gave values and that can be compared."""
    of_variables: dict[str, list[HumanLabel]] = {}
    for entry in human_labels:
        of_variables.setdefault(entry.variable, []).append(entry)
    return {
        name: evaluate(of_variables[name], annotations.lazy().filter(pl.col("variable") == name), variable)
        for name, variable in variables.items()
        if name in of_variables and variable.kind not in IN_WORDS
    }


def not_compared(
    human_labels: Iterable[HumanLabel], variables: Mapping[str, Variable]
) -> tuple[dict[str, int], dict[str, int]]:
    """How many values people gave variables that the codebook does not have, and variables whose values are words."""
    given = Counter(entry.variable for entry in human_labels if entry.label)
    unknown = {name: count for name, count in sorted(given.items()) if name not in variables}
    in_words = {name: given[name] for name, of in variables.items() if of.kind in IN_WORDS and given[name]}
    return unknown, in_words


def evaluate(human_labels: Sequence[HumanLabel], annotations: Rows, variable: Variable) -> Evaluation:
    """`human_labels` and `annotations` are of this variable, the latter with a row for each video of the study."""
    column = COLUMN_OF[variable.kind]
    labelled = pl.col("video_id").is_in({entry.video_id for entry in human_labels})
    judged = annotations.lazy().filter(labelled).select("video_id", column, "reason").collect()
    model: dict[str, _OfModel] = {
        video_id: (tuple(value) if isinstance(value, list) else value, reason or "abstained")
        for video_id, value, reason in judged.rows()
    }
    by_video: dict[str, list[HumanLabel]] = {}
    for entry in human_labels:
        by_video.setdefault(entry.video_id, []).append(entry)
    is_other = are_of_another_study(human_labels, variable)
    values = {
        video_id: [] if is_other or video_id not in model else _values(variable, given)
        for video_id, given in by_video.items()
    }
    outcomes = [
        _outcome(video_id, by_video[video_id], values[video_id], model, is_other=is_other)
        for video_id in sorted(by_video)
    ]
    compared = tuple(outcome for outcome in outcomes if isinstance(outcome, Compared))
    reasons = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    of_study = [] if is_other else [entry for entry in human_labels if entry.video_id in model]
    return Evaluation(
        len(by_video),
        dict(sorted(reasons.items())),
        _coders(variable, of_study, [given for given in values.values() if len(given) > 1]),
        compared,
        _agreement(variable, compared),
    )


def _values(variable: Variable, given: Iterable[HumanLabel]) -> list[Value]:
    """The values that people gave one video; none if all left it blank."""
    return [human_value(variable, entry.label) for entry in given if entry.label]


def _outcome(
    video_id: str,
    given: Iterable[HumanLabel],
    values: Sequence[Value],
    model: Mapping[str, _OfModel],
    *,
    is_other: bool,
) -> Compared | str:
    """The video's two values, or the reason why it does not have both; `is_other`: the labels are another study's."""
    if video_id not in model:
        return "not_in_study"
    if not any(entry.label for entry in given):
        return "left_blank"
    if is_other:
        return "other_labels"
    (people, most), *others = Counter(values).most_common(2)
    if others and others[0][1] == most:
        return "coders_tied"
    value, reason = model[video_id]
    return Compared(video_id, people, value) if value is not None else str(reason)


def _coders(variable: Variable, human_labels: Iterable[HumanLabel], units: list[list[Value]]) -> Coders:
    count = len({entry.coder for entry in human_labels if entry.label})
    return Coders(count, len(units), _alpha(variable, units))


def _alpha(variable: Variable, units: list[list[Value]]) -> float | None:
    match variable.kind:
        case "ordinal":
            return ordinal_alpha(cast(list[list[str]], units), variable.label_names)
        case "number":
            return interval_alpha(cast(list[list[float]], units))
        case _:
            return nominal_alpha(units)


def _agreement(variable: Variable, compared: Iterable[Compared]) -> Agreement:
    pairs = [(video.people, video.model) for video in compared]
    match variable.kind:
        case "any_of":
            return set_agreement(variable.label_names, cast(list[tuple[Sequence[str], Sequence[str]]], pairs))
        case "number":
            return number_agreement(cast(list[tuple[float, float]], pairs))
        case _:
            return confusion(variable.label_names, cast(list[tuple[str, str]], pairs))
