"""The lines of a release's README load it right, each run by its own library; the docs have the same."""

import os
import re
import subprocess
import sys

import duckdb
import polars as pl
import pytest
from loading_lines import lines_for, lines_of
from root import ROOT
from small_study import shared, tables, video
from unpacked import run_r

from gettok import release

PAGE = ROOT / "docs" / "how-to" / "load-a-release.md"
#: More than the rows by which polars and readr guess a type, if they are not asked to read all.
COUNT = 1_040
#: The last video alone has a transcript by TikTok.
LATE = "la marcha"


#: Those of a README.md.
LINES = [*enumerate(lines_for("", "."))]
PYTHON, SQL, R = ([lines for _, lines in LINES if lines.language == name] for name in ("python", "sql", "r"))


def test_a_readme_has_lines_for_each_tool_for_parquet_and_for_the_csv():
    libraries = [lines.library for _, lines in LINES]
    assert libraries[:5] == ["polars", "pandas", "DuckDB", "R", "datasets"]
    assert libraries[5:] == ["R", "R", "pandas", "polars", "DuckDB"]
    packages = " ".join(lines.code for lines in R)
    assert all(name in packages for name in ("arrow::", "readr::", "data.table::"))


def test_the_page_in_the_docs_has_the_same_lines():
    written = lines_of(PAGE.read_text("utf-8"))
    assert [lines for lines in lines_for("data/release/", "data/release") if lines not in written] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    videos = [
        video(
            number,
            region_code="NA" if number == 2 else "PE",
            voice_to_text=LATE if number == COUNT else None,
            description='=1+1\n"a" | b' if number == 1 else "",
        )
        for number in range(1, COUNT + 1)
    ]
    folder = tmp_path_factory.mktemp("release") / "release"
    # a video without media is quicker to make
    release.write(
        folder, tables(*videos, lost=dict.fromkeys(range(3, COUNT - 1), "private")), shared("team"), {}
    )
    return folder


IDS = [str(7213456789012345600 + number) for number in range(1, COUNT + 1)]
REGIONS = ["PE", "NA", *["PE"] * (COUNT - 2)]
_CHECK = f"""
ids, regions, late = (list(videos[name]) for name in ("video_id", "region_code", "voice_to_text"))
assert ids == [str(7213456789012345600 + number) for number in range(1, {COUNT} + 1)], ids[:3]
assert regions == ["PE", "NA", *["PE"] * {COUNT - 2}], regions[:3]
assert late[-1] == {LATE!r}, late[-1]
"""


def run_python(code, folder, home):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_of_a_release_has_these_lines(folder):
    assert lines_of((folder / "README.md").read_text("utf-8")) == [lines for _, lines in LINES]


@pytest.mark.parametrize("lines", PYTHON, ids=lambda lines: lines.library)
def test_lines_for_python_keep_ids_and_namibia(lines, folder, tmp_path):
    run_python(lines.code + _CHECK, folder, tmp_path)


def test_the_check_notices_what_pandas_does_without_these_lines(folder, tmp_path):
    code = "import pandas as pd\nvideos = pd.read_csv('dataset.csv', dtype={'video_id': str})\n"
    with pytest.raises(AssertionError, match="nan"):
        run_python(code + _CHECK, folder, tmp_path)


def test_each_table_is_a_configuration_of_its_own_for_hugging_face(folder, tmp_path):
    code = f"""
from datasets import get_dataset_config_names, load_dataset
from pathlib import Path
here = str(Path.cwd())  # a folder without a name, as "." is, has no dataset
names = sorted(file.stem for file in Path(".").glob("*.parquet"))
assert sorted(get_dataset_config_names(here)) == names, names
assert load_dataset(here, "media", split="train").num_rows == {COUNT}
assert "whisper_voice_to_text" in load_dataset(here, split="train").column_names
"""
    run_python(code, folder, tmp_path)


@pytest.mark.parametrize("lines", SQL, ids=["parquet", "csv"])
def test_lines_for_duckdb_keep_ids_and_namibia(lines, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with duckdb.connect() as connection:
        videos = connection.sql(lines.code).pl().sort("video_id")
    assert videos["video_id"].to_list() == IDS
    assert videos["region_code"].to_list() == REGIONS
    assert videos["voice_to_text"].to_list() == [None] * (COUNT - 1) + [LATE]
    assert videos["caption"].to_list()[1] == ""


@pytest.mark.slow  # R is unpacked for the slow tests
@pytest.mark.parametrize("lines", R, ids=["arrow", "readr", "data_table"])
def test_lines_for_r_keep_ids_and_namibia(lines, folder, tmp_path):
    script = tmp_path / "check.R"
    script.write_text(
        f"{lines.code}\n"
        f"ids <- sprintf('721345678901234%d', {5600 + 1}:{5600 + COUNT})\n"
        "stopifnot(is.character(videos$video_id), identical(as.character(videos$video_id), ids))\n"
        f"stopifnot(identical(as.character(videos$region_code), c('PE', 'NA', rep('PE', {COUNT - 2}))))\n"
        f"stopifnot(identical(as.character(videos$voice_to_text[{COUNT}]), '{LATE}'))\n",
        "utf-8",
    )
    run_r(script, re.search(r"(\S+)::", lines.code)[1], folder)


def test_the_same_rows_are_in_parquet_and_csv(folder):
    stored = pl.read_parquet(folder / "dataset.parquet")
    assert stored["video_id"].to_list() == IDS
    assert stored["caption"][0] == '=1+1\n"a" | b'
