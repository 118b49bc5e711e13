"""The report has the numbers that other code finds in the files of a release, to the digit."""

import csv
import json
import random
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
import written_study
from random_study import random_study
from report_by_sql import Release
from small_study import STUDY, shared

from gettok import release
from gettok.compare.text_sources import TEXT_SOURCES
from gettok.release import Tables
from gettok.report.index_page import write
from gettok.report.metrics import metrics, plots
from gettok.store.atomic_write import write_json

#: Among them one without videos, ties, lost videos, more than ten hashtags, and a share midway between two.
FAST = (0, 1, 2, 3, 5, 7)
SLOW = range(1000, 1050)


class Cells(HTMLParser):
    """The texts of the cells of a page's tables and lists, by the id of their section's heading."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.of: dict[str, list[str]] = {}
        self._cells: list[str] = []
        self._is_inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._cells = self.of.setdefault(dict(attrs)["aria-labelledby"] or "", [])
        elif tag in ("td", "th", "dt", "dd"):
            self._cells.append("")
            self._is_inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "dt", "dd"):
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self._cells[-1] += data

    def pairs(self, section: str) -> list[tuple[str, ...]]:
        """The cells of a section, two by two."""
        cells = self.of[section]
        return [*zip(cells[::2], cells[1::2], strict=True)]


def write_report(folder: Path, of: Tables, spellings: str) -> None:
    """All numbers that the report writes, in the files in which its stage writes them."""
    write(folder / "report", of, STUDY, {}, spellings)
    (folder / "plots").mkdir()
    for name, frame in plots(of, STUDY).items():
        frame.write_csv(folder / "plots" / name)
    write_json(folder / "metrics.json", metrics(of, {}))


def rows_of(file: Path) -> list[tuple[str, ...]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return [tuple(row) for row in csv.reader(opened)]


def written_tables(of: Tables, seed: int) -> Tables:
    """Half of the studies are read a few videos at a time from files by day, as the stages read them."""
    return written_study.stored(of, 1 + seed % 7) if seed % 2 else of


def check_totals(folder: Path, page: Cells, totals: Mapping[str, str]) -> None:
    written = json.loads((folder / "metrics.json").read_text("utf-8"))["totals"]
    assert {name: str(number) for name, number in written.items()} == totals
    assert {name: text.replace(",", "") for name, text in page.pairs("sums")} == totals


def check_hashtags(page: Cells, found: Release, spellings: str) -> None:
    frequent, viewed = found.hashtags("videos", spellings), found.hashtags("views", spellings)
    expected = [("Hashtag", "Videos"), *frequent, ("Hashtag", "Views"), *viewed] if frequent else []
    assert page.pairs("tags") == expected


def check_days(folder: Path, found: Release) -> None:
    head = ("day", "videos published")
    assert rows_of(folder / "posts_per_day.csv") == [head, *found.posts_per_day(STUDY.start, STUDY.end)]
    head = ("day", "videos", *(f"share with {name}" for name in TEXT_SOURCES.values()))
    assert rows_of(folder / "transcripts_per_day.csv") == [head, *found.transcripts_per_day()]


@pytest.mark.parametrize("seed", [*FAST, *(pytest.param(seed, marks=pytest.mark.slow) for seed in SLOW)])
def test_the_report_s_numbers_are_those_that_sql_finds_in_a_release(tmp_path, monkeypatch, seed):
    monkeypatch.chdir(tmp_path)
    of = written_tables(random_study(seed), seed)
    release.write(tmp_path / "release", of, shared("team"), {})
    spellings = random.Random(seed).choice(["folded", "verbatim"])
    write_report(tmp_path, of, spellings)
    found = Release(tmp_path / "release")
    page = Cells((tmp_path / "report" / "index.html").read_text("utf-8"))
    check_totals(tmp_path, page, found.totals())
    check_hashtags(page, found, spellings)
    check_days(tmp_path / "plots", found)
