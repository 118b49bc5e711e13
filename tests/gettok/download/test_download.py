"""Every backend, run against the sandbox, has the same outcome for each kind of video."""

import json
from pathlib import Path

import pytest
from bad_server import Server, sends
from download_corpus import ENDS, IDS, PAGES_OF, link, refusal_of, settings

from gettok.download import DownloadStep, VideoLink
from gettok.errors import Unusable
from gettok.tables import MEDIA
from sandbox.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_fault_left_over")

BACKENDS = ("page", "ytdlp", "pyktok")


@pytest.fixture(scope="module")
def steps(server, tmp_path_factory):
    """One step for each backend, so that pyktok is imported once."""
    spool = tmp_path_factory.mktemp("spool")
    made = {
        name: DownloadStep(settings(backend=name), "sandbox", server.pages, spool, lambda _: None)
        for name in BACKENDS
    }
    yield made
    for step in made.values():
        step.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["ok", "silent_film", "hevc", "captioned"])
def test_a_video_arrives_to_the_last_byte_with_its_facts(steps, corpus, backend, name):
    answer = steps[backend].ask(link(name))
    (row,) = steps[backend].read(answer)
    assert answer.blobs["media"].read() == (corpus / "media" / PAGES_OF[name]["media"]).read_bytes()
    assert row["has_audio"] == (name != "silent_film")
    assert row["video_codec"] == ("hevc" if name == "hevc" else "h264")
    assert row["frame_count"] == (20 if name == "hevc" else 60)
    added = {"video_id", "file", "status", "reason", "detail", "answer_key", "answer"}
    assert set(row) == {column.name for column in MEDIA.columns} - added


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", sorted(ENDS))
def test_each_kind_of_video_ends_in_its_own_reason(steps, backend, name, tmp_path):
    step = steps[backend]
    refusal = refusal_of(step, name)
    assert refusal.reason == ENDS[name]
    assert "127.0.0.1" not in refusal.detail
    assert not list(step.spool.iterdir())


@pytest.mark.parametrize("name", ["old_shape", "mobile", "dead_mirror", "both"])
def test_every_shape_of_the_page_can_be_read(steps, name):
    (row,) = steps["page"].read(steps["page"].ask(link(name)))
    assert row["kind"] == ("slideshow" if name == "both" else "video")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unknown_id_counts_as_removed(steps, backend):
    with pytest.raises(Unusable, match="removed"):
        steps[backend].ask(VideoLink("7175999999999999999", "someone.1"))


def test_an_unusable_video_has_the_page_s_status_and_message(steps):
    assert refusal_of(steps["page"], "deleted").detail == "status 10204 status_deleted"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_body_has_no_address_and_no_port(steps, backend):
    answer = steps[backend].ask(link("ok"))
    assert "127.0.0.1" not in json.dumps(dict(answer.body))
    assert answer.body["backend"] == backend


def test_another_run_gives_the_same_body(corpus, steps, tmp_path):
    with Sandbox(corpus=corpus) as elsewhere:
        step = DownloadStep(settings(), "sandbox", elsewhere.pages, tmp_path)
        assert step.ask(link("ok")).body == steps["page"].ask(link("ok")).body


def test_the_page_is_stored_as_it_was_read(steps):
    page = json.loads(steps["page"].ask(link("ok")).blobs["page"].read())
    assert page["itemInfo"]["itemStruct"]["id"] == IDS["ok"]
    assert page["itemInfo"]["itemStruct"]["author"]["uniqueId"] == "someone.1"


@pytest.mark.parametrize(
    ("status", "reason"), [("403", "unreachable"), ("404", "no_address"), ("500", "unreachable")]
)
def test_f32_an_error_page_that_pyktok_saves_as_a_video_is_not_accepted(steps, server, status, reason):
    server.play([{"do": status, "match": "/media/", "times": None}])
    refusal = refusal_of(steps["pyktok"], "ok")
    assert (refusal.reason, refusal.detail) == (reason, f"pyktok: HTTP Error {status}")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_prints_nothing_and_leaves_nothing_in_the_working_directory(
    steps, backend, tmp_path, monkeypatch, capfd
):
    """pyktok writes into the working directory, and prints."""
    monkeypatch.chdir(tmp_path)
    assert steps[backend].ask(link("ok")).blobs["media"].size
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())
    assert not any(capfd.readouterr())


@pytest.mark.parametrize("username", ["../../etc", "a b", "مثال\x00\x00", "x" * 300, "", "?q=1", "a/../b"])
def test_a_strange_username_still_finds_the_video(steps, server, username):
    assert steps["page"].ask(VideoLink(IDS["ok"], username)).body["facts"]["frame_count"] == 60
    pages = [entry["path"] for entry in server.requests() if entry["service"] == "pages"]
    assert pages[-1] == f"/www.tiktok.com/@_/video/{IDS['ok']}"


def test_an_invalid_id_is_never_requested(steps, server):
    so_far = len(server.requests())
    with pytest.raises(Unusable, match="no_address"):
        steps["page"].ask(VideoLink("1/../../login", "someone.1"))
    assert len(server.requests()) == so_far


@pytest.mark.parametrize("backend", BACKENDS)
def test_f28_photos_and_sound_are_named_by_position_and_type(steps, corpus, backend):
    answer = steps[backend].ask(link("slideshow"))
    (row,) = steps[backend].read(answer)
    files = {
        "000.jpg": "photo.jpg",
        "001.png": "photo.png",
        "002.webp": "webp.jpg",
        "sound.m4a": "sound.m4a",
    }
    for name, source in files.items():
        assert answer.blobs[name].read() == (corpus / "media" / source).read_bytes()
    assert [name for name in answer.blobs if name != "page"] == list(files)
    assert (row["kind"], row["frame_count"], row["has_audio"]) == ("slideshow", 3, True)
    assert row["bytes"] == sum(answer.blobs[name].size for name in files)
    assert row["backend"] == backend


def test_every_backend_gives_the_same_slideshow(steps):
    rows = [steps[name].read(steps[name].ask(link("slideshow")))[0] for name in BACKENDS]
    assert all({**row, "backend": ""} == {**rows[0], "backend": ""} for row in rows)


def test_pyktok_fetches_no_captions(steps):
    answer = steps["pyktok"].ask(link("captioned"))
    assert answer.body["captions"] is None
    assert "captions" not in answer.blobs


@pytest.mark.parametrize("backend", BACKENDS)
def test_f30_the_size_limit_holds_after_decompression(steps, server, backend):
    server.play([{"do": "gzip_bomb", "match": "/media/", "times": None}])
    assert refusal_of(steps[backend], "ok").reason == "too_large"
    assert not list(steps[backend].spool.iterdir())


@pytest.mark.parametrize("backend", BACKENDS)
def test_f33_no_redirect_leads_to_another_server(steps, server, backend):
    with Server({"/": sends(b"secret")}).running() as inner:
        elsewhere = {"Location": f"{inner.base}/secret.mp4"}
        server.play([{"do": "redirect", "match": "/media/", "times": None, "headers": elsewhere}])
        assert refusal_of(steps[backend], "ok").reason in {"no_address", "unreachable"}
    assert inner.asked == []
