"""The page about the sandbox names all that there is, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.faults import KNOWN
from sandbox.profiles import PROFILES, Profile

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")


def named_in(table: str) -> list[str]:
    """What stands between backticks in the first column of the table with this heading."""
    rows = PAGE.split(f"\n| {table} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("table", "there"),
    [
        ("profile", set(PROFILES)),
        ("switch", {switch.name for switch in fields(Profile)}),
        ("fault", set(KNOWN)),
    ],
)
def test_the_page_names_all_that_there_is_and_nothing_else(table, there):
    named = named_in(table)
    assert set(named) == there
    assert len(named) == len(set(named))


def test_the_page_is_no_longer_than_a_page():
    assert len(PAGE.encode()) < 8000


def test_the_page_names_every_endpoint(sandbox):
    known = {path.removeprefix("/v2/research/") for path in sandbox._faces["/v2/"][1]._endpoints}
    assert {path for path in known if f"`{path}`" in PAGE} == known
