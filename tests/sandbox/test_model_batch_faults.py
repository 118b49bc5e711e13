"""Faults of a batch: late, partial, duplicated and failed results."""

import threading

import openai
import pytest
from batch_caller import ids, line

from sandbox.model.vision import Vision

LINES = [line(number) for number in range(20)]


@pytest.fixture
def add_fault(sandbox):
    """Adds a fault for the next batch."""

    def script(word, **more):
        sandbox.play([{"do": word, "match": "v1/batches", **more}])

    return script


def test_f49_some_requests_expire_and_the_others_are_answered(batches, add_fault):
    add_fault("batch_expired", custom_ids=["video-3", "video-7"])
    batch = batches.run(LINES)
    assert batch.status == "expired"
    assert sorted(ids(batches.errors(batch))) == ["video-3", "video-7"]
    assert {each["error"]["code"] for each in batches.errors(batch)} == {"batch_expired"}
    assert len(batches.output(batch)) == len(batches.paid()) == 18


def test_a_share_of_requests_is_deterministic_and_at_least_one(batches, add_fault):
    def missing(share):
        add_fault("batch_expired", share=share)
        return sorted(ids(batches.errors(batches.run(LINES))))

    half = missing(0.5)
    assert 4 <= len(half) <= 16
    assert missing(0.5) == half
    assert len(missing(0.0)) == 1
    assert len(missing(1.0)) == 20


def test_f49_lines_can_be_duplicated(batches, add_fault):
    add_fault("batch_doubled", custom_ids=["video-3"])
    batch = batches.run(LINES)
    came = ids(batches.output(batch))
    assert (len(came), came.count("video-3")) == (21, 2)
    assert (batch.request_counts.completed, len(batches.paid())) == (20, 20)


def test_f49_lines_can_be_missing_without_an_error(batches, add_fault):
    add_fault("batch_missing", custom_ids=["video-3"])
    batch = batches.run(LINES)
    assert (batch.status, batch.request_counts.completed, batch.error_file_id) == ("completed", 20, None)
    assert sorted(ids(batches.output(batch))) == sorted(set(ids(LINES)) - {"video-3"})
    assert len(batches.paid()) == 20, "what never comes was paid for all the same"


def test_f49_results_can_come_after_the_end(batches, add_fault):
    add_fault("batch_late")
    batch = batches.create(LINES)
    seen = [batches.poll(batch) for _ in range(3)]
    assert [each.status for each in seen] == ["completed"] * 3
    assert [each.output_file_id is None for each in seen] == [True, True, False]
    assert len(batches.output(seen[-1])) == 20


@pytest.mark.parametrize("status", [400, 429])
def test_f47_requests_fail_within_the_batch(batches, add_fault, status):
    add_fault(f"batch_{status}", custom_ids=["video-3"])
    batch = batches.run(LINES)
    [failed] = batches.errors(batch)
    assert (failed["custom_id"], failed["response"]["status_code"], failed["error"]) == (
        "video-3",
        status,
        None,
    )
    assert failed["response"]["body"]["error"]["message"]
    assert (batch.request_counts.completed, batch.request_counts.failed) == (19, 1)


def test_a_batch_fails_validation_at_a_line(batches, add_fault):
    add_fault("batch_failed", custom_ids=["video-3"])
    batch = batches.run(LINES)
    assert batch.status == "failed"
    assert [(error.code, error.line) for error in batch.errors.data] == [("invalid_json_line", 4)]
    assert batches.paid() == []


@pytest.mark.parametrize("word", ["refusal", "content_filter", "malformed"])
def test_f43_f44_f45_answers_in_a_batch_can_be_bad_too(batches, add_fault, word):
    add_fault(word, custom_ids=["video-3"])
    answers = {
        each["custom_id"]: each["response"]["body"]["choices"][0]
        for each in batches.output(batches.run(LINES))
    }
    spoiled, healthy = answers.pop("video-3"), answers["video-4"]
    assert (spoiled["message"] | {"finish": spoiled["finish_reason"]}) != (
        healthy["message"] | {"finish": healthy["finish_reason"]}
    )
    assert len({str(each["message"]) for each in answers.values()}) == 1


def test_the_queue_of_tokens_is_full_until_a_batch_is_over(switch, batches):
    switch(batch_queue_tokens=140, batch_polls=1)
    first = batches.create(LINES[:12])
    second = batches.run(LINES[:12])
    assert second.status == "failed"
    [error] = second.errors.data
    assert (error.code, error.line) == ("token_limit_exceeded", None)
    assert "Limit: 140 enqueued tokens" in error.message
    assert batches.poll(first, times=2).status == "completed"
    assert batches.poll(batches.create(LINES[:12]), times=2).status == "completed"


def test_a_full_queue_can_refuse_the_creation_instead(switch, batches, client, add_fault):
    switch(batch_limit_at="creation")
    add_fault("token_limit_exceeded")
    with pytest.raises(openai.RateLimitError) as raised:
        batches.create(LINES)
    assert (raised.value.code, raised.value.type) == ("token_limit_exceeded", "tokens")
    assert client.batches.list().data == []
    switch(batch_limit_at="validation")
    add_fault("token_limit_exceeded")
    assert batches.run(LINES).status == "failed"


def test_f47_a_batch_exists_even_if_the_answer_to_its_creation_was_cut_off(batches, client, add_fault):
    add_fault("cut")
    with pytest.raises(openai.APIConnectionError):
        batches.create(LINES, metadata={"part": "7"})
    [found] = client.batches.list().data
    assert found.metadata == {"part": "7"}
    add_fault("500")
    with pytest.raises(openai.InternalServerError):
        batches.poll(found)
    assert batches.poll(found).status == "completed"


def test_a_poll_does_not_wait_for_pictures_and_nothing_is_answered_twice(batches, monkeypatch):
    from model_caller import image_part, picture, text_part  # noqa: PLC0415 - pictures are for this test only

    may_go = threading.Event()
    real = Vision.see
    monkeypatch.setattr(Vision, "see", lambda self, shown: may_go.wait(20) and real(self, shown))
    monkeypatch.setattr("sandbox.model.batches.PATIENCE_S", 0.05)
    content = [text_part("Describe."), image_part(picture(size=(64, 112)))]
    batch = batches.create([line(1), line(2, messages=[{"role": "user", "content": content}])])
    waiting = batches.poll(batch, times=3)
    assert (waiting.status, waiting.request_counts.completed < 2) == ("in_progress", True)
    may_go.set()
    monkeypatch.setattr("sandbox.model.batches.PATIENCE_S", 20)
    done = batches.poll(batch)
    assert (done.status, done.request_counts.completed, len(batches.paid())) == ("completed", 2, 2)
