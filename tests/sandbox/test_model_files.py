"""Files of the model endpoint, with OpenAI's own client."""

import io

import openai
import pytest
import requests
from batch_caller import line

ODD = b'{"a": "\xc3\xb1"}\r\n--not-the-boundary\r\n\r\n\x00\xff\n\n'


@pytest.fixture
def upload(client):
    def uploaded(content, purpose="batch", name="in.jsonl"):
        return client.files.create(file=(name, io.BytesIO(content)), purpose=purpose)

    return uploaded


def test_a_file_comes_back_unchanged_until_it_is_deleted(client, upload):
    file = upload(ODD, name="größe.jsonl")
    assert (file.object, file.bytes, file.purpose, file.status) == ("file", len(ODD), "batch", "processed")
    assert file.created_at == 1678881600
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).content == ODD
    assert client.files.delete(file.id).deleted is True
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            call(file.id)


def test_the_same_content_twice_is_two_files(upload):
    assert upload(b"{}").id != upload(b"{}").id


@pytest.mark.parametrize("content", [b"", b"\r\n", b"-" * 5000])
def test_contents_at_the_edges_survive_the_form(client, upload, content):
    assert client.files.content(upload(content).id).content == content


def test_a_file_needs_a_purpose_that_is_known(upload):
    with pytest.raises(openai.BadRequestError, match="purpose"):
        upload(b"{}", purpose="fun")


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"purpose": "batch"}},
        {"json": {"purpose": "batch"}},
        {"data": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"data": b"--b\r\n\r\n", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)
def test_a_body_that_is_not_a_form_with_a_file_is_refused(sandbox, sent):
    headers = {"Authorization": "Bearer sandbox"} | sent.pop("headers", {})
    answer = requests.post(f"{sandbox.model}/files", headers=headers, timeout=10, **sent)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


def test_only_batch_files_have_a_size_limit(switch, upload):
    switch(batch_max_bytes=1000)
    assert upload(b"x" * 1000).bytes == 1000
    with pytest.raises(openai.BadRequestError, match="File is too large"):
        upload(b"x" * 1001)
    assert upload(b"x" * 1001, purpose="user_data").bytes == 1001


def test_by_default_the_documented_limits_hold(sandbox, session):
    limits = session.get(f"{sandbox.base}/__sandbox__/switches", timeout=10).json()
    assert (limits["batch_max_requests"], limits["batch_max_bytes"]) == (50_000, 200_000_000)


@pytest.mark.parametrize(("method", "path"), [("PUT", "files/a"), ("GET", "files"), ("PUT", "batches")])
def test_other_calls_are_unknown(sandbox, method, path):
    answer = requests.request(
        method, f"{sandbox.model}/{path}", headers={"Authorization": "Bearer sandbox"}, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


def test_files_and_batches_need_the_key(sandbox, batches):
    with (
        openai.OpenAI(base_url=sandbox.model, api_key="other", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.batches.list()
    assert batches.create([line(1)]).status == "validating"
