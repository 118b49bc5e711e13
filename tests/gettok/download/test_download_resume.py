"""A transfer that breaks off is resumed, but only while it is known to be the same file."""

from pathlib import Path

import pytest
from bad_server import ENDLESS, Ranged, Server, Slow, sends
from download_corpus import IDS, settings

from gettok.download import DownloadStep, VideoLink
from gettok.download.hosts import Site
from gettok.download.pace import Pace
from gettok.download.transfer import Transfer
from gettok.download.web import Visit
from gettok.errors import NoSpace, Unusable

BODY = bytes(range(256)) * 400
PART = 40_000


@pytest.fixture
def step(server, no_fault_left_over, tmp_path):
    return DownloadStep(settings(max_attempts=4), "sandbox", server.pages, tmp_path, lambda _: None)


def asked(server, since: int) -> list[str]:
    return [entry["service"] for entry in server.requests()[since:]]


def fetched(to: Path, answer, *, size=None, most=1_000_000, **changes) -> bytes:
    """The file on disk after a transfer from a server with this answer."""
    with (
        Server({"/": answer}).running() as server,
        Visit(Site(server.pages), settings(**{"max_attempts": 4, **changes}), Pace(0)) as visit,
    ):
        Transfer(visit, f"{server.base}/a.mp4", to / "a.mp4", "", most, size).run()
    return (to / "a.mp4").read_bytes()


def refusal(to: Path, answer, **changes) -> str:
    with pytest.raises(Unusable) as refused:
        fetched(to, answer, **changes)
    return refused.value.reason


@pytest.mark.parametrize("fault", ["cut", "cut_chunked", "cut_close"])
def test_f24_a_transfer_that_breaks_off_is_resumed_without_a_new_visit(step, server, fault):
    whole = step.ask(VideoLink(IDS["ok"], "a")).blobs["media"].digest
    since = len(server.requests())
    server.play([{"do": fault, "match": "/media/"}])
    assert step.ask(VideoLink(IDS["ok"], "a")).blobs["media"].digest == whole
    assert asked(server, since) == ["pages", "media", "media"]
    assert [entry["status"] for entry in server.requests()[since:]] == [200, 200, 206]


def test_f24_a_server_without_ranges_sends_the_whole_file_again(step, server):
    server.play([{"do": "cut", "match": "/media/"}, {"do": "no_range", "match": "/media/"}])
    assert step.ask(VideoLink(IDS["ok"], "a")).body["facts"]["frame_count"] == 60


@pytest.mark.parametrize("name", ["truncated", "half"])
def test_f24_a_file_that_stays_short_is_fetched_again_once(step, server, name):
    since = len(server.requests())
    with pytest.raises(Unusable, match="truncated"):
        step.ask(VideoLink(IDS[name], "a"))
    assert asked(server, since).count("pages") == 2


def test_the_rest_is_requested_by_the_etag_and_appended(tmp_path):
    answer = Ranged(BODY, PART, 20_000)
    assert fetched(tmp_path, answer) == BODY
    assert answer.asked == [("", ""), (f"bytes={PART}-", '"one"'), (f"bytes={PART + 20_000}-", '"one"')]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_etag_the_length_identifies_the_file(tmp_path, etag):
    answer = Ranged(BODY, PART, etag=etag)
    assert fetched(tmp_path, answer) == BODY
    assert answer.asked == [("", ""), (f"bytes={PART}-", "")]


def test_a_file_that_ends_before_the_size_on_its_page_is_resumed(tmp_path):
    answer = Ranged(BODY, PART, etag="", length=False)
    assert fetched(tmp_path, answer, size=len(BODY)) == BODY
    assert answer.asked[1] == (f"bytes={PART}-", "")


