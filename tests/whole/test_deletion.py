"""A video that has to go leaves the tables, the release and the answer store, and is not asked for again."""

import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.store import Store
from gettok.tables import ANNOTATIONS

_ROUND = {
    "round": "2023-04-01T00:00:00Z",
    "source": "sandbox",
    "method": "ids",
    "asked": "10",
    "confirmed": "9",
}


def names(file: Path, video_id: str) -> bool:
    """Whether a file, or its name, has the id."""
    if file.suffix == ".parquet":
        return video_id in repr(pl.read_parquet(file).to_dicts())
    if file.suffix == ".xlsx":
        with zipfile.ZipFile(file) as sheets:
            return any(video_id.encode() in sheets.read(name) for name in sheets.namelist())
    return video_id in file.name or video_id.encode() in file.read_bytes()


def files_with(folder: Path, video_id: str) -> list[str]:
    """All but the verbatim pages, which are kept as they came."""
    files = [file for file in folder.rglob("*") if file.is_file() and (folder / "pages") not in file.parents]
    return [str(file.relative_to(folder)) for file in files if names(file, video_id)]


@pytest.mark.slow
def test_f56_a_video_on_the_list_of_tombstones_is_in_no_table_release_or_answer(repository, asked):
    video_id = ANNOTATIONS.read(repository.data / "annotations").filter(status="ok")["video_id"][0]
    released = ("release/dataset.parquet", "release/dataset.csv", "release/dataset.xlsx")
    assert {*released, "media.parquet"} <= {*files_with(repository.data, video_id)}
    lists = RefreshLists(repository.folder / "inputs" / "refresh")
    lists.folder.mkdir(parents=True, exist_ok=True)
    lists.add({**_ROUND, "missing": "1"}, [sha256(video_id)])
    repository.commit("Refresh")
    asked()
    repository.dvc("repro")
    assert files_with(repository.data, video_id) == []
    assert (
        json.loads((repository.data / "books" / "tabulate.json").read_text("utf-8"))["unusable"]["gone"] == 1
    )
    repository.run("gettok", "store", "drop", "--video", video_id)
    with Store(repository.store) as store:
        assert store.about(video_id) == []
        assert list(store.verify()) == []
    log = [json.loads(line) for line in (repository.store / "drops.jsonl").read_text("utf-8").splitlines()]
    assert {entry["subject"].partition("/")[0] for entry in log} == {video_id}
    assert {"download", "transcribe", "describe", "annotate"} <= {entry["stage"] for entry in log}
    repository.dvc("repro", "--force")
    assert files_with(repository.data, video_id) == []
    assert asked() == {"queries": {}, "pages": {}, "media": {}, "model": {}}
