"""Counts the fields that the source really sent, documented or not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from gettok.step import Json, Row
from gettok.tabulate.object_type import ObjectType
from gettok.tabulate.values import mended


@dataclass
class Tally:
    """How many of the received objects have a value in each field, and how many a value of another type."""

    type: ObjectType
    objects: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    retyped: Counter[str] = field(default_factory=Counter)

    def add(self, received: Mapping[str, Json], retyped: Sequence[str]) -> None:
        self.objects += 1
        self.filled.update(received.keys())
        if None in received.values():
            self.filled.subtract(name for name, value in received.items() if value is None)
        if retyped:
            self.retyped.update(retyped)

    def add_all(self, received: Sequence[Mapping[str, Json]]) -> None:
        """Add objects of which no field has another type."""
        self.objects += len(received)
        self.filled.update(chain.from_iterable(received))
        for each in received:
            if None in each.values():
                self.filled.subtract(name for name, value in each.items() if value is None)

    def extend(self, other: "Tally") -> None:
        """Add all that another has counted."""
        self.objects += other.objects
        self.filled.update(other.filled)
        self.retyped.update(other.retyped)

    def stored(self) -> Json:
        """As JSON, without the type."""
        return [self.objects, self.filled, self.retyped]

    @staticmethod
    def of_stored(type_: ObjectType, stored: Json) -> "Tally":
        objects, filled, retyped = stored
        return Tally(type_, objects, Counter(filled), Counter(retyped))

    def unknown(self) -> list[tuple[str, int]]:
        """Fields that are not documented, the most frequent first."""
        known = {*self.type.fields, *self.type.aliases}
        counts = [(name, count) for name, count in self.filled.items() if name not in known and count]
        return sorted(counts, key=lambda field: (-field[1], field[0]))


def fields(tallies: Iterable[Tally]) -> list[Row]:
    """One row for each field that is documented or was seen."""
    return [row for tally in tallies for row in _rows(tally)]


def _rows(tally: Tally) -> list[Row]:
    documented = {*tally.type.fields, *tally.type.aliases} - tally.type.undocumented
    filled: Counter[str] = Counter(dict.fromkeys(tally.type.fields.keys() & documented, 0))
    for name, count in tally.filled.items():
        filled[mended(name)] += count
    return [
        {
            "table": tally.type.table,
            "field": name,
            "documented": name in documented,
            "rows": count,
            "share": round(count / tally.objects, 6) if tally.objects else None,
            "retyped": tally.retyped[name],
        }
        for name, count in filled.items()
    ]
