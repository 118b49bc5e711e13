"""The backend `page` and the download step: what is retried, what is not, and what stops the run."""

import pickle

import pytest
from download_corpus import IDS, asked, link, refusal_of, settings

from gettok.download import DownloadStep
from gettok.errors import BadSettings, NotNow

pytestmark = pytest.mark.usefixtures("no_fault_left_over")

BACKENDS = ("page", "ytdlp", "pyktok")


@pytest.fixture
def quick(server, tmp_path):
    """Makes steps of the backend `page` that record their pauses instead of sleeping."""
    pauses: list[float] = []

    def make(**changes):
        return DownloadStep(settings(**changes), "sandbox", server.pages, tmp_path, pauses.append)

    make.pauses = pauses
    return make


def test_f23_a_page_named_mp4_is_requested_twice_at_most(quick, server):
    step, since = quick(max_attempts=5), len(server.requests())
    assert refusal_of(step, "html").reason == "not_a_video"
    assert asked(server, "html", since).count("media") == 2


def test_f24_an_earlier_server_error_does_not_use_up_the_second_fetch_of_a_damaged_file(quick, server):
    step, since = quick(max_attempts=4), len(server.requests())
    server.play([{"do": "500", "match": "/video/"}, {"do": "noise", "match": "/media/"}])
    assert step.ask(link("ok")).body["facts"]["frame_count"] == 60
    assert asked(server, "ok", since).count("pages") == 3


def test_a_page_that_fails_at_first_does_not_change_which_file_is_chosen(quick, server):
    plain = quick().ask(link("ok")).body["chosen"]
    server.play([{"do": "500", "match": "/video/"}])
    assert quick().ask(link("ok")).body["chosen"] == plain


def test_f28_a_file_above_the_limit_is_tried_once_without_a_pause(quick, server):
    step, since = quick(max_attempts=4, max_bytes=1000), len(server.requests())
    assert refusal_of(step, "ok").reason == "too_large"
    assert asked(server, "ok", since).count("pages") == 1
    assert quick.pauses == []


def test_f32_an_expired_address_is_read_again_from_the_page(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "403", "match": "/media/", "times": 3}])  # two mirrors and the watermarked file
    assert step.ask(link("ok")).body["facts"]["frame_count"] == 60
    assert asked(server, "ok", since) == ["pages", "media", "media", "media", "pages", "media"]


def test_f32_an_address_that_stays_refused_is_given_up_in_this_run(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "403", "match": "/media/", "times": None}])
    refusal = refusal_of(step, "ok")
    assert (refusal.reason, refusal.detail) == ("unreachable", "file: HTTP 403")
    assert asked(server, "ok", since).count("pages") == 2


def test_f32_a_dead_mirror_is_skipped(quick, server):
    step, since = quick(), len(server.requests())
    server.play([{"do": "404", "match": "/media/v16"}])
    assert step.ask(link("ok")).body["facts"]["frame_count"] == 60
    assert asked(server, "ok", since) == ["pages", "media", "media"]


def test_f32_a_video_whose_addresses_are_all_dead_has_the_reason_no_address(quick, server):
    step, since = quick(max_attempts=4), len(server.requests())
    server.play([{"do": "404", "match": "/media/", "times": None}])
    assert refusal_of(step, "ok").reason == "no_address"
    assert asked(server, "ok", since).count("pages") == 2, "a fresh page might have named others"


def test_f32_dead_addresses_on_a_single_page_prove_nothing_about_the_video(quick, server):
    server.play([{"do": "404", "match": "/media/", "times": 3}])  # two mirrors and the watermarked file
    assert quick().ask(link("ok")).blobs["media"].size
    server.play([{"do": "404", "match": "/media/", "times": 3}])
    refusal = refusal_of(quick(max_attempts=1), "ok")
    assert (refusal.reason, refusal.detail) == ("unreachable", "file: HTTP 404")


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
def test_an_obstacle_before_the_page_is_about_us_and_tried_again(quick, server, fault, reason):
    step = quick(max_attempts=3)
    server.play([{"do": fault, "match": "/video/", "times": None}])
    assert refusal_of(step, "ok").reason == reason
    assert len(quick.pauses) == 2
    server.play([{"do": fault, "match": "/video/"}])
    assert step.ask(link("ok")).blobs["media"].size


