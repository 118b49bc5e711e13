"""The lines that load a release, run as they are on the page: ids stay text, whatever reads them.

Those that need a whole release are run in the tests of the release.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "how-to" / "load-a-release.md")
_BLOCK = re.compile(r"^```python\n(?P<code># (?P<library>polars|pandas)\n.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    pytest.param(match["code"], id=f"{page.stem}-{match['library']}-{number}")
    for page in PAGES
    for number, match in enumerate(_BLOCK.finditer(page.read_text("utf-8")))
]
# differ in the digits that a double loses; "NA" is Namibia
IDS = ["7174213904290307931", "7174213904290307932", "7174213904290307933"]
DATASET = pl.DataFrame(
    {
        "video_id": IDS,
        "stance": ["no support", None, "neutral"],
        "region_code": ["PE", "NA", "PE"],
        "created_at": [datetime(2022, 12, 7, 1, 35, 10, tzinfo=UTC)] * 3,
    }
)


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    release = tmp_path / "data" / "release"
    release.mkdir(parents=True)
    DATASET.write_parquet(release / "dataset.parquet")
    DATASET.write_csv(release / "dataset.csv", quote_style="non_numeric")
    annotations = DATASET.select("video_id", variable=pl.lit("stance"), label="stance")
    annotations.write_parquet(release / "annotations.parquet")
    DATASET.select("video_id", text=pl.lit("hola")).write_parquet(release / "transcripts.parquet")
    return tmp_path


def test_both_pages_have_lines_for_polars_and_pandas():
    libraries = {
        (page.stem, match["library"]) for page in PAGES for match in _BLOCK.finditer(page.read_text("utf-8"))
    }
    assert libraries == {(page.stem, library) for page in PAGES for library in ("polars", "pandas")}


@pytest.mark.parametrize("code", SNIPPETS)
def test_the_lines_run_and_ids_stay_text(code, study):
    table = "both" if "both = " in code else "videos"
    check = f"\nassert list({table}['video_id']) == {IDS}, list({table}['video_id'])\n"
    if table == "videos":
        check += "assert list(videos['region_code']) == ['PE', 'NA', 'PE'], list(videos['region_code'])\n"
    exec(code + check, {})


def test_the_check_notices_ids_that_became_numbers(study):
    """Without the types of the page, pandas reads numbers."""
    code = "import pandas as pd\nvideos = pd.read_csv('data/release/dataset.csv')\n"
    check = f"assert list(videos['video_id']) == {IDS}"
    with pytest.raises(AssertionError):
        exec(code + check, {})
