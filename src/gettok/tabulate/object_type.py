"""How an object of an answer becomes the values of a row, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from gettok.step import Json
from gettok.tabulate.values import InvalidObject, Mended, ReadValue, WrongType, read_all, verbatim


class RowValues(NamedTuple):
    """A row's values in the order of `ObjectType.columns`, and the fields that could not be used as received."""

    row: list[Any]
    retyped: list[str]
    mended: list[str]


@dataclass(frozen=True)
class ObjectType:
    """What the API documents of one type of object: each field with its column and how its value is read.

    `aliases` are other spellings of a field, used only where the field itself has no value. `undocumented` names those
    fields that come from captures of web pages, not from the API.
    """

    table: str
    fields: Mapping[str, tuple[str, ReadValue]]
    aliases: Mapping[str, str] = field(default_factory=dict)
    undocumented: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return (*(column for column, _ in self.fields.values()), "other_fields")

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, ReadValue]]:
        return {name: (place, read) for place, (name, (_, read)) in enumerate(self.fields.items())}

    def read(self, received: Mapping[str, Json]) -> RowValues:
        """Every field that has a value goes to its column, or verbatim to `other_fields`."""
        places = self._places
        row: list[Any] = [None] * (len(places) + 1)
        others: dict[str, Json] = {}
        retyped: list[str] = []
        mended: list[str] = []
        for name, value in received.items():
            if value is None:
                continue
            if name not in places:
                others[name] = value
                continue
            place, read = places[name]
            try:
                row[place] = read(value)
            except WrongType:
                others[name] = value
                retyped.append(name)
            except Mended as error:
                row[place] = error.value
                mended.append(name)
        if others:
            self._read_aliases(row, others, retyped)
            row[-1] = verbatim(others) if others else None
        return RowValues(row, sorted(retyped), sorted(mended))

    def read_all(self, received: Sequence[Mapping[str, Json]]) -> list[list[Any]] | None:
        """The values of all of them by column, as `read` gives them by row; several times as fast.

        None if any of them has an undocumented field, or a value that is not as documented.
        """
        if not self.fields.keys() >= set[str]().union(*received):
            return None
        try:
            columns = [
                read_all(read, [each.get(name) for each in received])
                for name, (_, read) in self.fields.items()
            ]
        except (WrongType, Mended, InvalidObject):
            return None
        return [*columns, [None] * len(received)]

    def _read_aliases(self, row: list[Any], others: dict[str, Json], retyped: list[str]) -> None:
        for alias, name in self.aliases.items():
            place, read = self._places[name]
            if alias in others and row[place] is None and name not in others:
                try:
                    row[place] = read(others[alias])
                    del others[alias]
                except WrongType:
                    retyped.append(alias)
