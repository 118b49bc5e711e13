"""Of several tracks the one is taken that a person would hear and see, and the facts say which."""

from fractions import Fraction

import av
import media_files
import numpy as np
import pytest
import track_files
from av.stream import Disposition
from PIL import Image
from track_files import RATE, Sound, bursts, film

from gettok.errors import Unusable
from gettok.frames.timetable import read_timetable
from gettok.media.audio import decode_audio
from gettok.media.probing import probe

TONE = np.tile(bursts(0, seconds=0.1), 40)
SILENT = np.zeros_like(TONE)
QUIET = 0.001


def taken(path):
    """Which track is taken, and whether something is heard on it."""
    facts = probe(path)
    return facts.audio_tracks, facts.audio_track, decode_audio(path, 60).loudness_db() > -40


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("tracks", "due"),
    [
        ([(TONE, True), (TONE, False)], 0),
        ([(TONE, False), (TONE, True)], 1),
        ([(SILENT, False), (TONE, True)], 1),
        ([(SILENT, True), (TONE, False)], 1),
        ([(QUIET * TONE, True), (TONE, False)], 1),
        ([(0.2 * TONE, True), (TONE, False)], 0),
        ([(SILENT, True), (SILENT, False), (TONE, False)], 2),
        ([(TONE, True), (TONE, True)], 0),
        ([(TONE, False), (SILENT, True), (TONE, False)], 0),
    ],
)
def test_the_default_track_is_taken_unless_it_is_silent_beside_another(tmp_path, suffix, tracks, due):
    sounds = [Sound(wave, is_default=is_default) for wave, is_default in tracks]
    assert taken(film(tmp_path / f"v{suffix}", *sounds, frames=9)) == (len(tracks), due, True)


def test_of_tracks_that_are_all_silent_the_default_is_taken(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(SILENT, is_default=False), Sound(SILENT), frames=9)
    assert taken(path) == (2, 1, False)


def test_a_track_that_nobody_can_decode_hides_no_other(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(TONE), Sound(TONE, is_default=False), frames=9)
    data = path.read_bytes().replace(b"mp4a", b"apac", 1).replace(b"esds", b"dapa", 1)
    path.write_bytes(data)
    assert taken(path) == (2, 1, True)
    facts = probe(path)
    assert (facts.audio_codec, facts.sample_rate, facts.audio_channels) == ("aac", RATE, 1)


def test_a_damaged_default_track_gives_way_to_a_whole_one(tmp_path):
    whole = film(tmp_path / "whole.mov", Sound(TONE), Sound(TONE, is_default=False), frames=9)
    assert taken(whole) == (2, 0, True)
    damaged = media_files.damaged_packets(whole, tmp_path / "v.mov", 0.5, 3)
    assert taken(damaged) == (2, 1, True)


@pytest.mark.parametrize("level", [1, 0.01, 0.00001])
def test_an_empty_default_track_gives_way_to_any_that_is_not(tmp_path, level):
    sounds = Sound(bursts(0.5), skipped=[(-1, 9)]), Sound(level * bursts(0.5), is_default=False)
    assert taken(film(tmp_path / "v.mkv", *sounds))[:2] == (2, 1)


def test_a_damaged_default_track_of_pictures_is_refused_though_another_decodes(tmp_path):
    whole = tmp_path / "whole.mkv"
    with av.open(str(whole), "w") as file:
        tracks = [_pictures_track(file, is_default=number == 0) for number in range(2)]
        file.start_encoding()
        for packet in (packet for track in tracks for packet in track_files._pictures(track, 30, 0)):
            file.mux(packet)
    assert probe(whole).frame_count == 30
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as file:
        for packet in file.demux(file.streams.video[0]):
            if packet.size:
                data[packet.pos + 12 : packet.pos + packet.size] = bytes(packet.size - 12)
    whole.write_bytes(bytes(data))
    with pytest.raises(Unusable, match=r"undecodable: (none|0) of 30 pictures"):
        probe(whole)


