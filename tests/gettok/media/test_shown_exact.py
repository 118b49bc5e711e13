"""Which track is taken and how it is shown: each sign by itself, and each limit at exactly its number."""

import errno
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image

from gettok.errors import Stop, Unusable
from gettok.media import audio_track
from gettok.media.audio_track import AudioFacts, AudioTrack
from gettok.media.colour import Colour
from gettok.media.container import (
    declared_s,
    picture_stream,
    undecodable,
    video_stream,
)
from gettok.media.display import Display, Orientation

MS = Fraction(1, 1000)


def track(loudness, number=0):
    taken = AudioTrack(has_audio=True, audio_tracks=3, audio_track=number)
    return AudioFacts(taken, Fraction(), Fraction(1), loudness)


@pytest.mark.parametrize(
    ("loudness", "taken"),
    [
        ([-50.0, -20.0], 0),
        ([-50.1, -20.0], 1),
        ([-99.0, -40.0], 0),
        ([-99.0, -39.9], 1),
        ([None, -40.0], 0),
        ([None, -39.9], 1),
        ([-60.0, -10.0, -5.0], 1),
        ([-20.0, -10.0, -5.0], 0),
    ],
)
def test_the_first_track_within_thirty_units_of_the_loudest_is_taken(loudness, taken):
    tracks = [track(level, number) for number, level in enumerate(loudness)]
    assert audio_track._taken(tracks).track.audio_track == taken


def test_a_track_that_does_not_decode_is_not_taken_and_the_first_trouble_is_raised():
    first, second = Unusable("undecodable", "1"), Unusable("undecodable", "2")
    assert audio_track._taken([first, track(None, 1)]).track.audio_track == 1
    with pytest.raises(Unusable, match="undecodable: 1"):
        audio_track._taken([first, second])


def stream(**changes):
    codec = SimpleNamespace(name="h264", width=10, height=10)
    plain = {"disposition": 0, "frames": 9, "codec_context": codec, "name": ""}
    return SimpleNamespace(**plain | changes)


DEFAULT = av.stream.Disposition.default
STILL = SimpleNamespace(name="mjpeg", width=10, height=10)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (stream(disposition=DEFAULT), stream()),
        (stream(), stream(disposition=DEFAULT, codec_context=STILL, frames=1)),
        (stream(), stream(disposition=DEFAULT, codec_context=STILL, frames=0)),
        (stream(disposition=DEFAULT, codec_context=STILL, frames=2), stream()),
        (stream(codec_context=STILL, frames=1), stream(disposition=DEFAULT, codec_context=None)),
        (stream(), stream(disposition=av.stream.Disposition.attached_pic | DEFAULT)),
        (stream(disposition=DEFAULT, frames=1), stream()),
        (stream(name="first"), stream(name="second")),
    ],
)
def test_each_sign_alone_says_which_pictures_are_the_video(better, worse):
    for streams in ([better, worse], [worse, better]) if not better.name else ([better, worse],):
        assert picture_stream(SimpleNamespace(streams=SimpleNamespace(video=streams))) is better


@pytest.mark.parametrize("codec", ["mjpeg", "png", "bmp", "webp", "gif"])
def test_every_codec_of_single_pictures_may_be_a_cover(codec):
    cover = stream(codec_context=SimpleNamespace(name=codec), frames=1, disposition=DEFAULT)
    film = stream()
    assert picture_stream(SimpleNamespace(streams=SimpleNamespace(video=[cover, film]))) is film


@pytest.mark.parametrize(
    ("width", "height", "frames", "is_refused"),
    [(7680, 4320, 9, False), (7681, 4320, 9, True), (10, 10, 1_080_000, False), (10, 10, 1_080_001, True)],
)
def test_exactly_8k_and_ten_hours_of_pictures_are_read(width, height, frames, is_refused):
    only = stream(codec_context=SimpleNamespace(name="h264", width=width, height=height), frames=frames)
    file = SimpleNamespace(streams=SimpleNamespace(video=[only]))
    if is_refused:
        with pytest.raises(Unusable, match="too_large"):
            video_stream(file)
    else:
        assert video_stream(file) is only
        assert only.codec_context.options == {"max_pixels": str(7680 * 4320)}


@pytest.mark.parametrize(
    ("streams", "reason"), [([], "not_a_video"), ([stream(codec_context=None)], "undecodable")]
)
def test_a_file_without_pictures_or_without_their_decoder_has_its_reason(streams, reason):
    with pytest.raises(Unusable, match=reason):
        video_stream(SimpleNamespace(streams=SimpleNamespace(video=streams)))


