"""Reads a data dictionary back: the tables that it declares, by which a release can be checked without any code."""

import re
from dataclasses import dataclass

_SECTION = re.compile(r"^## (?P<name>\w+)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_SORT = re.compile(r" Sorted by (?P<columns>\w+(?:, \w+)*)\.$", re.MULTILINE)
_COLUMN = re.compile(r"^\| `(?P<name>[^`|]+)` \| (?P<type>[^|]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class DeclaredTable:
    """What a dictionary says of a table: each column's type in words, in order, and the columns of its sort key."""

    name: str
    types: dict[str, str]
    sort: tuple[str, ...]


def declared_tables(markdown: str) -> dict[str, DeclaredTable]:
    """The tables of a dictionary, by name, in its order; a section that declares no columns is left out."""
    found = {}
    for section in _SECTION.finditer(markdown):
        if (sort := _SORT.search(section["body"])) and (columns := _COLUMN.findall(section["body"])):
            name = section["name"]
            found[name] = DeclaredTable(name, dict(columns), tuple(sort["columns"].split(", ")))
    return found
