"""What a bundle has: folders as the archive takes them, sizes that it takes, and files that a reader gets back."""

import shutil
import sys
import zipfile
from datetime import date
from pathlib import Path

import datasets
import huggingface_hub
import polars as pl
import pytest
from depositing import citable, of
from released_study import reseal

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.deposit.archive import ArchiveLimits
from gettok.deposit.bundle import make_bundle, refuse_too_large
from gettok.deposit.description import describe
from gettok.deposit.registry import open_archive
from gettok.errors import BadInput
from gettok.store.blobs import file_digest
from gettok.verification.checksums import CHECKSUMS, files_below

PLACE = {"zenodo": None, "osf": None, "dataverse": "lab", "hf": "lab/small"}


def bundle(word: str, release: Path):
    archive = open_archive(word, "https://archive.example.org", PLACE[word], to_send=False)
    return make_bundle(release, Path("bundle"), archive, describe(release))


def with_folder(release: Path) -> Path:
    """The release with a table in a folder of parts, and the checksums of all of it."""
    parts = release / "annotations.parquet.parts"
    parts.mkdir()
    for number in range(3):
        shutil.copy(release / "dataset.parquet", parts / f"{number}.parquet")
    lines = (
        f"{file_digest(path)}  {name}\n" for name, path in files_below(release).items() if name != CHECKSUMS
    )
    (release / CHECKSUMS).write_text("".join(sorted(lines, key=lambda line: line[66:])), "utf-8")
    return release


def test_where_there_are_no_folders_each_is_one_zip_file_with_the_same_bytes_every_time(folder):
    release = with_folder(Path("made"))
    names = {file.name for file in bundle("zenodo", release).files}
    assert "annotations.parquet.parts.zip" in names
    assert not [name for name in names if "/" in name]
    first = Path("bundle/files/annotations.parquet.parts.zip").read_bytes()
    with zipfile.ZipFile("bundle/files/annotations.parquet.parts.zip") as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == [f"annotations.parquet.parts/{number}.parquet" for number in range(3)]
        assert (
            zipped.read("annotations.parquet.parts/1.parquet") == (release / "dataset.parquet").read_bytes()
        )
    bundle("zenodo", release)
    assert Path("bundle/files/annotations.parquet.parts.zip").read_bytes() == first


@pytest.mark.parametrize("word", ["dataverse", "osf", "hf"])
def test_where_there_are_folders_they_stay(folder, word):
    names = {file.name for file in bundle(word, with_folder(Path("made"))).files}
    assert "annotations.parquet.parts/1.parquet" in names


@pytest.mark.parametrize("desk", ["dataverse", "osf"], indirect=True)
def test_a_file_in_a_folder_arrives_in_it(desk, monkeypatch):
    # the check of a release knows no such folders yet
    monkeypatch.setattr("gettok.cli.release_deposit.verified", lambda *_: None)
    with_folder(Path("made"))
    for _ in range(2):
        run = desk.deposit("--yes")
        assert run.code == 0, run.err
    expected = Path("made/dataset.parquet").read_bytes()
    if desk.word == "dataverse":
        assert desk.files()["annotations.parquet.parts/2.parquet"] == expected
    else:
        entries = next(iter(desk.server.service.nodes.values())).entries.values()
        [parts] = [each for each in entries if each.versions is None]
        assert {each.name: each.versions for each in entries if each.parent == parts.id} == {
            f"{number}.parquet": [expected] for number in range(3)
        }


@pytest.mark.parametrize(
    ("sizes", "limits", "what"),
    [
        ({"a": 1, "b": 1}, ArchiveLimits(1, None, None), "2 files, and X takes 1"),
        ({"a": 1, "b": 9}, ArchiveLimits(None, 8, None), "b with 9 bytes, and X takes 8 for a file"),
        ({"a": 5, "b": 5}, ArchiveLimits(None, 8, 9), "10 bytes, and X takes 9"),
    ],
)
def test_more_than_an_archive_takes_is_refused(sizes, limits, what):
    with pytest.raises(BadInput, match=what):
        refuse_too_large("X", sizes, limits)
    refuse_too_large("X", sizes, ArchiveLimits(2, 9, 10))


