"""A local slideshow uses each photo and sound of its folder, or names it with a reason."""

import io
import os
from fractions import Fraction

import av
import media_files
import numpy as np
import pytest
from download_corpus import settings, slideshow
from PIL import Image

from gettok.download import DownloadStep, VideoLink
from gettok.errors import Unusable
from gettok.media.audio import decode_audio

ID = "7175000000000000001"
LINK = VideoLink(ID, "someone")
SECONDS = 3
SOUNDS = [
    ("1.aac", ("adts", "aac"), "aac"),
    ("1.ogg", ("ogg", "vorbis"), "vorbis"),
    ("1.opus", ("ogg", "libopus"), "opus"),
    ("1.wav", ("wav", "pcm_s16le"), "pcm_s16le"),
    ("1.mp3", ("mp3", "libmp3lame"), "mp3"),
    ("1.m4a", ("mp4", "aac"), "aac"),
    ("1.webm", ("webm", "libopus"), "opus"),
    ("1.snd", ("adts", "aac"), "aac"),
    ("1.mp3", ("ogg", "libopus"), "opus"),
    ("sound", ("wav", "pcm_s16le"), "pcm_s16le"),
    ("1.jpg", ("mp3", "libmp3lame"), "mp3"),
]


@pytest.fixture
def show(tmp_path):
    (tmp_path / "mine").mkdir()
    return slideshow(tmp_path / "mine" / ID, ("1.png", "3.png"))


@pytest.fixture
def step(show, tmp_path):
    return DownloadStep(settings(backend="local", folder=str(show.parent)), "tiktok", "", tmp_path / "spool")


def row_of(step):
    (row,) = step.read(step.ask(LINK))
    return row


def refusal_of(step) -> str:
    with pytest.raises(Unusable) as refusal:
        step.ask(LINK)
    assert not list(step.spool.iterdir())
    return str(refusal.value)


def sound(path, form="mp3", codec="libmp3lame", head=b""):
    """A tone of some seconds."""
    with av.open(str(path), "w", format=form) as file:
        layout = "stereo" if codec == "vorbis" else "mono"  # all that FFmpeg's own encoder of Vorbis does
        stream = file.add_stream(codec, rate=48_000, layout=layout, options={"strict": "experimental"})
        resampler = av.AudioResampler(stream.format, layout, 48_000, stream.frame_size or 1024)
        wave = np.sin(np.arange(SECONDS * 48_000) * 2 * np.pi * 440 / 48_000) * 16_000
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        for part in (*resampler.resample(frame), *resampler.resample(None), None):
            file.mux(stream.encode(part))
    path.write_bytes(head + path.read_bytes())
    return path


@pytest.mark.parametrize(("file", "made", "name"), SOUNDS)
def test_each_format_of_sound_is_heard_to_its_end_whatever_its_name(step, show, file, made, name):
    sound(show / file, *made)
    answer = step.ask(LINK)
    (row,) = step.read(answer)
    assert (row["has_audio"], row["audio_codec"], row["sound_trouble"]) == (True, name, None)
    assert row["duration_s"] == pytest.approx(SECONDS, abs=0.1)
    (stored,) = (blob.path for blob_name, blob in answer.blobs.items() if blob_name.startswith("sound."))
    assert decode_audio(stored, 60).seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(("form", "codec", "name"), [("mp3", "libmp3lame", "mp3"), ("adts", "aac", "aac")])
def test_a_sound_behind_a_large_id3_tag_is_read_in_its_own_format(step, show, form, codec, name):
    tag = b"ID3\x03\0\0\0\0\x10\0" + b"PRIV\0\0\x07\xf6\0\0" + bytes(2048 - 10)
    sound(show / "1.snd", form, codec, head=tag)
    row = row_of(step)
    assert (row["audio_codec"], row["sound_trouble"]) == (name, None)
    assert row["duration_s"] == pytest.approx(SECONDS, abs=0.1)


def test_an_avif_between_two_others_is_the_second_photo(step, show):
    Image.new("RGB", (80, 60), "blue").save(show / "2.avif")
    answer = step.ask(LINK)
    assert list(answer.blobs) == ["000.png", "001.avif", "002.png"]
    assert answer.blobs["001.avif"].read() == (show / "2.avif").read_bytes()


