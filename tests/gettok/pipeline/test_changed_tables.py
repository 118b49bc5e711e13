"""A table whose bytes changed is read by no command: neither for one video, nor for what is due."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import tabulated
import written_study
import yaml
from flipped import flip
from recorded import record
from small_study import attacked, study_of

from gettok.cli.refresh import refresh
from gettok.errors import BadInput, Damaged
from gettok.pipeline.video_lookup import SOURCES, lookup
from gettok.settings import Settings
from gettok.store import Store
from gettok.tables import COMMENTS, COVERAGE, IDS, REJECTS, USERS, VIDEOS

FIRST, STRANGER = "7213456789012345601", "7000000000000000001"
AT = datetime(2022, 12, 6, tzinfo=UTC)
DAY = "2022-12-06.parquet"
DATA = Path("data")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(path: Path, read: Callable[[], object]) -> None:
    """Of one table after the other, in the order in which they are read: what was compared once is not again."""
    (file, *_) = [path] if path.is_file() else sorted(path.rglob(DAY)) or sorted(path.rglob("*.parquet"))
    flip(file, file.stat().st_size // 2)
    with pytest.raises(Damaged, match=re.escape(f"{file} is not what dvc.lock records")):
        read()
    flip(file, file.stat().st_size // 2)


def test_no_row_of_a_video_is_read_from_a_table_that_changed():
    counted = [{"video_id": FIRST, "observed_at": AT}]
    commented = [{"video_id": FIRST, "comment_id": "1", "observed_at": AT}]
    texts = [{"video_id": FIRST, "frame_index": 0, "text": "NO"}]
    of = attacked(study_of(3))
    of = replace(of, pairs=of.pairs.head(1).with_columns(video_id=pl.lit(FIRST)))
    written_study.write(of, counts=counted, comments=commented, screen_texts=texts)
    USERS.write([{"username": "user.1", "status": "ok"}], DATA / "users.parquet")
    paths = [DATA / source.path for source in SOURCES.values()] + [DATA / "users.parquet"]
    record("tabulate", *paths)
    for path in paths:
        refused(path, lambda: lookup(FIRST))
    assert lookup(FIRST).tables["users"]


def test_no_reason_why_a_video_is_missing_is_read_from_a_table_that_changed(params):
    params["study"] |= {"start": "2021-01-01", "end": "2022-12-31"}
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    written_study.write(study_of(1))
    REJECTS.write([], DATA / "rejects.parquet")
    IDS.write([], DATA / "ids.parquet")
    COVERAGE.write([{"day": date(2021, 8, 24), "state": "complete"}], DATA / "coverage.parquet")
    (DATA / "pages" / "videos").mkdir(parents=True)
    tabulated.page_file(DATA / "pages" / "videos" / "w.parquet", tabulated.page(tabulated.video()))
    paths = [DATA / name for name in ("pages", "rejects.parquet", "ids.parquet", "coverage.parquet")]
    record("tabulate", *paths)
    for path in paths:
        refused(path, lambda: lookup(STRANGER))
    with pytest.raises(BadInput, match="was never seen"):
        lookup(STRANGER)


def test_no_video_comment_or_user_is_due_by_a_table_that_changed(params):
    """Nothing is asked: there is no server."""
    comments, users = {"per_video": 5, "requests_per_day": 100}, {"requests_per_day": 100}
    params["collect"] |= {"comments": comments, "users": users}
    settings = Settings.model_validate(params)
    VIDEOS.write([{"video_id": "1", "created_at": AT, "observed_at": AT}], DATA / "videos" / DAY)
    COMMENTS.write([{"comment_id": "1", "observed_at": AT}], DATA / "comments" / DAY)
    USERS.write([{"username": "a", "status": "ok", "observed_at": AT}], DATA / "users.parquet")
    paths = [DATA / name for name in ("videos", "comments", "users.parquet")]
    record("tabulate", *paths)
    with Store(Path("store")) as store:
        for path in paths:
            refused(path, lambda: next(refresh(settings, store, None, threading.Event())))