@pytest.mark.parametrize(
    ("name", "duration", "due"),
    [("mov,mp4,m4a", 500, 500 * MS), ("mov,mp4", None, 0), ("matroska,webm", 500, 0), ("mp4", 500, 0)],
)
def test_only_an_mp4_declares_how_long_its_tracks_are(name, duration, due):
    file = SimpleNamespace(format=SimpleNamespace(name=name))
    assert declared_s(file, SimpleNamespace(duration=duration, time_base=MS)) == due


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES, errno.ESTALE]
)
def test_each_error_of_this_machine_stops_the_run_and_blames_no_video(tmp_path, code):
    error = av.FFmpegError(code, "no")
    assert isinstance(undecodable(error, tmp_path / "not there"), Stop)
    (tmp_path / "whole").write_bytes(b"x")
    due = Unusable if code == errno.EIO else Stop
    assert isinstance(undecodable(error, tmp_path / "whole"), due)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EPERM, errno.ENOSYS])
def test_any_other_error_is_about_the_file(tmp_path, code):
    assert isinstance(undecodable(av.FFmpegError(code, "no"), tmp_path / "not there"), Unusable)


@pytest.mark.parametrize(
    ("aspect", "kept"),
    [
        (Fraction(10), True),
        (Fraction(10, 99), True),
        (Fraction(101, 10), False),
        (Fraction(10, 101), False),
        (None, False),
    ],
)
def test_pixels_are_at_most_ten_times_as_wide_as_high_or_the_reverse(aspect, kept):
    codec = SimpleNamespace(color_primaries=2, color_trc=2, colorspace=2, color_range=0)
    shown = Display.of(SimpleNamespace(sample_aspect_ratio=aspect, codec_context=codec))
    assert shown.pixel_aspect == (aspect if kept else 1)
    assert shown.size(SimpleNamespace(width=10, height=7)) == (round(10 * (aspect if kept else 1)), 7)
    assert min(shown.size(SimpleNamespace(width=1, height=1))) == 1


@pytest.mark.parametrize("number", range(20))
def test_each_transfer_and_each_primaries_is_hdr_or_wide_or_neither(number):
    assert Colour(1, number, 1, 1).is_hdr is (number in {16, 18})
    assert Colour(number, 1, 1, 1).is_srgb is (number not in {9, 11, 12})
    assert not Colour(1, 16, 1, 1).is_srgb
    known = {1, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    assert Colour(number, 16, 1, 1).rgb_primaries == (number if number in known else 9)


SCALER = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


@pytest.mark.parametrize("number", range(12))
def test_each_matrix_is_the_scaler_s_own_and_without_one_the_primaries_or_the_size_decide(number):
    for size, by_size in (
        ((1279, 719), Colorspace.ITU601),
        ((1279, 720), Colorspace.ITU709),
        ((1280, 719), Colorspace.ITU709),
    ):
        assert Colour(2, 2, number, 0).scaler_matrix(*size) == SCALER.get(number, by_size)
        by_primaries = {1: Colorspace.ITU709, 9: Colorspace.BT2020} | dict.fromkeys(
            (5, 6, 7), Colorspace.ITU601
        )
        assert Colour(number, 2, 2, 0).scaler_matrix(*size) == by_primaries.get(number, by_size)


@pytest.mark.parametrize("number", range(5))
def test_a_tag_that_is_reserved_or_unspecified_is_taken_from_the_file(number):
    own = Colour(number, number, number, 0).or_else(Colour(9, 9, 9, 1))
    due = 9 if number in {0, 2, 3} else number
    assert own == Colour(due, due, due, 1)
    assert Colour(1, 1, 1, 2).or_else(Colour(9, 9, 9, 1)).range == 2
    assert [Colour(1, 1, 1, tag).is_full_range for tag in range(3)] == [False, False, True]


#: A picture whose four corners differ, as rows of letters, and what a viewer shows by the number in EXIF.
SHOWN = {
    1: "ab cd ef",
    2: "ba dc fe",
    3: "fe dc ba",
    4: "ef cd ab",
    5: "ace bdf",
    6: "eca fdb",
    7: "fdb eca",
    8: "bdf ace",
    0: "ab cd ef",
    9: "ab cd ef",
}


def letters(image):
    rows = np.asarray(image)
    return " ".join(bytes(row).decode() for row in rows)


@pytest.mark.parametrize(("number", "shown"), SHOWN.items())
def test_each_of_the_eight_orientations_shows_each_corner_where_it_belongs(number, shown):
    stored = Image.fromarray(np.frombuffer(b"abcdef", np.uint8).reshape(3, 2))
    orientation = Orientation.by_exif(number)
    assert letters(orientation.upright(stored)) == shown
    assert orientation.swaps_sides is (len(shown.split()) == 2)