def _pictures_track(file, *, is_default):
    track = file.add_stream("libx264", rate=30)
    track.width, track.height, track.pix_fmt = *track_files._SIZE, "yuv420p"
    track.codec_context.time_base = Fraction(1, 30)
    track.disposition = Disposition.default if is_default else Disposition(0)
    return track


def test_tracks_none_of_which_decodes_are_facts_and_none_is_taken(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(TONE), Sound(TONE), frames=9)
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"apac").replace(b"esds", b"dapa"))
    facts = probe(path)
    assert (facts.has_audio, facts.audio_tracks, facts.audio_track) == (True, 2, None)
    with pytest.raises(Unusable, match="undecodable: no decoder for its sound"):
        decode_audio(path, 60)


def with_cover(
    source, path, *, codec="png", is_attached=False, is_default=False, is_first=True, film_is_default=True
):
    """A copy with a single picture as one more stream."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        if is_first:
            cover = _cover(new, codec)
        film = new.add_stream_from_template(old.streams.video[0])
        if not is_first:
            cover = _cover(new, codec)
        cover.disposition = Disposition.attached_pic if is_attached else Disposition(int(is_default))
        film.disposition = Disposition(int(film_is_default))
        image = Image.new("RGB", (64, 64), "red")
        for packet in cover.encode(av.VideoFrame.from_image(image).reformat(format=cover.pix_fmt)):
            new.mux(packet)
        new.mux(cover.encode(None))
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = film
                new.mux(packet)
    return path


def _cover(new, codec):
    stream = new.add_stream(codec, rate=30)
    stream.width, stream.height = 64, 64
    stream.pix_fmt = "rgb24" if codec == "png" else "yuvj420p"
    return stream


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("suffix", "codec", "is_default"),
    [
        (".mp4", "mjpeg", False),
        (".mp4", "png", False),
        (".mp4", "mjpeg", True),
        (".mkv", "mjpeg", False),
        (".mkv", "mjpeg", True),
    ],
)
def test_a_single_picture_is_not_the_video(tmp_path, suffix, codec, is_default, is_first):
    plain = media_files.video(tmp_path / "plain.mp4", frames=30, sound=False)
    path = with_cover(plain, tmp_path / f"v{suffix}", codec=codec, is_default=is_default, is_first=is_first)
    facts = probe(path)
    assert (facts.video_codec, facts.frame_count, facts.width) == ("h264", 30, 192)
    assert (facts.video_tracks, facts.video_track) == (2, int(is_first))
    assert len(read_timetable(path).times) == 30


@pytest.mark.parametrize("is_default", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_single_picture_is_not_the_video_even_if_no_film_is_marked_as_default(tmp_path, suffix, is_default):
    plain = media_files.video(tmp_path / "plain.mp4", frames=30, sound=False)
    path = tmp_path / f"v{suffix}"
    with_cover(plain, path, codec="mjpeg", is_default=is_default, film_is_default=False)
    assert (probe(path).video_codec, probe(path).frame_count) == ("h264", 30)


def test_a_cover_in_the_metadata_is_not_the_video(tmp_path):
    plain = media_files.video(tmp_path / "plain.mp4", frames=30, sound=False)
    facts = probe(with_cover(plain, tmp_path / "v.mp4", is_attached=True))
    assert (facts.video_codec, facts.frame_count) == ("h264", 30)
    assert (facts.video_tracks, facts.video_track) == (2, 0)


def test_a_picture_that_is_alone_is_the_video(tmp_path):
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as new:
        stream = _cover(new, "mjpeg")
        image = Image.new("RGB", (64, 64), "red")
        new.mux(stream.encode(av.VideoFrame.from_image(image).reformat(format="yuvj420p")))
        new.mux(stream.encode(None))
    facts = probe(path)
    assert (facts.video_codec, facts.frame_count, facts.video_track) == ("mjpeg", 1, 0)
