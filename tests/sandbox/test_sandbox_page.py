"""The pages about the sandbox name all that there is, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.faults import KNOWN, MEDIA, PAGES
from sandbox.profiles import PROFILES, Profile

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "sandbox.md").read_text("utf-8")
ABOUT_PAGES = (DOCS / "sandbox-pages.md").read_text("utf-8")


def named_in(table: str, page: str = PAGE) -> list[str]:
    """What stands between backticks in the first column of the table with this heading."""
    rows = page.split(f"\n| {table} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("table", "there"),
    [
        ("profile", set(PROFILES)),
        ("switch", {switch.name for switch in fields(Profile)}),
    ],
)
def test_the_page_names_all_that_there_is_and_nothing_else(table, there):
    named = named_in(table)
    assert set(named) == there
    assert len(named) == len(set(named))


def test_both_pages_name_all_faults_and_nothing_else():
    everywhere, of_pages, of_media = (
        named_in("fault"),
        named_in("page", ABOUT_PAGES),
        named_in("media", ABOUT_PAGES),
    )
    assert {*everywhere, *of_pages, *of_media} == set(KNOWN)
    assert set(of_pages) == set(PAGES)
    assert set(of_media) >= set(MEDIA)
    for named in (everywhere, of_pages, of_media):
        assert len(named) == len(set(named))


@pytest.mark.parametrize("page", [PAGE, ABOUT_PAGES])
def test_the_page_is_no_longer_than_a_page(page):
    assert len(page.encode()) < 8000


def test_the_page_names_every_endpoint(sandbox):
    known = {path.removeprefix("/v2/research/") for path in sandbox._faces["/v2/"][1]._endpoints}
    assert {path for path in known if f"`{path}`" in PAGE} == known
