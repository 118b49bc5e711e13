"""Specifications: the stances of one study under some settings, and the settings in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from gettok.step import Json, canonical

#: One row a video: `day` of publication (UTC); `label`, or the `reason` why it has none.
SCHEMA = pl.Schema({"video_id": pl.String, "day": pl.Date, "label": pl.String, "reason": pl.String})
#: A setting that stands for the others of its section: a prompt's name for its text, a model's for its prices.
_NAMES = ("name", "model")


@dataclass(frozen=True)
class Specification:
    """The stances that one set of settings gave. `also` names others that came to the same with the same settings."""

    name: str
    settings: Mapping[str, Json]
    stances: pl.DataFrame
    also: tuple[str, ...] = ()

    @property
    def labelled(self) -> pl.DataFrame:
        return self.stances.drop_nulls("label")


@dataclass(frozen=True)
class LeftOut:
    """A result that is no specification, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Axis:
    """A setting in which specifications differ: the value of each, and the settings that change with it alone."""

    setting: str
    values: tuple[Json, ...]
    with_it: tuple[str, ...] = ()


def stances_of(stances: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """The tables `stances` and `videos` as a specification has them."""
    days = videos.select("video_id", day=pl.col("created_at").dt.date())
    label = pl.when(pl.col("status") == "ok").then(pl.col("label"))
    reason = pl.when(pl.col("label").is_null()).then(pl.col("reason").fill_null("unknown"))
    joined = stances.with_columns(label).with_columns(reason).join(days, on="video_id", how="left")
    return joined.select(list(SCHEMA)).cast(SCHEMA).sort("video_id")


def distinct(found: Sequence[Specification]) -> list[Specification]:
    """Each specification once, in order of its settings: who was counted twice would weigh twice.

    Two with the same settings and other stances stay two: something else made them differ, such as the code.
    """
    kept: list[Specification] = []
    for one in found:
        place = next((place for place, other in enumerate(kept) if _same(one, other)), None)
        if place is None:
            kept.append(one)
        else:
            kept[place] = replace(kept[place], also=(*kept[place].also, one.name))
    keys = [axis.setting for axis in axes(kept)]
    return sorted(kept, key=lambda one: ([_order(one.settings.get(key)) for key in keys], one.name))


def _same(one: Specification, other: Specification) -> bool:
    return dict(one.settings) == dict(other.settings) and one.stances.equals(other.stances)


def _order(value: Json) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, canonical(value))


def differing(found: Sequence[Specification]) -> dict[str, tuple[Json, ...]]:
    """The settings in which specifications differ, and no others, each with the value of every specification.

    A setting that one does not have is null there.
    """
    keys = sorted({key for one in found for key in one.settings})
    values = {key: tuple(one.settings.get(key) for one in found) for key in keys}
    return {key: of_all for key, of_all in values.items() if len(set(map(canonical, of_all))) > 1}


def axes(found: Sequence[Specification]) -> list[Axis]:
    """The differing settings, those that only go along with a name (a prompt's text with its name) put under it."""
    values = differing(found)
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
    """Whether equal values of the one always go with equal values of the other."""
    pairs = {
        (canonical(one), canonical(other)) for one, other in zip(values[leader], values[key], strict=True)
    }
    return len({one for one, _ in pairs}) == len(pairs)


def in_words(value: Any) -> str:
    """A setting's value as a person reads it."""
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "none"
    return value if isinstance(value, str) else canonical(value)
