"""Facts of a file are reported only if all of it has been decoded."""

from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import media_files
import pytest
from track_files import Sound, bursts, film

from gettok.errors import Unusable
from gettok.media import MediaFacts
from gettok.media.container import check_structure
from gettok.media.probing import probe
from gettok.media.video import _is_even
from gettok.tables import MEDIA

FTYP = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def reason_of(path: Path) -> str:
    with pytest.raises(Unusable) as refusal:
        probe(path)
    return refusal.value.reason


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_every_fact_is_read_from_the_file(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=75, size=(192, 128))
    assert probe(path) == MediaFacts(
        kind="video",
        duration_s=2.5,
        frame_count=75,
        frame_rate=30.0,
        is_constant_rate=True,
        bit_rate=round(8 * path.stat().st_size / 2.5),
        width=192,
        height=128,
        rotation=0,
        is_mirrored=False,
        pixel_aspect_ratio=1.0,
        color_primaries=None,
        color_transfer=None,
        color_space=None,
        color_range=None,
        video_codec="h264",
        video_tracks=1,
        video_track=0,
        container="mp4",
        has_audio=True,
        audio_codec="aac",
        audio_channels=1,
        sample_rate=44_100,
        audio_tracks=1,
        audio_track=0,
        loudness_lufs=-4.3,  # as it is played: the codec overshoots full scale
    )


def test_the_facts_are_columns_of_the_table():
    facts = {field.name for field in fields(MediaFacts)}
    found_elsewhere = {"video_id", "file", "sha256", "bytes", "backend", "status", "reason", "detail"}
    found_elsewhere |= {"sound_trouble", "captions_trouble", "c2pa", "c2pa_ai", "c2pa_trust_list_sha256"}
    found_elsewhere |= {"page_ai_label", "page_ai_label_type"}
    assert facts == {column.name for column in MEDIA.columns} - found_elsewhere - {"answer_key", "answer"}


def test_f26_a_missing_sound_is_a_fact_and_not_a_failure(tmp_path):
    facts = probe(media_files.video(tmp_path / "v.mp4", sound=False))
    assert (facts.has_audio, facts.audio_codec, facts.audio_channels, facts.sample_rate) == (
        False,
        None,
        None,
        None,
    )
    assert facts.frame_count == 60


@pytest.mark.parametrize(
    ("turn", "size"), [(0, (192, 128)), (90, (128, 192)), (180, (192, 128)), (270, (128, 192))]
)
def test_width_and_height_are_those_after_rotation(tmp_path, turn, size):
    facts = probe(
        media_files.video(tmp_path / "v.mp4", frames=3, rotation=turn if turn < 180 else turn - 360)
    )
    assert (facts.rotation, facts.width, facts.height) == (turn, *size)


def test_the_frames_of_a_variable_rate_are_counted(tmp_path):
    facts = probe(media_files.video(tmp_path / "v.mp4", times=[0, 1, 2, 20, 40, 60, 61]))
    assert facts.frame_count == 7
    assert facts.duration_s >= 2
    assert facts.frame_rate == pytest.approx(7 / facts.duration_s, abs=0.01)
    assert facts.is_constant_rate is False


