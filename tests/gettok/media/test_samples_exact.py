"""Where samples are laid, how loud they are, and which channels are heard, at exactly the limits."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest

from gettok.errors import Unusable
from gettok.media.downmix import _weights
from gettok.media.recording import Recording, loudness_db, to_int16
from gettok.media.timeline import Timeline

RATE = 16_000


def tone(start_s, seconds=1.0):
    made = av.AudioFrame.from_ndarray(
        np.full((1, int(seconds * RATE)), 0.5, np.float32), format="flt", layout="mono"
    )
    made.sample_rate, made.time_base, made.pts = RATE, Fraction(1, RATE), round(start_s * RATE)
    return made


def laid(*starts_s, seconds=1.0, max_s=60, zero=0):
    """The length of a timeline after second-long sounds at these times, and its number of samples."""
    file = BytesIO()
    timeline = Timeline(file, RATE, Fraction(zero), max_s)
    for start_s in starts_s:
        timeline.write(iter([tone(start_s, seconds)]))
    return len(file.getvalue()) / 2 / RATE, timeline.samples / RATE


def laid_in_one(starts_s):
    """The length of a timeline after frames of one packet stream at these times."""
    file = BytesIO()
    Timeline(file, RATE, Fraction(), 60).write(map(tone, starts_s))
    return len(file.getvalue()) / 2 / RATE


@pytest.mark.parametrize(
    ("starts_s", "length_s", "samples_s"),
    [
        ((0, 1), 2, 2),
        ((0, 3), 4, 2),
        ((0, 0), 1, 1),
        ((0, 0.25), 1.25, 1.25),
        ((0, 1, 1), 2, 2),
        ((0, 1, 0.75), 3, 3),
        ((0, 59), 60, 2),
        ((0, 61), 2, 2),
        ((0, 60), 2, 2),
    ],
)
def test_sound_that_is_more_than_a_second_early_or_too_late_follows_the_sound_before(
    starts_s, length_s, samples_s
):
    if starts_s == (0, 60):  # it would begin exactly at the limit, and is too long there
        with pytest.raises(Unusable, match="too_large"):
            laid(*starts_s)
    else:
        assert laid(*starts_s) == (length_s, samples_s)


@pytest.mark.parametrize(("late_s", "length_s"), [(0.039, 2), (0.041, 2.041), (-0.039, 2), (-0.041, 1.959)])
def test_times_that_differ_by_four_hundredths_are_rounded_and_more_is_a_pause(late_s, length_s):
    assert laid_in_one((0, 1 + late_s)) == pytest.approx(length_s, abs=0.0001)


def test_after_a_pause_the_count_of_samples_begins_anew():
    assert laid_in_one((0, 3, 4.01, 5.02)) == 6


def test_exactly_the_most_seconds_of_sound_are_allowed():
    assert laid(0, 1, max_s=2) == (2, 2)
    with pytest.raises(Unusable, match="longer than 2 s"):
        laid(0, 1, seconds=1.001, max_s=2)


def test_samples_are_clipped_at_full_scale():
    assert to_int16(np.array([-2, -1, 0, 0.5, 1, 2], np.float32)).tolist() == [
        -32768,
        -32768,
        0,
        16384,
        32767,
        32767,
    ]


def test_loudness_is_the_root_mean_square_and_ends_at_minus_120():
    assert loudness_db(np.full(10, 0.1, np.float32)) == pytest.approx(-20)
    assert loudness_db(np.full(10, 1e-7, np.float32)) == loudness_db(np.zeros(0, np.float32)) == -120
    long = np.zeros(61 * RATE, np.float32)
    long[-RATE:] = 1.0
    assert Recording.of(long).loudness_db() == pytest.approx(10 * np.log10(1 / 61), abs=0.01)


def weights(power, names, before=None):
    """The weights of channels of noise with these powers, or of copies of one where a power is negative."""
    chance = np.random.default_rng(5)
    shared = chance.normal(size=4000)
    rows = [np.sqrt(abs(each)) * (shared if each < 0 else chance.normal(size=4000)) for each in power]
    return _weights(np.array(rows, np.float32), names, before).tolist()


FRONT = ("FL", "FR", "FC", "LFE")


@pytest.mark.parametrize(
    ("power", "names", "due"),
    [
        ((1, 1, 0.02, 1), FRONT, [0, 0, 1, 0]),
        ((1, 1, 0.005, 9), FRONT, [0.5, 0.5, 0, 0]),
        ((0, 1, 0.02, 9), FRONT, [0, 0, 1, 0]),
        ((0.0001, 9, 0.05, 0), FRONT, [0.5, 0.5, 0, 0]),
        ((1, 1, 0.0115, 0), FRONT, [0, 0, 1, 0]),
        ((1, 1, 0.0085, 0), FRONT, [0.5, 0.5, 0, 0]),
        ((1, 0.06, 0), ("FL", "FR", "BC"), [1, 0, 0]),
        ((0.06, 0, 1), ("FL", "FR", "BC"), [0, 0, 1]),
        ((1, 0.2, 0), ("FL", "FR", "BC"), [1 / 3] * 3),
        ((1, 2), ("LFE", "LFE2"), [0.5, 0.5]),
        ((1, 9), ("FC", "LFE"), [1, 0]),
        ((1, 1), ("FL", "FR"), [0.5, 0.5]),
        ((0.001, 1), ("FL", "FR"), [0.5, 0.5]),
        ((0, 0), ("FL", "FR"), [0.5, 0.5]),
    ],
)
def test_the_centre_is_taken_unless_it_is_far_quieter_and_deep_effects_never(power, names, due):
    assert weights(power, names) == pytest.approx(due)


def opposite(left, right, before):
    at = np.sin(np.arange(4000) / 7)
    rows = np.array([np.sqrt(left) * at, -np.sqrt(right) * at], np.float32)
    return _weights(rows, ("FL", "FR"), np.array(before, np.float32)).tolist()


@pytest.mark.parametrize(
    ("left", "right", "before", "due"),
    [
        (1.0, 1.9, [1, 0], [1, 0]),
        (1.0, 2.1, [1, 0], [0, 1]),
        (1.9, 1.0, [0, 1], [0, 1]),
        (2.1, 1.0, [0, 1], [1, 0]),
        (1.0, 1.9, [0.5, 0.5], [1, 0]),
        (1.0, 2.1, [0.5, 0.5], [0, 1]),
    ],
)
def test_of_channels_that_cancel_the_same_is_heard_until_another_has_twice_its_power(
    left, right, before, due
):
    assert opposite(left, right, before) == due