def test_an_animated_avif_is_a_photo_and_no_sound(step, show):
    first, second = Image.new("RGB", (80, 60), "blue"), Image.new("RGB", (80, 60), "red")
    first.save(show / "2.avif", save_all=True, append_images=[second], duration=100)
    assert (show / "2.avif").read_bytes()[8:12] == b"avis"
    row = row_of(step)
    assert (row["frame_count"], row["has_audio"], row["sound_trouble"]) == (3, False, None)


def in_form(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    return file.getvalue()


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
UNREAD = [
    ("2.heic", HEIC, "unsupported: 2.heic: HEIC is not read; JPEG, PNG, WebP and AVIF are"),
    ("2.jpg", HEIC, "unsupported: 2.jpg: HEIC is not read"),
    ("2", HEIC, "unsupported: 2: HEIC is not read"),
    ("2.jxl", b"\xff\x0a" + bytes(100), "unsupported: 2.jxl: JPEG XL is not read"),
    ("2.gif", in_form("GIF"), "unsupported: 2.gif: GIF is not read"),
    ("2.TIFF", in_form("TIFF"), "unsupported: 2.TIFF: TIFF is not read"),
    ("2.bmp", in_form("BMP"), "not_a_video: 2.bmp: not a photo: the file begins with b'BM"),
    ("2.jpg", b"<!DOCTYPE html>", "not_a_video: 2.jpg: not a photo: the file begins with b'<!DOCTYPE ht'"),
    ("2.ico", in_form("ICO"), "not_a_video: 2.ico: not a photo: the file begins with b'"),
    ("2.ppm", in_form("PPM"), "not_a_video: 2.ppm: not a photo: the file begins with b'P6"),
    ("2.PDF", in_form("PDF"), "not_a_video: 2.PDF: not a photo: the file begins with b'%PDF"),
    ("2.webp", b"", "not_a_video: 2.webp: not a photo: the file is empty"),
    ("2.png", in_form("JPEG")[:300], "truncated: 2.png is damaged"),
    ("2.avif", in_form("AVIF")[:150], "undecodable: 2.avif is damaged"),
]


@pytest.mark.parametrize(("name", "content", "reason"), UNREAD, ids=[f"{n}-{r[:12]}" for n, _, r in UNREAD])
def test_a_photo_that_cannot_be_read_gives_a_reason_that_names_it(step, show, name, content, reason):
    (show / name).write_bytes(content)
    assert refusal_of(step).startswith(reason)


def test_each_of_several_unread_photos_is_named(step, show):
    for number in (2, 10):
        (show / f"{number}.heic").write_bytes(HEIC)
    said = refusal_of(step)
    assert said.index("2.heic") < said.index("10.heic")


def test_a_folder_of_unread_photos_alone_is_no_missing_file(step, show):
    for photo in show.iterdir():
        photo.rename(photo.with_suffix(".heic")).write_bytes(HEIC)
    assert "1.heic: HEIC is not read" in refusal_of(step)


def test_the_key_depends_on_files_that_cannot_be_read(step, show):
    (show / "2.heic").write_bytes(HEIC)
    with_heic = step.inputs(LINK)
    (show / "2.heic").write_bytes(HEIC + b"\0")
    assert step.inputs(LINK) != with_heic
    (show / "2.heic").unlink()
    assert step.inputs(LINK) != with_heic


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        (
            "song.flac",
            b"fLaC" + bytes(50),
            "song.flac: not a sound that is read: the file begins with b'fLaC",
        ),
        ("song.w64", b"riff" + bytes(50), "song.w64: not a sound that is read: the file begins with b'riff"),
        ("song.ts", b"G@\0\x10" + bytes(50), "song.ts: not a sound that is read: the file begins with b'G@"),
        (
            "song.ac3",
            b"\x0bw" + bytes(50),
            "song.ac3: not a sound that is read: the file begins with b'\\x0bw",
        ),
        ("song", b"whatever", "song: not a sound that is read: the file begins with b'whatever'"),
        ("song.mp3", b"<html>", "song.mp3: not a sound that is read: the file begins with b'<html>'"),
        ("song.wma", b"", "song.wma: not a sound that is read: the file is empty"),
        ("song.ogg", b"OggS" + bytes(50), "song.ogg: undecodable: "),
        ("song.mp3", b"ID3" + bytes(500), "song.mp3: undecodable: "),
    ],
)
def test_a_sound_that_cannot_be_read_is_named_and_costs_no_photo(step, show, name, content, trouble):
    (show / name).write_bytes(content)
    row = row_of(step)
    assert (row["frame_count"], row["has_audio"]) == (2, False)
    assert row["sound_trouble"].startswith(trouble)


