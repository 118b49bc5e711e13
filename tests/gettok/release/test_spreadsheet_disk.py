"""A spreadsheet appears complete or not at all, as every file does."""

import os

import polars as pl
import pytest
from small_disk import small_disk

from gettok.errors import NoSpace
from gettok.tables.spreadsheet import write_csv


def test_f37_a_spreadsheet_that_does_not_fit_leaves_the_one_from_before_and_names_its_folder(tmp_path):
    large = pl.DataFrame({"text": [os.urandom(40).hex() for _ in range(2_000)]})
    with small_disk(tmp_path / "disk", 64) as disk:
        file = disk.folder / "flips.csv"
        write_csv(large.head(2), file)
        before = file.read_bytes()
        with pytest.raises(NoSpace, match=f"the disk that holds {disk.folder} is full"):
            write_csv(large, file)
        assert {path.name: path.read_bytes() for path in disk.folder.iterdir()} == {"flips.csv": before}
