"""A release is read as its recipient has it: only if its bytes are those that were released, and it has ids."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hydrated_study import PUBLISHED, released, video_id
from released_study import reseal

from gettok.errors import BadInput, Damaged
from gettok.hydrate import read_release
from gettok.store.blobs import file_digest


def test_a_controlled_release_has_ids_times_digests_and_labels(tmp_path):
    folder = released(tmp_path / "release", "controlled", every_kind=True)
    read = read_release(folder)
    assert read.ids == [video_id(number) for number in range(10)]
    assert (read.form, read.source, read.start, read.end) == (
        "controlled",
        "sandbox",
        date(2022, 12, 5),
        date(2022, 12, 14),
    )
    assert read.digest == file_digest(folder / "checksums.sha256")
    assert read.videos["created_at"].to_list() == [PUBLISHED] * 6 + [PUBLISHED.replace(day=6)] * 4
    assert read.videos["sha256"].to_list() == ["a" * 64] * 9 + [None]
    assert read.labels["variable"].unique().sort().to_list() == ["anger", "call", "stance", "topics"]
    topics = read.labels.filter(variable="topics")["labels"].to_list()
    assert topics == [*[["congress", "protest"], [], ["protest"]] * 3, None]
    stances = read.labels.filter(variable="stance")["labels"].to_list()
    assert stances == [*[["support"], ["no support"], ["neutral"]] * 3, None]


def test_a_release_of_ids_has_the_ids_alone(tmp_path):
    read = read_release(released(tmp_path / "release", "ids_only"))
    assert read.ids == [video_id(number) for number in range(10)]
    assert not read.has_results
    assert read.videos.null_count().row(0) == (0, 10, 10)
    assert read.labels.is_empty()


@pytest.mark.parametrize(
    ("form", "why", "can"),
    [
        ("public", "pseudonyms in place of ids", "a release of the form ids_only or controlled"),
        ("team", "it has everything already", "load its tables"),
    ],
)
def test_a_release_without_ids_or_with_everything_is_refused_and_the_error_says_why(tmp_path, form, why, can):
    with pytest.raises(BadInput, match=why) as refused:
        read_release(released(tmp_path / "release", form))
    assert f"has the form {form}" in refused.value.what
    assert refused.value.did == "wrote nothing"
    assert can in refused.value.can


def test_a_folder_without_checksums_is_no_release(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(BadInput, match="is no release"):
            read_release(folder)


def _flip(folder: Path) -> None:
    file = folder / "dataset.csv"
    file.write_bytes(file.read_bytes()[:-2] + b"!\n")


def _delete(folder: Path) -> None:
    (folder / "dataset.csv").unlink()


def _spoil_checksums(folder: Path) -> None:
    (folder / "checksums.sha256").write_text("not a checksum\n", "utf-8")


def _lead_outside(folder: Path) -> None:
    (folder.parent / "outside").write_text("secret", "utf-8")
    digest = file_digest(folder.parent / "outside")
    with (folder / "checksums.sha256").open("a", encoding="utf-8") as file:
        file.write(f"{digest}  ../outside\n")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (_flip, "dataset.csv has other bytes"),
        (_delete, "dataset.csv is missing"),
        (_spoil_checksums, "not a SHA-256 and a name"),
        (_lead_outside, "leaves the folder"),
    ],
)
def test_a_release_whose_bytes_are_not_those_that_were_released_is_damaged(tmp_path, harm, why):
    folder = released(tmp_path / "release", "ids_only")
    harm(folder)
    with pytest.raises(Damaged, match=why) as refused:
        read_release(folder)
    assert "gettok release check" in refused.value.can


def _other_form(folder: Path) -> None:
    (folder / "provenance.json").write_text(json.dumps({"form": "new"}), "utf-8")


def _no_days(folder: Path) -> None:
    (folder / "provenance.json").write_text(json.dumps({"form": "controlled", "settings": {}}), "utf-8")


def _other_columns(folder: Path) -> None:
    pl.DataFrame({"id": ["1"]}).write_parquet(folder / "dataset.parquet")


def _unnamed(folder: Path) -> None:
    (folder / "videos.parquet").unlink()


@pytest.mark.parametrize("change", [_other_form, _no_days, _other_columns, _unnamed])
def test_an_intact_release_that_cannot_be_read_may_be_of_another_version(tmp_path, change):
    folder = released(tmp_path / "release", "controlled")
    change(folder)
    reseal(folder)
    with pytest.raises(BadInput, match="cannot be read as a release") as refused:
        read_release(folder)
    assert "another version" in refused.value.can


def test_a_release_without_videos_has_nothing_to_ask_for(tmp_path):
    folder = released(tmp_path / "release", "ids_only")
    pl.DataFrame(schema={"video_id": pl.String}).write_parquet(folder / "dataset.parquet")
    reseal(folder)
    with pytest.raises(BadInput, match="has no videos"):
        read_release(folder)
