"""Two versions of a release are pushed to S3 and over SSH; others fetch them, and each tool loads what was written."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from dvc_here import dvc as run_dvc
from dvc_here import enter
from loading_lines import Lines, lines_for
from released_repository import change, prepare
from repository import Repository, files
from s3_remote import s3_remote
from ssh_remote import ssh_remote
from unpacked import run_r

#: The second is pygtrie's, in DVC.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),
]

VERSIONS = {"1.0.0": 6, "1.1.0": 7}
LINES = lines_for("", ".")
PARQUET = [lines for lines in LINES if "dataset.parquet" in lines.code]
CSV = [lines for lines in LINES if ".csv" in lines.code]


@dataclass(frozen=True)
class Published:
    """A repository whose cache is empty, the keys to its remote, and the folder of each version as it was written."""

    repository: Repository
    keys: Mapping[str, str]
    written: Mapping[str, Path]
    fetched: Mapping[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Repository:
    repository = prepare(tmp_path_factory.mktemp("made") / "repo")
    with pytest.MonkeyPatch.context() as patched:
        enter(repository, patched)
        run_dvc("init")
        run_dvc("repro")
    repository.commit("made")
    return repository


@contextmanager
def remote(kind: str, repository: Repository, folder: Path) -> Iterator[dict[str, str]]:
    with s3_remote(repository) if kind == "s3" else ssh_remote(repository, folder) as keys:
        yield keys


@pytest.fixture(scope="module", params=["s3", "ssh"])
def published(made, tmp_path_factory, request) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp(request.param)
    repository = made.copy(folder / "repo")
    with remote(request.param, repository, folder / "server") as keys:
        written, fetched = {}, {}
        for place, version in enumerate(VERSIONS):
            if place:
                change(repository)
            repository.run("gettok", "release", "tag", version)
            repository.dvc("push", "release", **keys)
            written[version] = folder / "written" / version
            shutil.copytree(repository.data / "release", written[version])
        shutil.rmtree(repository.folder / ".dvc" / "cache")
        shutil.rmtree(repository.data)
        there = Repository(folder, "no sandbox")
        for version, named in (("1.0.0", ("--rev", "v1.0.0")), ("1.1.0", ())):  # without one, the highest
            fetched[version] = folder / "fetched" / version
            command = ("artifacts", "get", str(repository.folder), "dataset", *named)
            there.dvc(*command, "-o", str(fetched[version]), **keys)
        yield Published(repository, keys, written, fetched)


def test_each_version_arrives_as_it_was_written(published, tmp_path):
    for version in VERSIONS:
        assert files(published.fetched[version]) == files(published.written[version])
    there, source = Repository(tmp_path, "no sandbox"), str(published.repository.folder)
    there.dvc("get", source, "data/release", "--rev", "dataset@v1.0.0", "-o", "got", **published.keys)
    assert files(tmp_path / "got") == files(published.written["1.0.0"])


def test_a_version_is_checked_where_nothing_of_it_is(published):
    said = published.repository.run("gettok", "release", "check", "1.0.0", **published.keys)
    assert ", 6 videos, form " in said


def test_without_the_keys_nothing_is_fetched(published, tmp_path):
    there, source = Repository(tmp_path / "there", "no sandbox"), str(published.repository.folder)
    there.folder.mkdir()
    without = {name: str(tmp_path) if name == "HOME" else "" for name in published.keys}
    without["AWS_EC2_METADATA_DISABLED"] = "true"
    code, _ = there.outcome("dvc", "get", source, "data/release", "-o", "got", **without)
    assert code != 0
    assert files(there.folder) == {}


_OPENED = """
import sys
import dvc.api
import polars as pl
for version in sys.argv[2:]:
    at = {"repo": sys.argv[1], "rev": f"dataset@v{version}"}
    with dvc.api.open("data/release/dataset.parquet", mode="rb", **at) as file:
        print(pl.read_parquet(file).height, len(dvc.api.read("data/release/README.md", **at)))
