"""Specifications: a variable of one study's videos under some settings, and the settings in which they differ."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from gettok.multiverse.compared_variable import ComparedVariable
from gettok.step import Json, canonical

#: One row for each video: `day` of publication (UTC); `label`, or the `reason` why it has none.
SCHEMA = pl.Schema({"video_id": pl.String, "day": pl.Date, "label": pl.String, "reason": pl.String})
#: A setting that represents the others of its section: a prompt's name its text, a model's name its prices.
_NAMES = ("name", "model")
#: Names that change no answer: those of settings that are settings themselves.
_NAMES_ALONE = frozenset({"codebook.name", "prompts.codebook.name", "prompts.describe.name"})


@dataclass(frozen=True)
class Specification:
    """The labels that one set of settings gave. `also` names identical results with the same settings.

    `cost_usd` is the price of all answers behind the result, whenever they were paid for; None if it is not known.
    """

    name: str
    settings: Mapping[str, Json]
    labels: pl.DataFrame
    also: tuple[str, ...] = ()
    cost_usd: float | None = None

    @property
    def labelled(self) -> pl.DataFrame:
        return self.labels.drop_nulls("label")


@dataclass(frozen=True)
class LeftOut:
    """A result that cannot be used as a specification, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Axis:
    """A setting in which specifications differ: its value in each, and settings that change only together with it."""

    setting: str
    values: tuple[Json, ...]
    with_it: tuple[str, ...] = ()


def labels_of(annotations: pl.DataFrame, videos: pl.DataFrame, compared: ComparedVariable) -> pl.DataFrame:
    """The rows of a specification, from one variable's rows of `annotations` and from `videos`.

    A video of which the model says that it cannot tell has no label for the reason `abstained`.
    """
    days = videos.select("video_id", day=pl.col("created_at").dt.date())
    label = pl.when(pl.col("status") == "ok").then(compared.of_rows()).alias("label")
    why = pl.when(pl.col("abstained")).then(pl.lit("abstained")).otherwise(pl.col("reason"))
    reason = pl.when(pl.col("label").is_null()).then(why.fill_null("unknown")).alias("reason")
    joined = annotations.with_columns(label).with_columns(reason).join(days, on="video_id", how="left")
    return joined.select(list(SCHEMA)).cast(SCHEMA).sort("video_id")


def distinct(specifications: Sequence[Specification]) -> list[Specification]:
    """Each specification once, in order of its settings: a duplicate would count twice.

    Two with the same settings and different labels stay two: something else made them differ, such as the code. A name
    alone, such as that of a codebook with one more variable, is no setting that differs.
    """
    unique: list[Specification] = []
    for specification in specifications:
        same = next((place for place, other in enumerate(unique) if _same(specification, other)), None)
        if same is None:
            unique.append(specification)
        else:
            unique[same] = replace(unique[same], also=(*unique[same].also, specification.name))
    keys = [axis.setting for axis in axes(unique)]
    return sorted(unique, key=lambda one: ([_sort_key(one.settings.get(key)) for key in keys], one.name))


def _same(left: Specification, right: Specification) -> bool:
    return _unnamed(left) == _unnamed(right) and left.labels.equals(right.labels)


def _unnamed(specification: Specification) -> dict[str, Json]:
    return {key: value for key, value in specification.settings.items() if key not in _NAMES_ALONE}


def _sort_key(value: Json) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, canonical(value))


def differing(specifications: Sequence[Specification]) -> dict[str, tuple[Json, ...]]:
    """The settings in which specifications differ, each with its value in every specification.

    The value is null where a specification does not have the setting. A name alone, such as that of a codebook, is no
    setting.
    """
    keys = sorted({key for specification in specifications for key in specification.settings})
    values = {key: tuple(specification.settings.get(key) for specification in specifications) for key in keys}
    found = {key: of_all for key, of_all in values.items() if len(set(map(canonical, of_all))) > 1}
    return {key: of_all for key, of_all in found.items() if not _is_name_of_nothing(key, found)}


def _is_name_of_nothing(key: str, differing: Collection[str]) -> bool:
    """Whether the key is a name alone, and nothing that it names differs."""
    section = key.removesuffix("name")
    return key in _NAMES_ALONE and not any(other.startswith(section) and other != key for other in differing)


def axes(specifications: Sequence[Specification]) -> list[Axis]:
    """The differing settings; one that changes only with a name (a prompt's text) is listed under that name."""
    values = differing(specifications)
    led = {key: leader for key in values if (leader := _leader(key, values)) is not None}
    return [
        Axis(key, of_all, tuple(other for other, leader in led.items() if leader == key))
        for key, of_all in values.items()
        if key not in led
    ]


def _leader(key: str, values: Mapping[str, tuple[Json, ...]]) -> str | None:
    if key.rpartition(".")[2] in _NAMES:
        return None
    for leader in values:
        section, _, last = leader.rpartition(".")
        if last in _NAMES and key.startswith(f"{section}.") and _decides(leader, key, values):
            return leader
    return None


def _decides(leader: str, key: str, values: Mapping[str, tuple[Json, ...]]) -> bool:
    """Whether equal values of the leader always come with equal values of the key."""
    pairs = set(zip(map(canonical, values[leader]), map(canonical, values[key]), strict=True))
    return len({of_leader for of_leader, _ in pairs}) == len(pairs)


def in_words(value: Any) -> str:
    """A setting's value as text for a reader."""
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "none"
    return value if isinstance(value, str) else canonical(value)
