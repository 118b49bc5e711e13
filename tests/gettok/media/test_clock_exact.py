"""When a video begins and ends, and how much of it may be missing, for packets that are out of order."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from made_packets import MS, packet, skipping

from gettok.errors import Unusable
from gettok.media.clock import PicturesStart, SoundStart, Starts
from gettok.media.container import (
    is_shown,
)
from gettok.media.sound_packets import SoundPackets
from gettok.media.video import _check_complete, _decode, _is_even, _Pictures


@pytest.mark.parametrize(
    ("pictures", "sound", "zero"),
    [
        (Fraction(5), None, Fraction(5)),
        (None, Fraction(4), Fraction(4)),
        (None, None, Fraction(0)),
        (Fraction(0), None, Fraction(0)),
        (Fraction(5), Fraction(49, 10), Fraction(5)),
        (Fraction(5), Fraction(489, 100), Fraction(489, 100)),
        (Fraction(5), Fraction(7), Fraction(5)),
    ],
)
def test_sound_of_up_to_a_tenth_of_a_second_before_the_pictures_does_not_start_the_clock(
    pictures, sound, zero
):
    assert Starts(pictures, sound).zero == zero


def started(start, *packets):
    for each in packets:
        start.add(each)
    return start


def test_the_pictures_start_with_the_earliest_that_decodes_and_is_shown():
    key = {"is_keyframe": True}
    assert started(PicturesStart(), packet(10), packet(50, **key), packet(90), packet(70)).time == 50 * MS
    assert started(PicturesStart(), packet(50, **key), packet(40), packet(60)).time == 50 * MS
    hidden = packet(50, is_discard=True, **key)
    assert started(PicturesStart(), hidden, packet(90), packet(70), packet(80)).time == 70 * MS
    assert started(PicturesStart(), packet(50)).time is None
    assert started(PicturesStart(), hidden, packet(90, **key), packet(70)).time == 70 * MS
    assert started(PicturesStart(), packet(50, **key), packet(60, **key), packet(55)).time == 50 * MS


@pytest.mark.parametrize(("count", "is_known"), [(32, False), (33, True)])
def test_the_start_is_known_after_more_pictures_than_a_codec_reorders(count, is_known):
    packets = [packet(number, is_keyframe=number == 0) for number in range(count)]
    assert started(PicturesStart(), *packets).is_known is is_known


def test_the_sound_starts_behind_the_samples_that_its_first_packet_skips():
    assert started(SoundStart(), skipping(10, 30), packet(90)).time == 40 * MS
    assert started(SoundStart(), skipping(10, 30, is_discard=True), packet(20)).time == 40 * MS
    assert started(SoundStart(), skipping(10, 30, is_discard=True), packet(60)).time == 60 * MS
    assert started(SoundStart(), packet(10, is_discard=True), skipping(20, 30)).time == 20 * MS
    assert started(SoundStart(), packet(None), packet(7)).time == 7 * MS
    assert started(SoundStart(), packet(9), packet(7)).time == 9 * MS


@pytest.mark.parametrize(
    ("codec", "first", "is_discard", "shown"),
    [
        ("h264", 0x00, False, True),
        ("h264", 0x10, True, False),
        ("vp8", 0x10, False, True),
        ("vp8", 0x0F, False, False),
        ("vp8", 0x10, True, False),
        ("vp9", 0x00, False, True),
        (None, 0x00, False, True),
    ],
)
def test_vp8_says_itself_which_pictures_are_shown(codec, first, is_discard, shown):
    class Packet(bytearray):
        size = 1

    made = Packet([first, 0x10 - first & 0x10])
    made.is_discard = is_discard
    made.stream = SimpleNamespace(codec_context=codec and SimpleNamespace(name=codec))
    assert is_shown(made) is shown
    empty = Packet()
    empty.is_discard, empty.size, empty.stream = False, 0, made.stream
    assert is_shown(empty)


def frame(pts, duration=10):
    return SimpleNamespace(pts=pts, time=None if pts is None else float(pts * MS), duration=duration)


def of_picture(each):
    """A packet with this frame, or with none that decodes; a packet stays as it is."""
    return each if hasattr(each, "decode") else packet(0, decode=lambda: [] if each is None else [each])


def decoded(*pictures, rate=25):
    """What is found of packets with these frames."""
    packets = [of_picture(each) for each in pictures]
    made = SimpleNamespace(time_base=MS, average_rate=rate and Fraction(rate))
    return _decode(SimpleNamespace(demux=lambda _: iter(packets)), made)


def test_the_last_picture_is_the_last_shown_and_not_the_last_in_the_file():
    found = decoded(frame(0), frame(30, 50), frame(10), frame(20, 90))
    assert (found.start, found.end, found.count, found.expected) == (0, 80 * MS, 4, 4)
    assert found.is_constant_rate
    found = decoded(frame(5), frame(5, 70), frame(None), None)
    assert (found.start, found.end, found.count, found.expected) == (5 * MS, 75 * MS, 2, 4)


def test_a_last_picture_without_a_duration_lasts_as_long_as_the_others():
    assert decoded(frame(0), frame(40, None)).end == 80 * MS
    assert decoded(frame(0), frame(40, None), rate=None).end == 40 * MS + Fraction(1, 30)


def test_only_packets_with_a_picture_that_is_shown_are_expected_to_decode():
    hidden, empty = packet(0, is_discard=True), packet(0, size=0)
    found = decoded(frame(0), None, hidden, empty)
    assert (found.count, found.expected) == (1, 2)
    with pytest.raises(Unusable, match="undecodable: none of 1 pictures decodes"):
        decoded(None, hidden, empty)


def test_pictures_that_the_index_does_not_count_are_counted_while_they_decode(monkeypatch):
    monkeypatch.setattr("gettok.media.video.MAX_PICTURES", 3)
    assert decoded(*map(frame, range(3))).count == 3
    with pytest.raises(Unusable, match="more than 3 pictures"):
        decoded(*map(frame, range(4)))


@pytest.mark.parametrize(
    ("times", "unit", "is_even"),
    [
        ([0, 33, 67, 100], MS, True),
        ([0, 34, 67, 100], MS, True),
        ([0, 35, 67, 100], MS, False),
        ([0, 20, 30], MS, False),
        ([30, 0, 15], MS, True),
        ([7], MS, True),
        ([0, 3000, 6180], Fraction(1, 90_000), True),
        ([0, 3000, 6181], Fraction(1, 90_000), False),
        ([0, 10, 21], Fraction(1, 25), True),
        ([0, 10, 23], Fraction(1, 25), False),
    ],
)
def test_times_are_even_up_to_a_unit_or_a_millisecond(times, unit, is_even):
    assert _is_even(times, unit) is is_even


def pictures(count, expected, seconds):
    return _Pictures(count, expected, Fraction(2), 2 + Fraction(seconds), True, None)


@pytest.mark.parametrize(
    ("found", "declared_ms", "reason"),
    [
        (pictures(9, 10, 4), 4000, None),
        (pictures(89, 100, 4), 4000, "undecodable"),
        (pictures(90, 100, 4), 4000, None),
        (pictures(10, 10, 4), 5000, None),
        (pictures(10, 10, 4), 5001, "truncated"),
        (pictures(10, 10, 4), 0, None),
    ],
)
def test_a_tenth_of_the_pictures_and_a_second_at_the_end_may_be_missing(tmp_path, found, declared_ms, reason):
    path = tmp_path / "v"
    path.write_bytes(bytes(10))
    file = SimpleNamespace(format=SimpleNamespace(name="mov,mp4"), streams=[])
    made = SimpleNamespace(duration=declared_ms, time_base=MS)
    if reason is None:
        _check_complete(path, file, made, found)
    else:
        with pytest.raises(Unusable, match=reason):
            _check_complete(path, file, made, found)


@pytest.mark.parametrize(("beyond", "is_whole"), [(0, True), (1, False)])
def test_the_index_may_point_to_the_last_byte_of_the_file(tmp_path, beyond, is_whole):
    path = tmp_path / "v"
    path.write_bytes(bytes(100))
    last, first = SimpleNamespace(pos=80, size=20 + beyond), SimpleNamespace(pos=10, size=20)
    streams = [SimpleNamespace(index_entries=[first, last]), SimpleNamespace(index_entries=[first])]
    file = SimpleNamespace(format=SimpleNamespace(name="mov,mp4"), streams=streams)
    made = SimpleNamespace(duration=0, time_base=MS)
    if is_whole:
        _check_complete(path, file, made, pictures(9, 9, 4))
    else:
        with pytest.raises(Unusable, match="truncated: 100 bytes of at least 101"):
            _check_complete(path, file, made, pictures(9, 9, 4))


def sound(*packets, declared_ms=0):
    """The packets of a sound, read to their end."""
    container = SimpleNamespace(demux=lambda _: iter(packets), format=SimpleNamespace(name="mov,mp4"))
    read = SoundPackets(container, SimpleNamespace(time_base=MS, duration=declared_ms))
    frames = list(read.decoded())
    return read, frames


def sounding(pts, samples):
    return SimpleNamespace(pts=pts, samples=samples, sample_rate=1000)


def heard(pts, length=100, *, samples=None):
    """A packet of sound that decodes to one frame."""
    made = sounding(pts, length if samples is None else samples)
    return packet(pts, duration=length, decode=lambda: [made])


def heard_without_a_time(pts):
    return packet(pts, duration=100, decode=lambda: [sounding(None, 100)])


@pytest.mark.parametrize(
    ("packets", "declared_ms", "is_complete"),
    [
        ([heard(0), heard(100)], 200, True),
        ([heard(0), heard(100)], 1200, True),
        ([heard(0), heard(100)], 1201, False),
        ([heard(50), heard(150)], 1200, True),
        ([heard(50), heard(150)], 1201, False),
        ([], 0, True),
        ([heard(0), packet(100, duration=None), packet(None), heard(100)], 1200, True),
        ([heard(0), *(packet(100 * n, duration=100) for n in range(1, 11)), heard(1100)], 0, True),
        ([heard(0), *(packet(100 * n, duration=100) for n in range(1, 12)), heard(1200)], 0, False),
        ([heard(0), *(packet(900 * n, duration=900) for n in range(1, 6)), heard(5400)], 0, True),
        ([heard(0), *(packet(900 * n, duration=900) for n in range(1, 7)), heard(6300)], 0, False),
        ([heard(0), *(packet(900 * n, duration=900) for n in range(1, 6)), packet(1, duration=1)], 0, False),
        ([heard(0), *(packet(100 * n, duration=100, is_discard=True) for n in range(1, 20))], 0, True),
        ([heard(0), *(packet(100 * n, duration=100, size=0) for n in range(1, 20))], 0, True),
    ],
)
def test_a_second_of_sound_may_be_missing(packets, declared_ms, is_complete):
    read, _ = sound(*packets, declared_ms=declared_ms)
    if is_complete:
        read.check_complete()
    else:
        with pytest.raises(Unusable, match="undecodable"):
            read.check_complete()


@pytest.mark.parametrize(
    ("packets", "end_ms"),
    [
        ([heard(0), heard(100)], 200),
        ([heard(0), heard(100, samples=40)], 140),
        ([heard(0), packet(100, duration=900)], 100),
        ([heard(0), heard(3_600_000)], 3_600_100),
        ([heard(0), heard(3_600_001)], 100),
        ([heard(100), heard(0)], 200),
        ([heard(0), heard(100, 40, samples=100)], 140),
        ([packet(100, duration=900)], 100),
        ([heard(0), heard_without_a_time(100)], 100),
        ([skipping(0, 300, duration=100, decode=lambda: [sounding(0, 100)]), packet(100, duration=500)], 300),
        ([], 0),
    ],
)
def test_the_sound_ends_with_the_last_sample_that_is_played(packets, end_ms):
    read, _ = sound(*packets)
    assert read.end == end_ms * MS


def test_a_lost_packet_is_none_among_the_frames():
    _, frames = sound(heard(0), packet(100, duration=100), heard(200))
    assert [each is None for each in frames] == [False, True, False]
