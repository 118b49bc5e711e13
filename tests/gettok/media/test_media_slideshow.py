"""A slideshow is a folder of photos with a sound, and all of them are decoded."""

import struct
import zlib

import media_files
import pytest
from sound_files import tone, write
from track_files import Sound, bursts, film

from gettok.errors import Unusable
from gettok.media import MediaFacts, MediaFile
from gettok.media.audio import decode_audio
from gettok.media.probing import probe


def reason_of(folder):
    with pytest.raises(Unusable) as refusal:
        probe(folder)
    assert str(folder.parent) not in refusal.value.detail
    return refusal.value.reason, refusal.value.detail


@pytest.mark.parametrize("seconds", [0.5, 3])
def test_several_sounds_in_one_ogg_file_are_refused_as_only_the_first_would_count(tmp_path, seconds):
    folder = media_files.slideshow(
        tmp_path / "show", write(tmp_path / "s.ogg", tone(3 * seconds), 48_000, "libopus")
    )
    assert probe(folder).duration_s == pytest.approx(seconds, abs=0.1)
    sound = folder / "sound.ogg"
    sound.write_bytes(sound.read_bytes() * 2)
    assert reason_of(folder) == (
        "undecodable",
        "several sounds, one behind the other, in one file",
    )


@pytest.mark.parametrize(("name", "codec"), [("s.m4a", "aac"), ("s.mp3", "libmp3lame")])
def test_f28_a_slideshow_has_facts_of_its_own(tmp_path, name, codec):
    sound = write(tmp_path / name, tone(3), 44_100, codec)
    folder = media_files.slideshow(tmp_path / "show", sound)
    facts = probe(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert facts == MediaFacts(
        kind="slideshow",
        duration_s=facts.duration_s,
        frame_count=3,
        frame_rate=None,
        is_constant_rate=None,
        bit_rate=round(8 * size / facts.duration_s),
        width=120,
        height=200,
        rotation=0,
        is_mirrored=False,
        pixel_aspect_ratio=None,
        color_primaries=None,
        color_transfer=None,
        color_space=None,
        color_range=None,
        video_codec=None,
        video_tracks=0,
        video_track=None,
        container=None,
        has_audio=True,
        audio_codec="aac" if codec == "aac" else "mp3",
        audio_channels=1,
        sample_rate=44_100,
        audio_tracks=1,
        audio_track=0,
        loudness_lufs=facts.loudness_lufs,
    )
    assert facts.duration_s == pytest.approx(3 * 16_000 / 44_100, abs=0.1)
    assert facts.loudness_lufs == pytest.approx(-13, abs=1)


def test_f28_a_slideshow_without_a_sound_has_the_duration_zero(tmp_path):
    facts = probe(media_files.slideshow(tmp_path / "show"))
    assert (facts.has_audio, facts.duration_s, facts.bit_rate, facts.loudness_lufs) == (
        False,
        0.0,
        None,
        None,
    )


def test_photos_are_ordered_by_name_and_other_files_ignored(tmp_path):
    folder = media_files.slideshow(tmp_path / "show", write(tmp_path / "s.mp3", tone(1), codec="libmp3lame"))
    (folder / "page.json").write_text("{}")
    media = MediaFile(str(folder), "")
    assert media.is_slideshow
    assert [photo.name for photo in media.photos] == ["000.jpg", "001.webp", "002.png"]
    assert media.sound == folder / "sound.mp3"


def test_a_video_file_has_its_own_sound_and_no_photos(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=2)
    media = MediaFile(str(path), "")
    assert (media.is_slideshow, media.photos, media.sound) == (False, (), path)


def test_a_rotated_photo_has_the_size_that_is_shown(tmp_path):
    (tmp_path / "show").mkdir()
    exif = media_files.Image.Exif()
    exif[0x0112] = 6
    media_files.photo(tmp_path / "show" / "000.jpg", (120, 200), exif=exif)
    facts = probe(tmp_path / "show")
    assert (facts.width, facts.height, facts.rotation) == (200, 120, 0)


def test_f23_a_folder_without_a_photo_is_not_a_slideshow(tmp_path):
    (tmp_path / "show").mkdir()
    assert reason_of(tmp_path / "show")[0] == "not_a_video"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_a_video"),
        (b"<!DOCTYPE html><html></html>", "not_a_video"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "not_a_video"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not_a_video"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 300, "not_a_video"),
    ],
    ids=["empty", "html", "svg", "postscript", "jpeg_head"],
)
def test_f23_a_file_that_is_not_a_photo_is_refused_by_its_name(tmp_path, content, reason):
    folder = media_files.slideshow(tmp_path / "show")
    (folder / "001.webp").write_bytes(content)
    assert reason_of(folder) == (reason, "001.webp is not a photo")


@pytest.mark.parametrize("name", ["000.jpg", "001.webp", "002.png"])
def test_f24_half_a_photo_is_refused(tmp_path, name):
    folder = media_files.slideshow(tmp_path / "show")
    media_files.cut(folder / name, folder / name)
    reason, detail = reason_of(folder)
    assert reason in {"truncated", "undecodable", "not_a_video"}
    assert name in detail


def test_f24_a_damaged_photo_is_refused(tmp_path):
    folder = media_files.slideshow(tmp_path / "show")
    media_files.damaged(folder / "002.png", folder / "002.png")
    assert reason_of(folder)[0] == "undecodable"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("side", [6_000, 12_000, 60_000])
def test_f30_a_decompression_bomb_among_photos_is_refused_before_it_is_decoded(tmp_path, side):
    """A small PNG that declares, and has, more pixels than fit into memory."""
    folder = media_files.slideshow(tmp_path / "show")
    rows = zlib.compress(bytes(side // 8 + 1) * min(side, 6_000))
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (folder / "001.png").write_bytes(bomb)
    assert len(bomb) < 100_000
    assert reason_of(folder)[0] == "too_large"


def test_f24_a_slideshow_whose_sound_does_not_decode_has_that_reason(tmp_path):
    (tmp_path / "sound.mp3").write_bytes(b"<!DOCTYPE html>")
    assert reason_of(media_files.slideshow(tmp_path / "show", tmp_path / "sound.mp3"))[0] == "undecodable"


@pytest.mark.parametrize(
    ("suffix", "name", "unknown"),
    [
        (".mkv", b"V_MPEG4/ISO/AVC", b"V_NO/SUCH/CODEC"),
        (".mp4", b"avc1", b"zzzz"),
        (".webm", b"V_VP8", b"V_XYZ"),
    ],
)
def test_the_sound_of_a_film_is_heard_even_if_nothing_decodes_its_pictures(tmp_path, suffix, name, unknown):
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5)))
    data = path.read_bytes()
    assert name in data
    path.write_bytes(data.replace(name, unknown))
    folder = media_files.slideshow(tmp_path / "show", path)
    assert probe(folder).duration_s == pytest.approx(4, abs=0.1)
    recording = decode_audio(MediaFile(str(folder), "").sound, 60)
    assert recording.seconds == pytest.approx(4, abs=0.1)
    assert recording.loudness_db() > -40
