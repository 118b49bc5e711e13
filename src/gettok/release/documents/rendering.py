"""Markdown from templates: numbers in words, and texts of users without any effect on the page."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gettok.errors import counted

if TYPE_CHECKING:
    from jinja2 import Environment

#: Characters that mean something to a Markdown reader, wherever they are in a line.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$])")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def render(template: str, **values: Any) -> str:
    """A document from a template of this folder: one line break at its end, and never more than two in a row."""
    text = _environment().get_template(template).render(**values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def plain(text: str) -> str:
    """A text of a user on one line, which Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def in_cell(sentence: str) -> str:
    """A sentence of ours, with its backticks, in a cell of a table."""
    return " ".join(sentence.split()).replace("|", r"\|")


def code(name: str) -> str:
    """A name or a number as code. A backtick in it would end it."""
    return f"`{' '.join(name.split()).replace('`', chr(39))}`"


def day(of: date) -> str:
    """Such as `5 March 2023`."""
    return f"{of.day} {_MONTHS[of.month - 1]} {of.year}"


def days(first: date, last: date, *, between: str = " to ") -> str:
    """One day, or the first and the last."""
    return day(first) if first == last else f"{day(first)}{between}{day(last)}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def be(count: int) -> str:
    return "is" if count == 1 else "are"


def have(count: int) -> str:
    return "has" if count == 1 else "have"


def paragraphs(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only a release needs it

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701 - Markdown, and each text of a user is made plain
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(counted=counted, md=plain, cell=in_cell, code=code)
    return environment