@pytest.mark.parametrize("wrong", [{"status": 200}, {"status": 416}, {"shift": 7}, {"shift": -7}])
def test_a_part_that_does_not_fit_is_discarded_and_the_whole_file_fetched_again(tmp_path, wrong):
    answer = Ranged(BODY, PART, **wrong)
    assert fetched(tmp_path, answer) == BODY
    assert [wanted for wanted, _ in answer.asked[:2]] == ["", f"bytes={PART}-"]


def test_a_part_of_a_file_of_another_length_is_not_appended(tmp_path):
    answer = Ranged(BODY, PART, etag="")
    whole = answer.__call__

    def changed(handler) -> None:
        whole(handler)
        answer.body = BODY[::-1] + b"x"

    assert fetched(tmp_path, changed) == BODY[::-1] + b"x"


def test_a_part_of_a_file_that_has_changed_is_not_appended(tmp_path):
    """The server does not support `If-Range`."""
    answer = Ranged(BODY, PART)

    def changed(handler) -> None:
        answer(handler)
        answer.etag, answer.body = '"two"', BODY[::-1]

    assert fetched(tmp_path, changed) == BODY[::-1]


def test_a_compressed_response_is_never_resumed(tmp_path):
    def packed(handler) -> None:
        seen.append(handler.headers.get("Range"))
        sends(b"\x1f\x8b" + bytes(50), Content_Encoding="gzip", ETag='"x"')(handler)

    seen: list[str | None] = []
    assert refusal(tmp_path, packed) == "truncated"
    assert set(seen) == {None}


def test_a_transfer_is_resumed_as_often_as_the_settings_say_and_no_more(tmp_path):
    answer = Ranged(BODY, *[1000] * 20)
    assert refusal(tmp_path, answer, max_attempts=3) == "truncated"
    assert len(answer.asked) == 3


def test_an_empty_part_ends_the_transfer(tmp_path):
    answer = Ranged(BODY, 1000, *[0] * 20)
    assert refusal(tmp_path, answer, max_attempts=9) == "truncated"
    assert len(answer.asked) == 2


def test_a_transfer_that_falls_silent_is_resumed(tmp_path):
    answer = Ranged(BODY, PART, length=None, etag='"one"')
    assert fetched(tmp_path, answer, timeout_s=1, size=len(BODY)) == BODY
    assert len(answer.asked) == 2
    assert not ENDLESS.is_set()


def test_f13_a_slow_connection_loses_nothing_to_the_time_limit(tmp_path):
    answer = Slow(BODY[:80_000])
    assert fetched(tmp_path, answer, timeout_s=1) == BODY[:80_000]
    starts = [int(wanted.removeprefix("bytes=").removesuffix("-") or 0) for wanted, _ in answer.asked]
    assert starts == answer.sent == [0, 40_000], "and no byte is sent twice"


def test_the_limit_holds_whatever_the_page_and_the_server_say(tmp_path):
    answer = Ranged(BODY, 6000, length=False)
    assert refusal(tmp_path, answer, most=10_000, size=9000) == "too_large"
    assert (tmp_path / "a.mp4").stat().st_size <= 10_000


@pytest.mark.parametrize("backend", ["page", "ytdlp", "pyktok"])
def test_f37_too_little_free_space_stops_the_run_before_a_byte_is_written(server, tmp_path, backend):
    chosen = settings(backend=backend, keep_free_bytes=10**18)
    step = DownloadStep(chosen, "sandbox", server.pages, tmp_path)
    with pytest.raises(NoSpace) as refused:
        step.ask(VideoLink(IDS["ok"], "a"))
    step.close()
    assert "keep_free_bytes" in refused.value.can
    assert not list(tmp_path.iterdir())


def test_f37_a_disk_that_fills_up_half_way_stops_the_run():
    full = Path("/dev/full")
    with (
        Server({"/": sends(BODY)}).running() as server,
        Visit(Site(server.pages), settings(), Pace(0)) as visit,
        pytest.raises(NoSpace),
    ):
        Transfer(visit, f"{server.base}/a.mp4", full, "", 1_000_000, None).run()
