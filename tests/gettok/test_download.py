"""Each backend, run for real against the sandbox, ends each kind of video in the same way."""

import json
import pickle
from pathlib import Path

import download_corpus
import pytest
from download_corpus import ENDS, IDS, PAGES_OF

from gettok.download import DownloadStep, VideoLink
from gettok.errors import BadSettings, NotNow, Unusable
from gettok.settings import Download
from gettok.tables import MEDIA
from sandbox.server import Sandbox

BACKENDS = ("page", "ytdlp", "pyktok")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return download_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def server(corpus):
    with Sandbox(corpus=corpus) as running:
        yield running


@pytest.fixture(autouse=True)
def no_fault_left_over(server):
    server.play([])


def settings(backend="page", tries=2, max_bytes=10_000_000) -> Download:
    return Download(backend=backend, timeout_s=60, tries=tries, max_bytes=max_bytes, at_once=2)


@pytest.fixture(scope="module")
def steps(server, tmp_path_factory):
    """One step for each backend, so that pyktok is imported once."""
    spool = tmp_path_factory.mktemp("spool")
    made = {
        name: DownloadStep(settings(name), "sandbox", server.pages, spool, lambda _: None)
        for name in BACKENDS
    }
    yield made
    for step in made.values():
        step.close()


@pytest.fixture
def quick(server, tmp_path):
    """A step of the backend `page` that notes its pauses in place of making them, and those pauses."""
    pauses: list[float] = []

    def make(**changes):
        return DownloadStep(settings(**changes), "sandbox", server.pages, tmp_path, pauses.append)

    make.pauses = pauses
    return make


def link(name: str) -> VideoLink:
    return VideoLink(IDS[name], "someone.1")


def refusal_of(step, name: str) -> Unusable:
    with pytest.raises(Unusable) as refusal:
        step.ask(link(name))
    return refusal.value


def asked(server, name: str, since: int = 0) -> list[str]:
    """What was asked for about a video, in order: `pages` or `media`."""
    return [entry["face"] for entry in server.requests()[since:] if entry["subject"] == IDS[name]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["ok", "silent_film", "hevc"])
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


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unknown_id_counts_as_removed(steps, backend):
    with pytest.raises(Unusable, match="removed"):
        steps[backend].ask(VideoLink("7175999999999999999", "someone.1"))


def test_what_is_unusable_says_the_status_and_its_message(steps):
    assert refusal_of(steps["page"], "deleted").detail == "status 10204 status_deleted"


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_address_and_no_port_gets_into_the_body(steps, backend):
    answer = steps[backend].ask(link("ok"))
    assert "127.0.0.1" not in json.dumps(dict(answer.body))
    assert answer.body["backend"] == backend


def test_another_run_gives_the_same_body(corpus, steps, tmp_path):
    with Sandbox(corpus=corpus) as elsewhere:
        step = DownloadStep(settings(), "sandbox", elsewhere.pages, tmp_path)
        assert step.ask(link("ok")).body == steps["page"].ask(link("ok")).body


def test_the_page_is_kept_as_it_was_read(steps):
    page = json.loads(steps["page"].ask(link("ok")).blobs["page"].read())
    assert page["itemInfo"]["itemStruct"]["id"] == IDS["ok"]
    assert page["itemInfo"]["itemStruct"]["author"]["uniqueId"] == "someone.1"


def test_f24_a_transfer_that_breaks_off_is_begun_again_once(quick, server):
    step, since = quick(tries=3), len(server.requests())
    server.play([{"do": "cut", "match": "/media/"}])
    assert step.ask(link("ok")).blobs["media"].size
    assert asked(server, "ok", since) == ["pages", "media", "pages", "media"]
    assert quick.pauses == []


@pytest.mark.parametrize("fault", ["cut", "cut_chunked", "cut_close"])
def test_f24_a_transfer_that_always_breaks_off_is_given_up_after_two(quick, server, fault):
    step, since = quick(tries=5), len(server.requests())
    server.play([{"do": fault, "match": "/media/", "times": None}])
    assert refusal_of(step, "ok").reason == "truncated"
    assert asked(server, "ok", since).count("media") == 2


def test_f23_a_page_named_mp4_is_asked_for_twice_at_most(quick, server):
    step, since = quick(tries=5), len(server.requests())
    assert refusal_of(step, "html").reason == "not_a_video"
    assert asked(server, "html", since).count("media") == 2


def test_f32_an_expired_address_is_fetched_anew_from_the_page(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "403", "match": "/media/", "times": 3}])  # two mirrors, and the one with a watermark
    assert step.ask(link("ok")).body["facts"]["frame_count"] == 60
    assert asked(server, "ok", since) == ["pages", "media", "media", "media", "pages", "media"]


def test_f32_an_address_that_stays_refused_is_given_up_for_this_run(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "403", "match": "/media/", "times": None}])
    refusal = refusal_of(step, "ok")
    assert (refusal.reason, refusal.detail) == ("unreachable", "file: HTTP 403")
    assert asked(server, "ok", since).count("pages") == 2


