"""A study that grows pays for what is new, at home and after a pull from another group."""

import polars as pl
import pytest
from conftest import LONGER
from repository import Repository, files, stages_run
from s3_remote import s3_remote

from gettok.tables import ANNOTATIONS, PROMPT_INJECTION, VIDEOS

#: Of the demo's codebook.
GROUPS = ("stance", "content", "picture")

TABLES = (
    "videos",
    "media",
    "frames",
    "transcripts",
    "screen_texts",
    "descriptions",
    "annotations",
    "comparison",
    "release",
    "report",
)


def tables(repository: Repository) -> dict[str, bytes]:
    made = {
        f"{name}/{file}": content
        for name in TABLES
        for file, content in files(repository.data / name).items()
    }
    single = ("media.parquet", "prompt_injection.parquet")
    return made | {name: (repository.data / name).read_bytes() for name in single}


def ids(repository: Repository, day: str) -> set[str]:
    return set(VIDEOS.read(repository.data / "videos" / f"{day}.parquet")["video_id"])


@pytest.fixture(scope="module")
def longer(finished, tmp_path_factory) -> Repository:
    """Three days from nothing."""
    repository = finished.clone(tmp_path_factory.mktemp("longer") / "repo")
    repository.study(*LONGER)
    repository.dvc("repro")
    return repository


def grow(repository: Repository, asked) -> None:
    """One day more, which costs one window, its videos and their answers."""
    old_days = files(repository.data / "annotations")
    asked()
    repository.study(*LONGER)
    assert len(stages_run(repository.dvc("repro"))) == 10
    cost = asked()
    new = ids(repository, "2022-12-09")
    assert len(new) == 3
    assert cost["queries"] == {"20221209/20221209/0": 1}
    assert set(cost["pages"]) == new
    assert set(cost["media"]) <= new
    playable = 2  # the third is private, so there is nothing to describe or to judge
    variants = answers(PROMPT_INJECTION.read(repository.data / "prompt_injection.parquet"), new)
    judged = answers(ANNOTATIONS.read(repository.data / "annotations"), new)
    assert judged == len(GROUPS) * playable
    assert cost["model"].total() == playable + judged + variants
    made = files(repository.data / "annotations")
    assert {name: made[name] for name in old_days} == old_days


def answers(table: pl.DataFrame, videos: set[str]) -> int:
    """How many answers about these videos the table rests on."""
    return table.filter(pl.col("video_id").is_in(list(videos)))["answer_key"].drop_nulls().n_unique()


@pytest.mark.slow
def test_a_day_more_costs_that_day_and_gives_the_tables_of_a_fresh_run(repository, longer, asked):
    before = shards(repository)
    grow(repository, asked)
    assert tables(repository) == tables(longer)
    assert len(before) > 10
    assert shards(repository).items() >= before.items(), "what is kept of the old days was not built again"


def shards(repository: Repository) -> dict[str, int]:
    """The inode of each day that is kept beside the answers, and of what was read of each file of pages."""
    kept = repository.folder / ".dvc" / "gettok-store" / "shards"
    return {file.relative_to(kept).as_posix(): file.stat().st_ino for file in kept.rglob("*.parquet")}


@pytest.mark.slow
def test_a_dataset_pulled_elsewhere_is_the_same_and_can_be_gone_on_from(repository, longer, tmp_path, asked):
    repository.dvc("remote", "add", "--default", "shared", str(tmp_path / "remote"))
    repository.commit("share")
    repository.dvc("push")
    clone = repository.clone(tmp_path / "clone")
    clone.dvc("pull")
    assert files(clone.data) == files(repository.data)
    assert stages_run(clone.dvc("repro")) == []
    assert not clone.store.exists()
    said = clone.run("gettok", "store", "refill")
    assert "annotate" in said
    grow(clone, asked)
    assert tables(clone) == tables(longer)


@pytest.mark.slow
def test_a_dataset_goes_through_s3_unchanged(repository, tmp_path):
    with s3_remote(repository) as keys:
        repository.dvc("push", **keys)
        clone = repository.clone(tmp_path / "clone")
        clone.dvc("pull", **keys)
        assert files(clone.data) == files(repository.data)
        assert stages_run(clone.dvc("repro", **keys)) == []