@of("zenodo")
def test_a_release_above_the_limits_is_refused_before_anything_is_sent(desk, monkeypatch):
    monkeypatch.setattr("gettok.deposit.zenodo.Zenodo.limits", ArchiveLimits(3, None, None))
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "and Zenodo takes 3" in run.err
    assert not Path("data/deposits/zenodo").exists()


@of("dataverse")
def test_a_limit_that_only_the_server_knows_is_told_in_its_words(desk):
    desk.server.service.max_file_bytes = 1000
    run = desk.deposit("--yes")
    assert run.code == 66
    assert "exceeds the size limit of 1000 B" in run.err


@of("zenodo")
def test_a_folder_that_is_no_bundle_is_left_alone(desk):
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("x")
    run = desk.deposit("--bundle", "mine")
    assert (run.code, Path("mine/thesis.txt").read_text()) == (66, "x")
    assert "is no bundle of a deposit" in run.err


@of("zenodo")
@pytest.mark.parametrize("name", ["CITATION.cff", "datapackage.json"])
def test_a_release_without_its_metadata_is_refused(desk, name):
    Path("made", name).unlink()
    reseal(Path("made"))
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (66, [])
    assert f"the release has no {name}" in run.err


@of("zenodo")
def test_ids_of_videos_that_are_gone_by_now_are_not_sent(desk, params):
    citable(Path("ids"), params, "ids_only")
    first = pl.read_parquet("ids/dataset.parquet")["video_id"][0]
    RefreshLists(Path("inputs/refresh")).erase([sha256(first)], date(2026, 12, 1))
    run = desk.deposit("--yes", folder="ids")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "the release has 1 video that inputs/refresh lists as gone or erased" in run.err
    RefreshLists(Path("inputs/refresh")).folder.joinpath("tombstones.csv").unlink()
    assert desk.deposit("--yes", folder="ids").code == 0


@of("hf")
def test_datasets_loads_the_tables_from_the_hub(desk, tmp_path, monkeypatch):
    assert desk.deposit("--yes", "--publish").code == 0
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", desk.server.url)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", desk.server.url)
    template = desk.server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template)
    there = Path(
        huggingface_hub.snapshot_download(
            "lab/small",
            repo_type="dataset",
            local_dir=tmp_path / "got",
            cache_dir=tmp_path / "hub",
            token=False,
        )
    )
    got = {file.name: file.read_bytes() for file in there.iterdir() if file.is_file()}
    assert {name: got[name] for name in desk.files()} == desk.files()
    Path(there, ".gitattributes").unlink()
    shutil.rmtree(there / ".cache")
    assert desk.run("check", str(there)).code == 0, "the README's line in the checksums is the card's"
    for name in ("dataset", "annotations"):
        loaded = datasets.load_dataset(str(there), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded.num_rows == pl.read_parquet(f"made/{name}.parquet").height
        assert loaded.column_names == pl.read_parquet(f"made/{name}.parquet").columns
    loaded = datasets.load_dataset("lab/small", split="train", cache_dir=str(tmp_path / "cache"), token=False)
    assert loaded["video_id"] == pl.read_parquet("made/dataset.parquet")["video_id"].to_list()


def test_without_the_client_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyDataverse", None)
    monkeypatch.setitem(sys.modules, "pyDataverse.api", None)
    monkeypatch.delitem(sys.modules, "gettok.deposit.dataverse", raising=False)
    with pytest.raises(BadInput, match="is not installed") as refused:
        open_archive("dataverse", "https://archive.example.org", "lab", to_send=False)
    assert "uv sync --inexact --extra deposit" in refused.value.can


@of("zenodo")
def test_a_stranger_s_title_moves_no_cursor(desk, params):
    citable(Path("strange"), params)
    citation = Path("strange/CITATION.cff")
    citation.write_text(citation.read_text("utf-8").replace("title: ", 'title: "\\e[2J" #', 1), "utf-8")
    reseal(Path("strange"))
    run = desk.deposit(folder="strange")
    assert run.code == 0, run.err
    assert "\x1b" not in run.out
