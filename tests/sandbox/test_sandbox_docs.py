"""The pages about the sandbox list every switch, fault, profile and endpoint, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.faults import BATCH, KNOWN, MEDIA, MODEL, PAGES
from sandbox.profiles import PROFILES, Profile

DOCS = Path(__file__).parents[2] / "docs" / "reference"
PAGE = (DOCS / "sandbox.md").read_text("utf-8")
ABOUT_PAGES = (DOCS / "sandbox-pages.md").read_text("utf-8")
ABOUT_MODEL = (DOCS / "sandbox-model.md").read_text("utf-8")


def named_in(table: str, page: str = PAGE) -> list[str]:
    """The names in backticks in the first column of the table with this heading."""
    rows = page.split(f"\n| {table} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_page_names_all_profiles_and_nothing_else():
    assert sorted(named_in("profile")) == sorted(PROFILES)


def test_the_pages_name_all_switches_and_nothing_else():
    named = named_in("switch") + named_in("switch", ABOUT_MODEL)
    assert sorted(named) == sorted(switch.name for switch in fields(Profile))


def test_the_pages_name_all_faults_and_nothing_else():
    everywhere, of_pages, of_media, of_model = (
        named_in("fault"),
        named_in("page", ABOUT_PAGES),
        named_in("media", ABOUT_PAGES),
        named_in("fault", ABOUT_MODEL),
    )
    assert {*everywhere, *of_pages, *of_media, *of_model} == set(KNOWN)
    assert set(of_pages) == set(PAGES)
    assert set(of_media) >= set(MEDIA)
    assert set(of_model) == MODEL | BATCH
    for named in (everywhere, of_pages, of_media, of_model):
        assert len(named) == len(set(named))


@pytest.mark.parametrize("page", [PAGE, ABOUT_PAGES, ABOUT_MODEL])
def test_each_page_is_below_8_kb(page):
    assert len(page.encode()) < 8000


def test_the_page_names_every_endpoint(sandbox):
    known = {path.removeprefix("/v2/research/") for path in sandbox._services["/v2/"][1]._endpoints}
    assert {path for path in known if f"`{path}`" in PAGE} == known
