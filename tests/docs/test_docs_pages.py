"""Each page of the docs: its links lead somewhere, its size is bearable, its words are plain."""

import re

import pytest
import yaml
from links import anchors, dead
from pages import DOCS, GENERATED, PAGES, named
from root import ROOT

import gettok

HOW_TO = sorted((DOCS / "how-to").glob("*.md"))
LARGEST_HOW_TO = 8_000
LARGEST_PICTURE = 200_000
STRANGE = re.compile(r"\b(nobody|somebody|whoever|stands?|told)\b", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_link_and_anchor_leads_somewhere(page):
    assert dead(page) == []


def test_a_dead_link_and_a_dead_anchor_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# Top\n\n[a](b.md) [c](#top) [d](#none) ![e](f.png) `[g](h.md)`\n\n```\n[i](j.md)\n```\n", "utf-8"
    )
    assert dead(page) == ["b.md", "#none", "f.png"]


def test_anchors_are_those_of_github(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# What `ocr_cer` measures\n## How right?\n## How right?\n```sh\n# no heading\n```\n", "utf-8"
    )
    assert anchors(page) == {"what-ocr_cer-measures", "how-right", "how-right-1"}


@pytest.mark.parametrize("page", HOW_TO, ids=named)
def test_a_how_to_page_can_be_read_in_a_few_minutes(page):
    assert len(page.read_bytes()) <= LARGEST_HOW_TO


@pytest.mark.parametrize("picture", sorted((DOCS / "images").glob("*.*")), ids=named)
def test_a_picture_is_small(picture):
    assert picture.stat().st_size < LARGEST_PICTURE


def test_every_page_is_in_the_site_and_in_the_index():
    site = (DOCS / "site" / "zensical.toml").read_text("utf-8")
    index = (DOCS / "index.md").read_text("utf-8")
    pages = [str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")]
    assert [page for page in pages if f'"{page}"' not in site] == []
    assert [page for page in pages if page != "index.md" and f"({page})" not in index] == []


def test_the_prose_keeps_to_plain_words():
    # the data dictionary's sentences are those of the tables, in the code
    found = [
        (named(page), line)
        for page in PAGES
        if page != GENERATED
        for line in page.read_text("utf-8").splitlines()
        if STRANGE.search(line)
    ]
    assert found == []


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == gettok.__version__
    assert citation["cff-version"] == "1.2.0"
    assert citation["references"][0]["title"].startswith("GET-Tok: ")


def test_a_page_that_the_code_or_a_setting_names_exists():
    files = [
        path for folder in ("conf", "src", "stages") for path in (ROOT / folder).rglob("*") if path.is_file()
    ]
    texts = {named(path): path.read_text("utf-8") for path in files if path.suffix in {".py", ".yaml"}}
    pages = [
        (file, page)
        for file, text in texts.items()
        for page in re.findall(r"(?<![\w./])docs/[\w/.-]+\.md", text)
    ]
    assert [(file, page) for file, page in pages if not (ROOT / page).exists()] == []