"""


def test_each_version_is_opened_without_a_copy(published, tmp_path):
    there, source = Repository(tmp_path, "no sandbox"), str(published.repository.folder)
    command = ("python", "-W", "ignore", "-c", _OPENED, source, *VERSIONS)
    printed = there.run(*command, **published.keys).split("\n")
    for version, line in zip(VERSIONS, printed, strict=False):
        readme = (published.written[version] / "README.md").read_text("utf-8")
        assert line == f"{VERSIONS[version]} {len(readme)}"
    assert list(tmp_path.iterdir()) == []


#: What a type of a written column is called by each tool; `,` precedes what it is where a value is missing.
TYPES = {
    "polars": {},
    "pandas": {
        "String": "str",
        "Int64": "int64,float64",
        "Float64": "float64",
        "Boolean": "bool,object",
        "Datetime": "datetime64[us, UTC]",
        "List": "object",
    },
    "DuckDB": {
        "String": "VARCHAR",
        "Int64": "BIGINT",
        "Float64": "DOUBLE",
        "Boolean": "BOOLEAN",
        "Datetime": "TIMESTAMP WITH TIME ZONE",
        "List": "VARCHAR[]",
    },
    "datasets": {
        "String": "Value('large_string')",
        "Int64": "Value('int64')",
        "Float64": "Value('float64')",
        "Boolean": "Value('bool')",
        "Datetime": "Value('timestamp[us, tz=UTC]')",
        "List": "LargeList(Value('large_string'))",
    },
    "R": {
        "String": "character",
        "Int64": "integer",
        "Float64": "numeric",
        "Boolean": "logical",
        "Datetime": "POSIXct",
        "List": "arrow_large_list",
    },
}
Found = list[tuple[str, str, int]]


def expected(folder: Path, library: str) -> tuple[list[str], Found]:
    """The ids, and each column with its type in the library's words and the number of its missing values."""
    rows, called = pl.read_parquet(folder / "dataset.parquet"), TYPES[library]
    found = []
    for column in rows:
        kind, missing = str(column.dtype.base_type()), column.null_count()
        words = called.get(kind, kind) if called else kind
        usual, _, with_missing = (
            words.partition(",") if "," in words and "[" not in words else (words, "", "")
        )
        found.append((column.name, with_missing if missing and with_missing else usual, missing))
    return rows["video_id"].to_list(), found


def loaded(lines: Lines, folder: Path, home: Path) -> tuple[list[str], Found]:
    """The same of what the lines load in this folder."""
    match lines.library:
        case "R":
            return _in_r(lines.code, folder, home)
        case "DuckDB":
            rows = duckdb.sql(lines.code)
            types = [(name, str(dtype)) for name, dtype in zip(rows.columns, rows.types, strict=True)]
            read = rows.pl()
            return read["video_id"].to_list(), [
                (name, dtype, read[name].null_count()) for name, dtype in types
            ]
        case _:
            rows = _run(lines.code)
            if isinstance(rows, pl.DataFrame):
                found = [(each.name, str(each.dtype.base_type()), each.null_count()) for each in rows]
                return rows["video_id"].to_list(), found
            assert isinstance(rows, pd.DataFrame)
            found = [(name, str(rows[name].dtype), int(rows[name].isna().sum())) for name in rows.columns]
            return rows["video_id"].tolist(), found


def _run(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names["videos"]


_R = r"""
cat(as.character(videos$video_id), "\n", sep = " ")
for (name in names(videos)) cat(name, class(videos[[name]])[1], sum(is.na(videos[[name]])), "\n", sep = "\t")
"""


def _in_r(code: str, folder: Path, home: Path) -> tuple[list[str], Found]:
    script = home / "check.R"
    script.write_text(f"{code}\n{_R}", "utf-8")
    package = code.partition("::")[0].rpartition(" ")[2]
    ids, *columns = run_r(script, package, folder).splitlines()
    split = [column.split("\t") for column in columns]
    return ids.split(), [(name, kind, int(missing)) for name, kind, missing, _ in split]


@pytest.mark.parametrize("lines", PARQUET, ids=lambda lines: lines.library)
@pytest.mark.parametrize("version", VERSIONS)
def test_each_tool_loads_the_parquet_file_with_its_types(published, version, lines, tmp_path, monkeypatch):
    monkeypatch.chdir(published.fetched[version])
    found = loaded(lines, published.fetched[version], tmp_path)
    assert found == expected(published.written[version], lines.library)
    assert len(found[0]) == VERSIONS[version]


@pytest.mark.parametrize("lines", CSV, ids=["readr", "data_table", "pandas", "polars", "DuckDB"])
@pytest.mark.parametrize("version", VERSIONS)
def test_each_tool_loads_the_rows_and_columns_of_the_csv(published, version, lines, tmp_path, monkeypatch):
    monkeypatch.chdir(published.fetched[version])
    ids, found = loaded(lines, published.fetched[version], tmp_path)
    wanted_ids, wanted = expected(published.written[version], lines.library)
    assert ids == wanted_ids
    assert [name for name, *_ in found] == [name for name, *_ in wanted]
    assert found[0] == wanted[0], "the id is a text"


_DATASETS = """
of = [(name, str(kind), sum(value is None for value in videos[name])) for name, kind in videos.features.items()]
found = [list(videos["video_id"]), of]
from datasets import get_dataset_config_names
here = str(Path.cwd())
rows = {name: load_dataset(here, name, split="train").num_rows for name in get_dataset_config_names(here)}
import json
print(json.dumps([found, rows]))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_hugging_face_loads_every_table(published, version, tmp_path):
    """In a process that has never seen the hub, and cannot."""
    [lines] = [lines for lines in LINES if lines.library == "datasets"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", lines.code + _DATASETS],
        cwd=published.fetched[version],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (ids, columns), rows = json.loads(done.stdout)
    written = published.written[version]
    assert (ids, [tuple(column) for column in columns]) == expected(written, "datasets")
    assert rows == {file.stem: pl.read_parquet(file).height for file in written.glob("*.parquet")}