def test_five_unreadable_pages_in_a_row_stop_the_run(quick, server):
    step = quick(max_attempts=1)
    server.play([{"do": "captcha", "match": "/video/", "times": None}])
    for _ in range(4):
        assert refusal_of(step, "ok").reason == "unreadable"
    with pytest.raises(NotNow, match="captcha"):
        step.ask(link("ok"))
    so_far = len(server.requests())
    with pytest.raises(NotNow):
        step.ask(link("ok"))
    assert len(server.requests()) == so_far


@pytest.mark.parametrize("between", ["ok", "private", "unknown_status"])
def test_a_readable_page_in_between_keeps_the_run_going(quick, server, between):
    step = quick(max_attempts=1)
    for _ in range(3):
        server.play([{"do": "captcha", "match": "/video/", "times": 4}])
        for _ in range(4):
            refusal_of(step, "ok")
        if between == "ok":
            step.ask(link("ok"))
        else:
            refusal_of(step, between)


def test_pages_that_are_never_readable_do_not_stop_the_run_while_another_page_is(quick, server):
    step = quick(max_attempts=1)
    step.ask(link("ok"))
    server.play([{"do": "captcha", "match": f"/video/{IDS['hevc']}", "times": None}])
    before = len(server.requests())
    for _ in range(12):
        assert refusal_of(step, "hevc").reason == "unreadable"
    asked = [entry["subject"] for entry in server.requests()[before:] if entry["service"] == "pages"]
    assert asked.count(IDS["ok"]) == 2, "after each five in a row"
    server.play([{"do": "captcha", "match": "/video/", "times": None}])
    for _ in range(2):
        assert refusal_of(step, "hevc").reason == "unreadable"
    with pytest.raises(NotNow, match="captcha"):
        step.ask(link("hevc"))
    assert not list(step.spool.iterdir())


def test_unknown_statuses_never_stop_a_run(quick):
    step = quick(max_attempts=1)
    for _ in range(7):
        assert refusal_of(step, "unknown_status").reason == "unreadable"
    assert step.ask(link("ok")).blobs["media"].size


def test_a_status_that_means_a_captcha_counts_as_an_unreadable_page(quick, server):
    step = quick(max_attempts=1)
    server.play([{"do": "10000", "match": "/video/", "times": None}])
    for _ in range(4):
        assert refusal_of(step, "ok").reason == "unreadable"
    with pytest.raises(NotNow, match="captcha"):
        step.ask(link("ok"))


def test_the_step_can_be_pickled_before_it_is_opened(tmp_path):
    step = DownloadStep(settings(), "tiktok", "https://www.tiktok.com", tmp_path)
    assert pickle.loads(pickle.dumps(step)) == step
    step.open()


def test_only_what_changes_the_answer_is_in_its_key(tmp_path):
    one = DownloadStep(settings(), "tiktok", "https://www.tiktok.com", tmp_path)
    other = DownloadStep(
        settings(timeout_s=1, max_attempts=9, max_bytes=7, max_concurrency=7, pause_s=3, folder="x"),
        "tiktok",
        "x",
        None,
    )
    assert one.settings == other.settings == {"source": "tiktok", "backend": "page"}
    assert DownloadStep(settings(backend="pyktok"), "tiktok", "x").settings != one.settings


@pytest.mark.parametrize(
    "pages",
    ["https://example.org", "http://www.tiktok.com", "https://www.tiktok.com.example.org", "file:///etc"],
)
def test_pages_that_are_not_tiktoks_are_refused_before_any_request(pages):
    with pytest.raises(BadSettings):
        DownloadStep(settings(), "tiktok", pages).open()


@pytest.mark.parametrize("name", ["ok", "slideshow"])
def test_files_stay_in_the_spool_as_long_as_their_answer_exists(server, tmp_path, name):
    answer = DownloadStep(settings(), "sandbox", server.pages, tmp_path / "spool").ask(link(name))
    held = {file: blob.path for file, blob in answer.blobs.items() if file != "page"}
    assert sorted(held.values()) == sorted((tmp_path / "spool").iterdir())
    assert [held[file].stat().st_size for file in held] == [answer.blobs[file].size for file in held]
    del answer
    assert not list((tmp_path / "spool").iterdir())
