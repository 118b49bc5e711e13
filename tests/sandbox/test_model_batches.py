"""The life cycle of a batch, with OpenAI's own client."""

import json

import openai
import pytest
from batch_caller import PATH, ids, line

LINES = [line(number, "golpista" if number % 2 else "viva el presidente") for number in range(12)]


def test_a_batch_is_created_polled_and_read(sandbox, batches):
    made = batches.create(LINES, metadata={"study": "demo"})
    assert (made.status, made.endpoint, made.completion_window) == ("validating", PATH, "24h")
    assert (made.created_at, made.expires_at) == (1678881600, 1678881600 + 86400)
    assert made.output_file_id is None
    batch = batches.poll(made)
    assert (batch.status, batch.metadata, batch.model) == ("completed", {"study": "demo"}, "sandbox-vision")
    assert batch.in_progress_at == batch.finalizing_at == batch.completed_at == 1678881600
    assert (batch.failed_at, batch.expired_at, batch.cancelled_at, batch.errors) == (None, None, None, None)
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (12, 12, 0)
    assert batch.error_file_id is None
    assert batches.client.files.retrieve(batch.output_file_id).purpose == "batch_output"
    assert batches.poll(batch) == batch


def test_each_answer_equals_that_of_a_single_request_and_only_the_order_differs(batches, client):
    lines = batches.output(batches.run(LINES))
    assert sorted(ids(lines)) == sorted(ids(LINES))
    assert ids(lines) != ids(LINES)
    for answered in lines:
        assert answered["error"] is None
        assert answered["id"].startswith("batch_req_")
        assert answered["response"]["status_code"] == 200
        assert answered["response"]["request_id"].startswith("req_")
        body = LINES[ids(LINES).index(answered["custom_id"])]["body"]
        own = client.chat.completions.create(**body).to_dict()
        assert answered["response"]["body"]["choices"] == own["choices"]
        assert answered["response"]["body"]["usage"] == own["usage"]
    assert len({answered["response"]["request_id"] for answered in lines}) == 12


def test_even_a_batch_of_two_is_shuffled_deterministically(corpus, batches, calling):
    expected = batches.output(batches.run(LINES[:2]))
    assert ids(expected) == ["video-1", "video-0"]
    other = calling().sandbox
    with openai.OpenAI(base_url=other.model, api_key="sandbox") as client:
        again = type(batches)(other, client)
        assert again.output(again.run(LINES[:2])) == expected


def test_answers_within_a_batch_are_marked_in_the_log(batches, client):
    batches.run(LINES)
    paid = batches.paid()
    assert len(paid) == 12
    assert {(entry["service"], entry["method"], entry["path"], entry["status"]) for entry in paid} == {
        ("model", "POST", PATH, 200)
    }
    client.chat.completions.create(**LINES[0]["body"])
    last = batches.sandbox.requests()[-1]
    assert last["via"] == ""
    assert last["subject"] in {entry["subject"] for entry in paid}, "the same question has the same subject"


def test_polls_advance_a_batch_through_its_stages(switch, batches):
    switch(batch_polls=3)
    batch = batches.create(LINES)
    seen = []
    for _ in range(4):
        batch = batches.poll(batch)
        seen.append((batch.status, batch.request_counts.completed, len(batches.paid())))
    assert seen == [
        ("validating", 0, 0),
        ("in_progress", 6, 6),
        ("finalizing", 12, 12),
        ("completed", 12, 12),
    ]


def test_the_clock_advances_a_batch_too(sandbox, switch, batches):
    switch(batch_s=3600)
    batch = batches.poll(batches.create(LINES), times=5)
    assert batch.status == "validating"
    sandbox.clock.advance(1800)
    assert batches.poll(batch).status == "in_progress"
    sandbox.clock.advance(900)
    assert batches.poll(batch).status == "finalizing"
    sandbox.clock.advance(900)
    batch = batches.poll(batch)
    assert (batch.status, batch.completed_at - batch.created_at) == ("completed", 3600)
    assert batch.created_at < batch.in_progress_at < batch.finalizing_at < batch.completed_at


def test_a_batch_ends_after_a_day_without_polls(sandbox, switch, batches):
    switch(batch_polls=1000)
    batch = batches.create(LINES)
    sandbox.clock.advance(86400)
    assert batches.poll(batch).status == "completed"


def test_f49_a_batch_that_takes_two_days_expires_half_done(sandbox, switch, batches):
    switch(batch_s=2 * 86400)
    batch = batches.create(LINES)
    sandbox.clock.advance(86400)
    batch = batches.poll(batch)
    assert (batch.status, batch.completed_at) == ("expired", None)
    done, missing = batches.output(batch), batches.errors(batch)
    assert (len(done), len(missing), len(batches.paid())) == (6, 6, 6)
    assert sorted(ids(done) + ids(missing)) == sorted(ids(LINES))
    assert {(each["response"], each["error"]["code"]) for each in missing} == {(None, "batch_expired")}
    assert (batch.request_counts.completed, batch.request_counts.failed) == (6, 6)