def test_the_first_sound_that_decodes_is_taken_and_each_other_one_named(step, show):
    (show / "1.mp3").write_bytes(b"ID3" + bytes(500))
    sound(show / "2.wav", "wav", "pcm_s16le")
    sound(show / "3.mp3")
    answer = step.ask(LINK)
    (row,) = step.read(answer)
    assert answer.blobs["sound.wav"].read() == (show / "2.wav").read_bytes()
    assert [name for name in answer.blobs if name.startswith("sound")] == ["sound.wav"]
    assert row["has_audio"]
    first, third = row["sound_trouble"].split("; ")
    assert first.startswith("1.mp3: undecodable: ")
    assert third.startswith("3.mp3: a slideshow has one sound")


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [("1.wav", "wav", "pcm_s16le"), ("1.webm", "webm", "libopus"), ("1.m4a", "mp4", "aac")],
)
def test_a_sound_that_ends_before_its_declared_end_is_truncated(step, show, name, form, codec):
    path = sound(show / name, form, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    row = row_of(step)
    assert (row["frame_count"], row["has_audio"]) == (2, False)
    assert row["sound_trouble"].startswith(f"{name}: truncated: ")


@pytest.mark.parametrize("declared", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_recorded_wav_whose_length_was_not_known_is_heard(step, show, declared):
    path = sound(show / "1.wav", "wav", "pcm_s16le")
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[4:8] = data[place : place + 4] = declared.to_bytes(4, "little")
    path.write_bytes(data)
    row = row_of(step)
    assert (row["duration_s"], row["sound_trouble"]) == (pytest.approx(SECONDS, abs=0.1), None)


def test_a_film_without_a_sound_track_among_photos_is_named(step, show):
    media_files.video(show / "live.mov", frames=5, sound=False)
    assert row_of(step)["sound_trouble"] == "live.mov: no_audio: the file has no sound track"


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_a_film_under_the_name_of_a_photo_is_no_sound_but_a_photo_that_is_not_read(step, show, form):
    sound(show / "2.jpg", form, "libopus")
    assert refusal_of(step).startswith("not_a_video: 2.jpg: not a photo: the file begins with b'")


def test_a_link_that_leads_nowhere_is_named(step, show):
    (show / "2.jpg").symlink_to("gone.jpg")
    assert refusal_of(step) == "no_file: 2.jpg: it cannot be opened: No such file or directory"
    (show / "2.jpg").unlink()
    (show / "2.mp3").symlink_to("gone.mp3")
    assert row_of(step)["sound_trouble"] == "2.mp3: it cannot be opened: No such file or directory"
    assert step.inputs(LINK)["files"]


STRAY = (
    "Thumbs.db",
    "desktop.ini",
    "NOTES.TXT",
    "1.json",
    "1.xmp",
    ".DS_Store",
    "._1.png",
    "captions.vtt",
    "a.csv",
)


def test_files_that_are_neither_photos_nor_sounds_are_ignored(step, show):
    before = step.inputs(LINK)
    for name in STRAY:
        (show / name).write_bytes(b"whatever")
    (show / "raw").mkdir()
    (show / "raw" / "2.heic").write_bytes(HEIC)
    assert step.inputs(LINK) == before
    row = row_of(step)
    assert (row["frame_count"], row["sound_trouble"]) == (2, None)


def test_a_name_of_any_bytes_can_be_named(step, show):
    (show / os.fsdecode(b"2\xff.heic")).write_bytes(HEIC)
    said = refusal_of(step)
    assert "2\N{REPLACEMENT CHARACTER}.heic: HEIC is not read" in said
    said.encode()
