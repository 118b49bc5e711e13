"""Slideshows: each photo from the first mirror that serves it, and the sound."""

import pytest
from download_corpus import IDS, settings

from gettok.download import DownloadStep, VideoLink
from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.errors import Unusable

SHOW = VideoLink(IDS["slideshow"], "someone.1")
SOUND = "/media/sf16"


@pytest.fixture(scope="module")
def step(server, tmp_path_factory):
    return DownloadStep(settings(), "sandbox", server.pages, tmp_path_factory.mktemp("spool"), lambda _: None)


def sizes(answer) -> list[str]:
    return [name for name in answer.blobs if name != "page"]


def test_a_slideshow_may_have_no_sound(step):
    (row,) = step.read(step.ask(VideoLink(IDS["no_sound_slideshow"], "a")))
    assert (row["kind"], row["has_audio"]) == ("slideshow", False)


@pytest.mark.parametrize(("word", "has_audio"), [("photo_post", False), ("audio_slideshow", True)])
def test_the_sandbox_can_turn_any_video_into_a_slideshow(step, play, word, has_audio):
    play({"do": word, "match": "/video/"})
    (row,) = step.read(step.ask(VideoLink(IDS["ok"], "someone.1")))
    assert (row["kind"], row["frame_count"], row["has_audio"]) == ("slideshow", 3, has_audio)
    assert row["sound_trouble"] is None


def test_f32_a_dead_sound_is_reported_and_costs_no_photo(step, server, play):
    since = len(server.requests())
    play({"do": "404", "match": SOUND, "times": None})
    answer = step.ask(SHOW)
    assert sizes(answer) == ["000.jpg", "001.png", "002.webp"]
    (row,) = step.read(answer)
    assert row["sound_trouble"] == "no_address: file: HTTP 404"
    assert len(server.requests()) == since + 2 + 5, "a fresh page might have named another"


def test_f32_a_sound_that_may_be_served_later_is_retried_before_the_photos_are_fetched(step, server, play):
    since = len(server.requests())
    play({"do": "403", "match": SOUND})
    answer = step.ask(SHOW)
    assert "sound.m4a" in answer.blobs
    assert [entry["service"] for entry in server.requests()[since:]] == ["pages", "media", "pages"] + [
        "media"
    ] * 4
    play({"do": "403", "match": SOUND, "times": None})
    (row,) = step.read(step.ask(SHOW))
    assert (row["sound_trouble"], row["frame_count"]) == ("unreachable: file: HTTP 403", 3)


@pytest.mark.parametrize("fault", ["500", "503_html", "reset", "cut", "429"])
def test_f32_a_slideshow_whose_sound_fails_by_the_connection_is_left_to_the_next_run(step, play, fault):
    play({"do": fault, "match": SOUND, "times": None})
    with pytest.raises(Unusable, match="unreachable: sound: "):
        step.ask(SHOW)
    play()
    (row,) = step.read(step.ask(SHOW))
    assert (row["sound_trouble"], row["has_audio"]) == (None, True)


@pytest.mark.parametrize("bad", ["html", "empty", "noise", "playlist", "half"])
def test_f23_a_file_that_is_not_a_sound_is_left_out_with_its_reason(step, play, bad):
    play({"do": bad, "match": SOUND, "times": None})
    answer = step.ask(SHOW)
    assert "sound.m4a" not in answer.blobs
    assert answer.body["chosen"]["sound_trouble"]
    assert answer.body["facts"]["has_audio"] is False


@pytest.mark.parametrize("bad", ["404", "403", "html", "cut", "empty"])
def test_f32_each_photo_comes_from_the_first_mirror_that_serves_it(step, play, bad):
    play({"do": bad, "match": "/media/p16-sign/", "times": 3})
    assert sizes(step.ask(SHOW)) == ["000.jpg", "001.png", "002.webp", "sound.m4a"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [("404", "no_address"), ("403", "unreachable"), ("html", "not_a_video"), ("picture_bomb", "too_large")],
)
def test_a_photo_that_no_mirror_serves_gives_the_slideshow_its_reason(step, play, bad, reason):
    play({"do": bad, "match": f"/{IDS['slideshow']}/1.jpg", "times": None})
    with pytest.raises(Unusable) as refusal:
        step.ask(SHOW)
    assert refusal.value.reason == reason
    assert not list(step.spool.iterdir())


