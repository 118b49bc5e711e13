"""Whether the place in which a label was shown to the model decides how often it is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from gettok.release import Tables
from gettok.settings import Variable
from gettok.stats.proportions import Share, rounded, share

#: The row over all labels.
ANY = "any label"


@dataclass(frozen=True)
class LabelPlaces:
    """For each label and place, from 1: the share of the videos to which it was shown there that got it.

    `chosen` has for each place the share of all videos whose label was shown there. `expected` is what that share is if
    the place does not matter, by how often each label is chosen, and shown there: the same for all places where each
    label is shown in each equally often.
    """

    labels: Mapping[str, tuple[Share, ...]]
    chosen: tuple[Share, ...]
    expected: tuple[float, ...]

    @property
    def is_biased(self) -> bool:
        """Whether what is expected is outside the interval of a place, as it is of one in twenty by chance."""
        return any(
            not place.low <= expected <= place.high
            for place, expected in zip(self.chosen, self.expected, strict=True)
            if place.low is not None and place.high is not None
        )

    def rows(self) -> list[tuple[str, int, Share]]:
        """Every label, and any, with each place."""
        every = {**self.labels, ANY: self.chosen}
        return [
            (label, place, of) for label, of_label in every.items() for place, of in enumerate(of_label, 1)
        ]


@lru_cache(maxsize=1)  # the page and the plots ask for those of the same tables
def label_places(tables: Tables) -> Mapping[str, LabelPlaces]:
    """Of each variable with one label whose labels were shown in several orders."""
    found = {
        name: _places(variable, tables.of_variable(name).drop_nulls(["label", "label_order"]))
        for name, variable in tables.codebook.variables.items()
        if variable.is_single_choice and variable.has_label_orders
    }
    return {name: places for name, places in found.items() if places}


def _places(variable: Variable, rows: pl.LazyFrame) -> LabelPlaces | None:
    """None if all videos were shown the same order, or none has a label."""
    names = variable.label_names
    orders = [[label.label for label in variable.labels_in_order(order)] for order in range(len(names))]
    counted = rows.group_by(order=pl.col("label_order") % len(orders), label="label").len().collect()
    counts = {(order, label): count for order, label, count in counted.rows()}
    if len({order for order, _ in counts}) < 2:
        return None
    shown = [sum(counts.get((order, label), 0) for label in names) for order in range(len(orders))]
    got = {label: sum(counts.get((order, label), 0) for order in range(len(orders))) for label in names}

    def at(label: str, place: int) -> Share:
        order = next(number for number, labels in enumerate(orders) if labels[place] == label)
        return share(counts.get((order, label), 0), shown[order])

    places = {label: tuple(at(label, place) for place in range(len(names))) for label in names}
    by_place = list(zip(*places.values(), strict=True))
    return LabelPlaces(
        places,
        tuple(
            share(sum(each.count for each in of_place), int(counted["len"].sum())) for of_place in by_place
        ),
        tuple(_expected(of_place, list(got.values())) for of_place in by_place),
    )


def _expected(of_place: Sequence[Share], got: Sequence[int]) -> float:
    """By how often each label is shown in a place, and how often it is chosen wherever it is shown."""
    whole = sum(got)
    return rounded(sum(each.n * count for each, count in zip(of_place, got, strict=True)) / whole**2)