@pytest.mark.parametrize("unit", [Fraction(1, 1000), Fraction(1, 90_000)], ids=["ms", "ms_in_90_kHz"])
def test_a_constant_rate_is_recognised_when_its_times_are_rounded_to_the_millisecond(unit):
    times = [round(number * 1000 / 30) * unit.denominator // 1000 for number in range(300)]
    assert _is_even(times[::-1], unit)
    assert not _is_even([*times[:150], *(time + 2 * unit.denominator // 1000 for time in times[150:])], unit)
    assert not _is_even([*times, times[-1] + unit.denominator // 10], unit)


def test_pictures_that_an_edit_list_hides_are_not_counted(tmp_path):
    whole = media_files.video(tmp_path / "whole.mp4", frames=90)
    facts = probe(media_files.trimmed(whole, tmp_path / "trimmed.mp4", first=40))
    assert facts.frame_count == 50


def test_hevc_is_counted_right(tmp_path):
    facts = probe(media_files.video(tmp_path / "v.mp4", frames=50, codec="libx265"))
    assert (facts.video_codec, facts.frame_count) == ("hevc", 50)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 5000,
        b"<!DOCTYPE html><html><body>Access Denied</body></html>",
        b'{"error": 1}',
        b"\x17" * 999,
    ],
    ids=["empty", "zeros", "html", "json", "bytes"],
)
def test_f23_a_file_that_does_not_begin_like_an_mp4_is_not_a_video(tmp_path, content):
    assert reason_of(written(tmp_path / "v.mp4", content)) == "not_a_video"


def test_f23_a_sound_file_is_not_a_video(tmp_path):
    assert reason_of(media_files.sound_only(tmp_path / "s.mp4")) == "not_a_video"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("index_first", [True, False])
def test_f24_a_truncated_file_is_never_a_video(tmp_path, share, index_first):
    whole = media_files.video(tmp_path / "whole.mp4", index_first=index_first)
    assert reason_of(media_files.cut(whole, tmp_path / "cut.mp4", share)) == "truncated"


def test_f24_a_truncated_file_is_detected_even_if_its_box_hides_it(tmp_path):
    """The box of the pictures is shortened with the file, so that only the index shows the damage."""
    data = media_files.video(tmp_path / "whole.mp4", index_first=True).read_bytes()
    place, end = data.index(b"mdat") - 4, len(data) - 4000
    path = written(tmp_path / "cut.mp4", data[:place] + (end - place).to_bytes(4) + data[place + 4 : end])
    check_structure(path)
    assert reason_of(path) == "truncated"


def test_f24_a_file_with_damaged_pictures_is_refused(tmp_path):
    whole = media_files.video(tmp_path / "whole.mp4")
    assert reason_of(media_files.damaged(whole, tmp_path / "damaged.mp4")) == "undecodable"


def test_a_little_damage_is_tolerated(tmp_path):
    whole = media_files.video(tmp_path / "whole.mp4", frames=120, sound=False)
    facts = probe(media_files.damaged(whole, tmp_path / "damaged.mp4", share=0.9, width=0.001))
    assert 108 <= facts.frame_count <= 120


@pytest.mark.parametrize("content", [FTYP, FTYP + (400).to_bytes(4) + b"moov" + b"\x07" * 392])
def test_f25_a_file_with_a_missing_or_broken_index_is_refused(tmp_path, content):
    assert reason_of(written(tmp_path / "v.mp4", content)) in {"undecodable", "not_a_video"}


@pytest.mark.parametrize("box", [b"moov", b"trak", b"stbl", b"stsz", b"stco", b"avcC"])
def test_f25_a_file_that_lacks_a_part_of_its_index_is_refused(tmp_path, box):
    data = media_files.video(tmp_path / "whole.mp4", sound=False).read_bytes()
    assert reason_of(written(tmp_path / "v.mp4", data.replace(box, b"junk"))) in {
        "undecodable",
        "not_a_video",
    }


@pytest.mark.parametrize(
    "script",
    ["#EXTM3U\n#EXTINF:1,\n{0}\n", "ffconcat version 1.0\nfile '{0}'\n", "{0}\n"],
    ids=["m3u8", "concat", "ram"],
)
@pytest.mark.parametrize("head", [b"", FTYP], ids=["bare", "behind_ftyp"])
def test_f29_a_playlist_reads_no_other_file(tmp_path, script, head):
    secret = media_files.video(tmp_path / "secret.mp4")
    path = written(tmp_path / "list.mp4", head + script.format(secret).encode())
    assert reason_of(path) in {"not_a_video", "undecodable"}


def test_f29_a_file_name_is_never_read_as_an_option_or_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.mp4", "concat:a|b.mp4", "%d.mp4"):
        assert probe(media_files.video(tmp_path / name, frames=2).relative_to(tmp_path)).frame_count == 2


def test_the_reason_for_a_bad_file_has_no_path(tmp_path):
    whole = media_files.video(tmp_path / "whole.mp4", index_first=False)
    data = bytearray(whole.read_bytes())
    data[data.index(b"moov") :] = b"moov" + b"\x01" * (len(data) - data.index(b"moov") - 4)
    with pytest.raises(Unusable) as refusal:
        probe(written(tmp_path / "bad.mp4", bytes(data)))
    assert str(tmp_path) not in refusal.value.detail


@pytest.mark.parametrize("begins_with", ["moov", "wide"])
def test_a_quicktime_file_without_the_box_ftyp_is_read(tmp_path, begins_with):
    options = {"movflags": "faststart"} if begins_with == "moov" else {}
    path = film(tmp_path / "v.mov", Sound(bursts(0.5)), options=options)
    due, data = probe(path), path.read_bytes()
    length = int.from_bytes(data[:4])
    path.write_bytes(moved(data[length:], -length))
    assert path.read_bytes()[4:8] == begins_with.encode()
    assert replace(probe(path), bit_rate=None) == replace(due, bit_rate=None)
    with pytest.raises(Unusable, match="truncated"):
        probe(media_files.cut(path, tmp_path / "cut.mov"))


def moved(data, by):
    """With the places of all chunks moved by so many bytes."""
    start = 0
    while (start := data.find(b"stco", start) + 4) >= 4:
        for place in range(start + 8, start + 8 + 4 * int.from_bytes(data[start + 4 : start + 8]), 4):
            moved = int.from_bytes(data[place : place + 4]) + by
            data = data[:place] + moved.to_bytes(4) + data[place + 4 :]
    return data
