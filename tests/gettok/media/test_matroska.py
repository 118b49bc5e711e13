"""WebM and Matroska are read by their own demuxer, with the checks that an MP4 gets."""

import os

import av
import media_files
import numpy as np
import pytest
from test_fuzz_media import outcome
from track_files import Sound, bursts, film

from gettok.errors import Unusable
from gettok.frames.timetable import read_timetable
from gettok.media.container import check_structure
from gettok.media.formats import FORMATS, MATROSKA, MP3, MP4, WEBM, format_of
from gettok.media.probing import probe

SOUND = Sound(bursts(0.5, 2))


def made(folder, *, suffix=".webm", codec=None, is_live=False):
    """As a muxer writes it, or as a browser's recorder does: without sizes, duration and index."""
    return film(folder / f"v{suffix}", SOUND, codec=codec, options={"live": "1"} if is_live else {})


def reason_of(path):
    with pytest.raises(Unusable) as refusal:
        probe(path)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("suffix", "codec", "name"),
    [
        (".webm", "libvpx", "vp8"),
        (".webm", "libvpx-vp9", "vp9"),
        (".webm", "libsvtav1", "av1"),
        (".mkv", "libx264", "h264"),
        (".mkv", "libx265", "hevc"),
    ],
)
@pytest.mark.parametrize("is_live", [False, True])
def test_the_facts_are_those_of_an_mp4(tmp_path, suffix, codec, name, is_live):
    facts = probe(made(tmp_path, suffix=suffix, codec=codec, is_live=is_live))
    assert (facts.video_codec, facts.frame_count, facts.width, facts.height) == (name, 90, 192, 128)
    assert facts.duration_s == pytest.approx(4, abs=0.05)
    assert facts.frame_rate == pytest.approx(30, abs=0.05)
    assert facts.is_constant_rate
    assert facts.audio_codec == ("opus" if suffix == ".webm" else "aac")
    assert facts.loudness_lufs == pytest.approx(-15, abs=10)
    assert facts.container == ("webm" if suffix == ".webm" else "matroska")


def test_an_encoder_leaves_this_process_its_priority(tmp_path):
    made(tmp_path, codec="libsvtav1")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize("is_live", [False, True])
@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.5, 0.9, 0.99])
def test_f24_a_truncated_file_is_never_a_video(tmp_path, share, is_live):
    whole = made(tmp_path, is_live=is_live)
    check_structure(whole)
    assert reason_of(media_files.cut(whole, tmp_path / "cut.webm", share)) in {"truncated", "not_a_video"}


@pytest.mark.parametrize("is_live", [False, True])
def test_f24_a_damaged_file_is_refused(tmp_path, is_live):
    whole = made(tmp_path, is_live=is_live)
    damaged = media_files.damaged(whole, tmp_path / "damaged.webm")
    assert reason_of(damaged) in {"undecodable", "truncated"}


@pytest.mark.parametrize("tail", [bytes(999), b"\x1a\x45 junk behind the segment"])
def test_bytes_behind_the_segment_do_not_matter(tmp_path, tail):
    path = made(tmp_path)
    path.write_bytes(path.read_bytes() + tail)
    assert probe(path).frame_count == 90


def test_zeros_behind_a_recording_without_sizes_do_not_matter(tmp_path):
    """A recorder reserves the disk ahead, or a disk loses its last blocks."""
    path = made(tmp_path, is_live=True)
    whole = path.read_bytes()
    for zeros in (1, 7, 100_000):
        path.write_bytes(whole + bytes(zeros))
        assert (probe(path).frame_count, probe(path).duration_s) == (90, pytest.approx(4, abs=0.05))
    path.write_bytes(whole + bytes(100_000) + b"x")
    assert reason_of(path) == "undecodable"
    path.write_bytes(bytes(100_000))
    assert reason_of(path) == "not_a_video"


@pytest.mark.parametrize("is_live", [False, True])
@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
@pytest.mark.parametrize("between", [b"", bytes(99), b"\xec\x83abc"])
def test_a_second_segment_is_refused_as_its_times_are_those_of_the_first(tmp_path, is_live, suffix, between):
    path = made(tmp_path, suffix=suffix, is_live=is_live)
    path.write_bytes(path.read_bytes() + between + path.read_bytes())
    assert reason_of(path) == "undecodable"


def test_pictures_of_vp8_that_only_serve_to_decode_others_are_no_frames(tmp_path):
    """The bit "show_frame" in the first byte of some packets is cleared."""
    whole, path = made(tmp_path), tmp_path / "hidden.webm"
    with av.open(str(whole)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = [packet for packet in old.demux(old.streams.video[0]) if packet.size]
        for number, packet in enumerate(packets):
            copy = av.Packet(bytes([packet_byte(packet, is_shown=number % 5 != 4)]) + bytes(packet)[1:])
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.is_keyframe, copy.stream = packet.is_keyframe, stream
            new.mux(copy)
    assert probe(path).frame_count == 72
    assert len(read_timetable(path).times) == 72


def packet_byte(packet, *, is_shown):
    return bytes(packet)[0] & ~0x10 | 0x10 * is_shown


def test_f29_a_matroska_file_that_begins_like_another_format_is_not_opened(tmp_path):
    path = made(tmp_path)
    for head in (b"#EXTM3U\n", b"RIFF", b"\x1a\x45\xdf\xa3"):
        fake = tmp_path / "fake.webm"
        fake.write_bytes(head + path.read_bytes()[4:])
        if head != b"\x1a\x45\xdf\xa3":
            assert reason_of(fake) == "not_a_video"
    assert probe(fake).frame_count == 90


@pytest.mark.parametrize(
    ("head", "due"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0", MP4),
        (b"\0\0\0\x14ftypqt  ", MP4),
        (b"\0\0\0\x08wide\0\0", MP4),
        (b"\0\1\0\x08moov\0\0", MP4),
        (b"\0\1\0\x08free\0\0", MP4),
        (b"\7\1\0\x08mdat\0\0", MP4),
        (b"\0\0\0\1mdat\0\0", MP4),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", WEBM),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", MATROSKA),
        (b"ID3\4\0", MP3),
        (b"\xff\xfb\x90\x64", MP3),
    ],
)
def test_the_first_bytes_choose_the_demuxer(tmp_path, head, due):
    (tmp_path / "f").write_bytes(head)
    assert format_of(tmp_path / "f") is due
    assert due in FORMATS


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\0\0\x18ftypavif",
        b"\0\0\0\x18ftypheic",
        b"\x1a\x45\xdf\xa3\x42\x82\x84junk",
        b"OTTO",
        b"the free world",
        b"now skip it",
    ],
)
def test_anything_else_has_no_demuxer(tmp_path, head):
    (tmp_path / "f").write_bytes(head)
    with pytest.raises(Unusable, match="undecodable"):
        format_of(tmp_path / "f")


def test_random_damage_ends_in_facts_or_a_reason(tmp_path):
    chance, data = np.random.default_rng(2), made(tmp_path).read_bytes()
    ends = set()
    for _ in range(25):
        spoilt = bytearray(data)
        for place in chance.integers(0, len(data), 3):
            spoilt[place] ^= int(chance.integers(1, 256))
        (tmp_path / "spoilt.webm").write_bytes(bytes(spoilt))
        ends.add(outcome(probe, tmp_path / "spoilt.webm"))
    assert "ok" in ends
    assert "crash" not in ends