def test_f32_a_dead_mirror_is_passed_over(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "404", "match": "/media/v16"}])
    assert step.ask(link("ok")).body["facts"]["frame_count"] == 60
    assert asked(server, "ok", since) == ["pages", "media", "media"]


def test_f32_addresses_that_are_all_dead_are_no_address(quick, server):
    step = quick()
    server.play([{"do": "404", "match": "/media/", "times": None}])
    assert refusal_of(step, "ok").reason == "no_address"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("captcha", "unreadable"),
        ("challenge", "unreadable"),
        ("login", "unreadable"),
        ("429", "unreadable"),
        ("503_html", "unreachable"),
        ("reset", "unreachable"),
        ("404", "unreachable"),
    ],
)
def test_what_stands_before_the_page_is_about_us_and_tried_again(quick, server, fault, reason):
    step = quick(tries=3)
    server.play([{"do": fault, "match": "/video/", "times": None}])
    assert refusal_of(step, "ok").reason == reason
    assert len(quick.pauses) == 2
    server.play([{"do": fault, "match": "/video/"}])
    assert step.ask(link("ok")).blobs["media"].size


def test_five_pages_in_a_row_that_cannot_be_read_stop_everybody(quick, server):
    step = quick(tries=1)
    server.play([{"do": "captcha", "match": "/video/", "times": None}])
    for _ in range(4):
        assert refusal_of(step, "ok").reason == "unreadable"
    with pytest.raises(NotNow, match="captcha"):
        step.ask(link("ok"))
    so_far = len(server.requests())
    with pytest.raises(NotNow):
        step.ask(link("ok"))
    assert len(server.requests()) == so_far


@pytest.mark.parametrize("between", ["ok", "private"])
def test_a_page_that_can_be_read_between_keeps_everybody_going(quick, server, between):
    step = quick(tries=1)
    for _ in range(3):
        server.play([{"do": "captcha", "match": "/video/", "times": 4}])
        for _ in range(4):
            refusal_of(step, "ok")
        if between == "ok":
            step.ask(link("ok"))
        else:
            refusal_of(step, between)


def test_the_step_travels_to_a_worker_before_it_is_opened(tmp_path):
    step = DownloadStep(settings(), "tiktok", "https://www.tiktok.com", tmp_path)
    assert pickle.loads(pickle.dumps(step)) == step
    step.open()


def test_only_what_changes_the_answer_is_in_its_key(tmp_path):
    one = DownloadStep(settings(), "tiktok", "https://www.tiktok.com", tmp_path)
    other = DownloadStep(
        Download(backend="page", timeout_s=1, tries=9, max_bytes=10_000_000, at_once=7), "tiktok", "x", None
    )
    assert one.settings == other.settings == {"source": "tiktok", "backend": "page"}
    assert DownloadStep(settings("pyktok"), "tiktok", "x").settings != one.settings


@pytest.mark.parametrize(
    "pages",
    ["https://example.org", "http://www.tiktok.com", "https://www.tiktok.com.example.org", "file:///etc"],
)
def test_pages_that_are_not_tiktoks_are_refused_before_any_request(pages):
    with pytest.raises(BadSettings):
        DownloadStep(settings(), "tiktok", pages).open()


@pytest.mark.parametrize("username", ["../../etc", "a b", "مثال\x00\x00", "x" * 300, "", "?q=1", "a/../b"])
def test_a_strange_username_finds_the_video_all_the_same(steps, server, username):
    assert steps["page"].ask(VideoLink(IDS["ok"], username)).body["facts"]["frame_count"] == 60
    pages = [entry["path"] for entry in server.requests() if entry["face"] == "pages"]
    assert pages[-1] == f"/www.tiktok.com/@_/video/{IDS['ok']}"


def test_an_id_that_is_none_is_never_asked_for(steps, server):
    so_far = len(server.requests())
    with pytest.raises(Unusable, match="no_address"):
        steps["page"].ask(VideoLink("1/../../login", "someone.1"))
    assert len(server.requests()) == so_far


def test_a_large_file_lies_in_the_spool_for_as_long_as_its_answer_is_held(corpus, tmp_path):
    padding = (1_200_000).to_bytes(4) + b"free" + bytes(1_200_000 - 8)
    video = corpus / "media" / "plain.mp4"
    large = tmp_path / "corpus"
    (large / "media").mkdir(parents=True)
    (large / "media" / "plain.mp4").write_bytes(video.read_bytes() + padding)
    (large / "videos.json").write_text((corpus / "videos.json").read_text())
    with Sandbox(corpus=large) as server:
        answer = DownloadStep(settings(), "sandbox", server.pages, tmp_path / "spool").ask(link("ok"))
        assert [file.stat().st_size for file in (tmp_path / "spool").iterdir()] == [
            answer.blobs["media"].size
        ]
        assert answer.blobs["media"].read().startswith(video.read_bytes())
        del answer
    assert not list((tmp_path / "spool").iterdir())
