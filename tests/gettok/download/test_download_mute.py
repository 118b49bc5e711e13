"""A file without a sound track is replaced by another of its page that has one, or the row says why it is mute."""

import json
from contextlib import contextmanager

import bad_server
import media_files
import pytest
from download_corpus import IDS, asked, settings

from gettok.download import DownloadStep, VideoLink

ID = "7175000000000000001"
LINK = VideoLink(ID, "someone.1")
OK = VideoLink(IDS["ok"], "someone.1")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A film of each kind, by name."""
    folder = tmp_path_factory.mktemp("films")
    return {
        "sounding": media_files.video(folder / "sounding.mp4").read_bytes(),
        "mute": media_files.video(folder / "mute.mp4", sound=False).read_bytes(),
        "broken": media_files.video(folder / "broken.mp4").read_bytes()[:2000],
    }


def variant(server, name, height, **play):
    """A file with two mirrors, as a page lists it."""
    urls = [f"{server.base}/{mirror}/{name}" for mirror in ("v16", "v19")]
    return {
        "CodecType": "h264",
        "Bitrate": 1,
        "PlayAddr": {"UrlList": urls, "Width": 100, "Height": height, **play},
    }


@contextmanager
def serving(contents, watermarked=None, **item):
    """A page that lists so many files, the best first, each with this content, and perhaps one with a watermark."""
    answers = {}
    server = bad_server.Server(answers)
    for number, content in enumerate(contents):
        for mirror in ("v16", "v19"):
            answers[f"/{mirror}/{number}"] = content if callable(content) else bad_server.sends(content)
    if watermarked is not None:
        answers["/watermarked"] = bad_server.sends(watermarked)
    video = {
        "bitrateInfo": [variant(server, number, 900 - number) for number in range(len(contents))],
        "downloadAddr": f"{server.base}/watermarked" if watermarked is not None else "",
    }
    detail = {"statusCode": 0, "itemInfo": {"itemStruct": {"id": ID, "video": video, **item}}}
    data = json.dumps({"__DEFAULT_SCOPE__": {"webapp.video-detail": detail}})
    script = f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">{data}</script>'
    answers["/www.tiktok.com"] = bad_server.sends(script.encode())
    with server.running():
        yield server


def answer_of(server, tmp_path, **changes):
    step = DownloadStep(settings(**changes), "x", server.pages, tmp_path / "spool", lambda _: None)
    answer = step.ask(LINK)
    (row,) = step.read(answer)
    return answer, row


def files_asked(server) -> list[str]:
    return [path for path in server.asked if not path.startswith("/www")]


def test_the_next_file_with_a_sound_track_is_taken(films, tmp_path):
    with serving([films["mute"], films["mute"], films["sounding"], films["sounding"]]) as server:
        answer, row = answer_of(server, tmp_path)
    assert files_asked(server) == ["/v16/0", "/v16/1", "/v16/2"], "one mirror of each file is enough"
    assert (row["has_audio"], row["sound_trouble"]) == (True, None)
    assert answer.blobs["media"].read() == films["sounding"]
    assert answer.body["chosen"]["height"] == 898


def test_a_file_with_sound_costs_no_further_request(films, tmp_path):
    with serving([films["sounding"], films["sounding"]], films["sounding"]) as server:
        _, row = answer_of(server, tmp_path)
    assert (files_asked(server), row["sound_trouble"]) == (["/v16/0"], None)


def test_the_watermarked_file_comes_last_but_before_silence(films, tmp_path):
    with serving([films["mute"], films["mute"]], films["sounding"]) as server:
        answer, row = answer_of(server, tmp_path)
    assert files_asked(server) == ["/v16/0", "/v16/1", "/watermarked"]
    assert (row["has_audio"], answer.body["chosen"]["found_in"]) == (True, "downloadAddr")


def test_if_one_other_file_has_no_sound_the_row_says_so(films, tmp_path):
    with serving([films["mute"], films["mute"] + b"\0\0\0\x08free"]) as server:
        _, row = answer_of(server, tmp_path)
    assert row["sound_trouble"] == ("no_audio: the file has no sound track, nor has another file of its page")


def test_if_none_has_a_sound_the_first_is_kept_and_the_row_says_so(films, tmp_path):
    other_mute = films["mute"] + b"\0\0\0\x08free"
    with serving([films["mute"], other_mute], other_mute) as server:
        answer, row = answer_of(server, tmp_path)
    assert answer.blobs["media"].read() == films["mute"]
    assert row["has_audio"] is False
    assert row["sound_trouble"] == (
        "no_audio: the file has no sound track, nor have 2 other files of its page"
    )


def test_a_mute_video_of_many_files_costs_few_of_them_and_the_watermarked_one(films, tmp_path):
    with serving([films["mute"]] * 12, films["mute"]) as server:
        answer_of(server, tmp_path)
    assert files_asked(server) == [*(f"/v16/{number}" for number in range(5)), "/watermarked"]


def test_a_page_that_says_that_the_video_is_muted_costs_no_further_file(films, tmp_path):
    with serving([films["mute"], films["sounding"]], itemMute=True) as server:
        _, row = answer_of(server, tmp_path)
    assert (files_asked(server), row["sound_trouble"]) == (["/v16/0"], "no_audio: TikTok has muted it")


def test_a_single_mute_file_says_so(films, tmp_path):
    with serving([films["mute"]]) as server:
        _, row = answer_of(server, tmp_path)
    assert row["sound_trouble"] == "no_audio: the file has no sound track"


def test_another_file_that_is_damaged_or_gone_costs_nothing_but_itself(films, tmp_path):
    with serving(
        [films["mute"], films["broken"], lambda it: it.send_error(404), films["sounding"]]
    ) as server:
        _, row = answer_of(server, tmp_path)
    assert (row["has_audio"], row["sound_trouble"]) == (True, None)
    with serving([films["mute"], films["broken"]]) as server:
        _, row = answer_of(server, tmp_path)
    assert row["sound_trouble"].startswith(
        "no_audio: the file has no sound track; another file failed: truncated: "
    )


def test_a_connection_that_fails_for_the_other_file_is_tried_again_once(films, tmp_path):
    calls = []

    def recovers(request):
        calls.append(request.path)
        answer = bad_server.sends(films["sounding"]) if len(calls) > 2 else lambda it: it.send_error(503)
        answer(request)

    with serving([films["mute"], recovers]) as server:
        _, row = answer_of(server, tmp_path, max_attempts=3)
    assert (row["has_audio"], files_asked(server).count("/v16/0")) == (True, 2)


def test_a_connection_that_fails_for_the_other_file_for_ever_keeps_the_mute_one(films, tmp_path):
    with serving([films["mute"], lambda it: it.send_error(500)]) as server:
        answer, row = answer_of(server, tmp_path, max_attempts=4)
    assert answer.blobs["media"].read() == films["mute"]
    assert row["sound_trouble"].endswith("another file failed: unreachable: file: HTTP 500")
    assert files_asked(server).count("/v16/0") == 2


def test_a_video_of_the_sandbox_may_have_its_sound_in_the_watermarked_file_alone(server, tmp_path):
    step = DownloadStep(settings(), "sandbox", server.pages, tmp_path, lambda _: None)
    answer = step.ask(VideoLink(IDS["mute_hevc"], "someone.1"))
    (row,) = step.read(answer)
    assert (row["has_audio"], row["video_codec"]) == (True, "hevc")
    assert answer.body["chosen"]["found_in"] == "downloadAddr"


@pytest.mark.parametrize("backend", ["page", "ytdlp", "pyktok"])
def test_every_backend_finds_the_file_with_sound(step_of, play, backend):
    step = step_of(backend)
    play({"do": "mute_unless_watermarked", "match": "/media/v1", "times": None})
    answer = step.ask(OK)
    (row,) = step.read(answer)
    assert (row["has_audio"], row["sound_trouble"]) == (True, None)
    assert answer.body["chosen"]["found_in"] == "downloadAddr"


@pytest.mark.parametrize("backend", ["page", "ytdlp", "pyktok"])
def test_every_backend_says_that_a_video_is_mute(server, step_of, play, backend):
    step = step_of(backend)
    play({"do": "mute", "match": "/media/v1", "times": None})
    since = len(server.requests())
    (row,) = step.read(step.ask(OK))
    assert row["sound_trouble"].startswith("no_audio: the file has no sound track, nor ha")
    assert len(asked(server, "ok", since)) <= 6


def test_a_tool_s_mute_file_is_kept_if_the_page_cannot_be_read_by_us(step_of, play):
    step = step_of("ytdlp")
    play(
        {"do": "mute", "match": "/media/v1", "times": None},
        {"do": "ok", "match": "/video/"},
        {"do": "captcha", "match": "/video/", "times": None},
    )
    (row,) = step.read(step.ask(OK))
    assert row["sound_trouble"] == (
        "no_audio: the file has no sound track; its page cannot be read for another: "
        "unreadable: a captcha in place of the page"
    )


def test_a_local_video_without_sound_says_so_and_is_no_error(films, tmp_path):
    (tmp_path / f"{ID}.mp4").write_bytes(films["mute"])
    step = DownloadStep(settings(backend="local", folder=str(tmp_path)), "x", "", tmp_path / "spool")
    (row,) = step.read(step.ask(LINK))
    assert (row["kind"], row["sound_trouble"]) == ("video", "no_audio: the file has no sound track")


def test_the_limit_on_bytes_holds_for_the_other_files(films, tmp_path):
    large = films["sounding"] + (1_000_000).to_bytes(4) + b"free" + bytes(999_992)
    with serving([films["mute"], large]) as server:
        _, row = answer_of(server, tmp_path, max_bytes=500_000)
    assert "too_large" in row["sound_trouble"]