def test_a_cancelled_batch_keeps_its_finished_answers(switch, batches, client):
    switch(batch_polls=3)
    batch = batches.poll(batches.create(LINES), times=2)
    assert client.batches.cancel(batch.id).status == "cancelling"
    batch = batches.poll(batch)
    assert batch.status == "cancelled"
    assert batch.cancelling_at == batch.cancelled_at == 1678881600
    assert (len(batches.output(batch)), len(batches.paid())) == (6, 6)
    assert {each["error"]["code"] for each in batches.errors(batch)} == {"batch_cancelled"}
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'cancelled'"):
        client.batches.cancel(batch.id)


def test_a_batch_cancelled_at_once_has_no_output(switch, batches, client):
    switch(batch_polls=3)
    made = batches.create(LINES)
    client.batches.cancel(made.id)
    batch = batches.poll(made)
    assert (batch.status, batch.output_file_id, batch.in_progress_at) == ("cancelled", None, None)
    assert len(batches.errors(batch)) == 12
    assert batches.paid() == []


def test_batches_are_listed_newest_first_page_by_page(batches, client):
    made = [batches.create([line(number)]).id for number in range(5)]
    page = client.batches.list(limit=2)
    assert [batch.id for batch in page.data] == made[:-3:-1]
    assert page.has_more is True
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1], "the client follows the pages"
    last = client.batches.list(after=made[1])
    assert ([batch.id for batch in last.data], last.has_more) == ([made[0]], False)
    for wrong in ({"limit": 0}, {"limit": 101}):
        with pytest.raises(openai.BadRequestError):
            client.batches.list(**wrong)
    with pytest.raises(openai.NotFoundError):
        client.batches.list(after="batch_0")
    with pytest.raises(openai.NotFoundError, match="No batch found"):
        client.batches.retrieve("batch_0")


BAD_FILES = {
    "invalid_json_line": ([*LINES, "{"], 13),
    "missing_required_parameter": ([{**LINES[0], "custom_id": 7}, LINES[1]], 1),
    "duplicate_custom_id": ([LINES[0], LINES[1], LINES[0]], 3),
    "mismatched_model": ([LINES[0], line(1, model="gpt-4o")], 2),
    "model_not_found": ([line(1, model="gpt-4o")], 1),
    "invalid_url": ([{**LINES[0], "url": "/v1/embeddings"}], 1),
    "invalid_method": ([{**LINES[0], "method": "GET"}], 1),
    "empty_file": (["", ""], None),
    "too_many_tasks": (LINES, None),
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_a_bad_file_fails_as_a_whole_with_the_line(switch, batches, code):
    switch(batch_max_requests=11 if code == "too_many_tasks" else 50_000)
    lines, number = BAD_FILES[code]
    batch = batches.run(lines)
    assert (batch.status, batch.output_file_id, batch.request_counts.total) == ("failed", None, 0)
    assert [(error.code, error.line) for error in batch.errors.data] == [(code, number)]
    assert batch.failed_at
    assert batches.paid() == []


def test_an_invalid_request_fails_alone(batches):
    batch = batches.run([LINES[0], line(1, temperature=3), LINES[2]])
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 2, 1)
    [failed] = batches.errors(batch)
    assert (failed["custom_id"], failed["error"]) == ("video-1", None)
    assert failed["response"]["status_code"] == 400
    assert failed["response"]["body"]["error"]["param"] == "temperature"
    assert sorted(entry["status"] for entry in batches.paid()) == [200, 200, 400]


def test_unsupported_requests_fail_in_a_batch_too(switch, batches):
    switch(fixed_temperature=True)
    batch = batches.run([line(1, temperature=0), LINES[2]])
    assert ids(batches.errors(batch)) == ["video-1"]


def test_usage_is_counted_for_the_batch(switch, batches):
    batch = batches.run(LINES)
    used = [each["response"]["body"]["usage"] for each in batches.output(batch)]
    assert batch.usage.input_tokens == sum(usage["prompt_tokens"] for usage in used)
    assert batch.usage.total_tokens == sum(usage["total_tokens"] for usage in used)
    switch(no_usage=True)
    assert batches.run(LINES).usage is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "/v1/embeddings"},
        {"completion_window": "1h"},
        {"metadata": {"a": "x" * 513}},
        {"metadata": {str(number): "" for number in range(17)}},
        {"input_file_id": 7},
    ],
)
def test_an_invalid_batch_is_not_created(batches, client, wrong):
    whole = {"input_file_id": batches.upload(LINES), "endpoint": PATH, "completion_window": "24h"}
    with pytest.raises(openai.BadRequestError) as raised:
        client.batches.create(**whole | wrong)
    assert raised.value.param == next(iter(wrong))


def test_a_batch_needs_a_file_for_batches(batches, client):
    with pytest.raises(openai.NotFoundError):
        client.batches.create(input_file_id="file-0", endpoint=PATH, completion_window="24h")
    other = client.files.create(file=("a.txt", json.dumps(LINES[0]).encode()), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.batches.create(input_file_id=other.id, endpoint=PATH, completion_window="24h")
