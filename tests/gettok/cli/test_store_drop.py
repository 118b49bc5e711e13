"""Only the answers that are named are deleted, no stage runs meanwhile, and each has a stage that asks again."""

import fcntl

import pytest

from gettok.books import STAGES
from gettok.cli.store_drop import drop, stages_to_run
from gettok.errors import AlreadyRunning, BadInput
from gettok.step import Answer
from gettok.store import AnswerRef, Key, Store

ASKED = ("annotate", "ocr", "captions", "transcribe")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as store:
        for stage in ASKED:
            for video_id in ("71", "72"):
                store.put(Key.of(stage, 1, {}, {"video_id": video_id}), video_id, Answer({"any": "answer"}))
        yield store


def test_the_stages_that_ask_again_are_in_the_order_of_the_pipeline():
    answers = [AnswerRef(stage, "71", "k", ()) for stage in ASKED]
    assert stages_to_run(answers) == ["download", "transcribe", "describe", "annotate"]


def test_only_the_named_stages_of_the_named_video_are_dropped(store):
    assert {answer.stage for answer in drop(store, "71", ["ocr", "captions", "collect"])} == {
        "ocr",
        "captions",
    }
    assert {answer.stage for answer in store.about("71")} == {"annotate", "transcribe"}
    assert {answer.stage for answer in drop(store, "71", [])} == {"annotate", "transcribe"}
    assert {answer.stage for answer in store.about("72")} == set(ASKED)
    with pytest.raises(BadInput, match="no answer about a video '71'"):
        drop(store, "71", [])


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_nothing_is_dropped_while_any_stage_runs(store, stage):
    with (store.root / f"{stage}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning, match=f"another run of {stage} "):
            drop(store, "71", [])
    assert len(store.about("71")) == len(ASKED)