def test_f30_the_limit_is_on_all_files_of_a_slideshow_together(server, tmp_path):
    step = DownloadStep(settings(max_bytes=10_400, max_attempts=1), "sandbox", server.pages, tmp_path)
    with pytest.raises(Unusable, match="too_large"):
        step.ask(SHOW)


def test_f30_a_photo_that_decompresses_without_end_is_refused(step, play):
    play({"do": "gzip_bomb", "match": "/media/p", "times": None})
    with pytest.raises(Unusable, match="too_large"):
        step.ask(SHOW)


def test_f33_no_photo_and_no_sound_leads_to_another_server(step, play):
    play(*({"do": "redirect", "match": host, "times": None} for host in ("/media/p16-sign", SOUND)))
    answer = step.ask(SHOW)
    assert sizes(answer) == ["000.jpg", "001.png", "002.webp"]
    assert "outside the sandbox" in answer.body["chosen"]["sound_trouble"]


@pytest.mark.parametrize("fault", ["heic", "jxl"])
def test_a_photo_in_a_format_that_is_not_read_comes_from_another_mirror_or_is_named(step, play, fault):
    play({"do": fault, "match": "/media/p16-sign/", "times": 3})
    assert sizes(step.ask(SHOW)) == ["000.jpg", "001.png", "002.webp", "sound.m4a"]
    play({"do": fault, "match": f"/{IDS['slideshow']}/1.jpg", "times": None})
    with pytest.raises(Unusable, match=r"unsupported: (HEIC|JPEG XL) is not read"):
        step.ask(SHOW)


def ftyp(*brands: bytes) -> bytes:
    major, *compatible = brands
    return (16 + 4 * len(compatible)).to_bytes(4) + b"ftyp" + major + bytes(4) + b"".join(compatible)


@pytest.mark.parametrize(
    ("head", "photo", "sound"),
    [
        (b"\xff\xd8\xff\xe0 JFIF", ".jpg", "not_a_video"),
        (b"\x89PNG\r\n\x1a\n", ".png", "not_a_video"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ".webp", "not_a_video"),
        (ftyp(b"avif", b"mif1", b"miaf"), ".avif", "not_a_video"),
        (ftyp(b"mif1", b"miaf", b"avif"), ".avif", "not_a_video"),
        (ftyp(b"avis", b"msf1", b"iso8"), ".avif", "not_a_video"),
        (ftyp(b"msf1", b"iso8", b"avis"), ".avif", "not_a_video"),
        (ftyp(b"heic"), "unsupported", "not_a_video"),
        (ftyp(b"hevc", b"msf1"), "unsupported", "not_a_video"),
        (ftyp(b"mif1", b"heic"), "unsupported", "not_a_video"),
        (b"\xff\x0a\xfa", "unsupported", "not_a_video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "unsupported", "not_a_video"),
        (b"GIF89a", "unsupported", "not_a_video"),
        (b"II*\0", "unsupported", "not_a_video"),
        (ftyp(b"M4A ", b"isom"), "not_a_video", ".m4a"),
        (ftyp(b"isom", b"iso2", b"avc1"), "not_a_video", ".m4a"),
        (b"ID3\x04\0", "not_a_video", ".mp3"),
        (b"ID3\x04\0\0\0\0\0\x02??\xff\xfb\x90\x64", "not_a_video", ".mp3"),
        (b"ID3\x04\0\0\0\0\0\x02??\xff\xf1\x50", "not_a_video", ".aac"),
        (b"ID3\x04\0\x10\0\0\0\x02??" + bytes(10) + b"\xff\xf9\x50", "not_a_video", ".aac"),
        (b"\xff\xfb\x90\x64", "not_a_video", ".mp3"),
        (b"\xff\xf1\x50", "not_a_video", ".aac"),
        (b"OggS\0\x02", "not_a_video", ".ogg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not_a_video", ".wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "not_a_video", ".wav"),
        (b"RIFF\0\0\0\0AVI LIST", "not_a_video", "not_a_video"),
        (b"fLaC", "not_a_video", "not_a_video"),
        (b"<html>", "not_a_video", "not_a_video"),
        (b"#EXTM3U\n", "not_a_video", "not_a_video"),
        (b"", "not_a_video", "not_a_video"),
    ],
)
def test_f23_the_first_bytes_decide_a_file_s_type(tmp_path, head, photo, sound):
    file = tmp_path / "sound.jpg"
    file.write_bytes(head)

    def of(suffix_of) -> str:
        try:
            return suffix_of(file)
        except Unusable as trouble:
            return trouble.reason

    assert (of(photo_suffix), of(sound_suffix)) == (photo, sound)
