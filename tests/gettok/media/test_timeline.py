"""Decoded frames are laid out by their times, as far as these can be believed."""

from fractions import Fraction

import av
import numpy as np
import pytest

from gettok.errors import Unusable
from gettok.media.timeline import Timeline

RATE = 16_000
TICK = 1600
"""Samples of a frame: a tenth of a second."""


def frame(number, start_s, *, layout="mono", rate=RATE, unit=RATE):
    """A frame whose samples all have the value number / 64."""
    channels = 1 if layout == "mono" else 2
    samples = np.full((channels, TICK * rate // RATE), number / 64, np.float32)
    made = av.AudioFrame.from_ndarray(samples, "fltp", layout)
    made.sample_rate, made.time_base = rate, Fraction(1, unit)
    made.pts = None if start_s is None else round(start_s * unit)
    return made


def laid_out(tmp_path, frames, *, zero=0, max_s=60):
    """The value of each tenth of a second, and the whole length in samples."""
    path = tmp_path / "samples"
    with path.open("wb") as file:
        Timeline(file, RATE, Fraction(zero), max_s).write(iter(frames))
    samples = np.fromfile(path, np.int16)
    middles = samples[TICK // 2 :: TICK]
    return [round(float(value) * 64 / 32_768) for value in middles], samples.size


@pytest.mark.parametrize(
    ("starts", "due"),
    [
        ([0, 0.1, 0.2], [1, 2, 3]),
        ([0.2, 0.3, 0.4], [0, 0, 1, 2, 3]),
        ([0, 0.1, 0.5], [1, 2, 0, 0, 0, 3]),
        ([0, 0.3, 0.6], [1, 0, 0, 2, 0, 0, 3]),
        ([None, None, None], [1, 2, 3]),
        ([0, 0.1, 1_000_000], [1, 2, 3]),
        ([0, 0.1, 58], [1, 2, *[0] * 578, 3]),
        ([5, 5.1, 0.2], [*[0] * 50, 1, 2, 3]),
        ([-0.1, 0, 0.1], [2, 3]),
    ],
    ids=["plain", "late", "pause", "pauses", "timeless", "wild", "far", "far_back", "before_zero"],
)
def test_samples_are_where_their_times_say(tmp_path, starts, due):
    frames = [frame(number, start) for number, start in enumerate(starts, 1)]
    assert laid_out(tmp_path, frames)[0] == due


@pytest.mark.parametrize(("starts", "due"), [([-0.1], 0), ([-0.1, 0, 0.3], 2 * TICK)])
def test_samples_before_the_zero_and_silence_that_is_filled_in_do_not_count(tmp_path, starts, due):
    with (tmp_path / "samples").open("wb") as file:
        timeline = Timeline(file, RATE, Fraction(0), 60)
        timeline.write(frame(1, start) for start in starts)
    assert timeline.samples == due


def test_after_a_lost_packet_the_times_count_to_the_sample(tmp_path):
    short_s = 1.02
    follow = [frame(1, 0), frame(2, short_s / 10)]
    assert laid_out(tmp_path, follow)[1] == 2 * TICK
    lost = [None, follow[0], None, None, frame(2, short_s / 10), None]
    assert laid_out(tmp_path, lost)[1] == TICK + round(short_s * TICK)


def test_an_overlap_is_cut_from_the_later_sound(tmp_path):
    frames = [frame(1, 0), frame(2, 0.1), frame(3, 0.1), frame(4, 0.2)]
    assert laid_out(tmp_path, frames) == ([1, 2, 4], 3 * TICK)


def test_the_zero_of_the_clock_is_subtracted(tmp_path):
    assert laid_out(tmp_path, [frame(1, 7.1), frame(2, 7.2)], zero=7)[0] == [0, 1, 2]


def test_jitter_is_not_patched_and_does_not_add_up(tmp_path):
    """Times that are rounded to 30 ms, over ten seconds."""
    starts = [number * 0.1 + 0.015 * (-1) ** number for number in range(1, 101)]
    values, length = laid_out(tmp_path, [frame(1, start) for start in starts])
    assert values[1:] == [1] * 100
    assert length == pytest.approx(101 * TICK, abs=0.02 * RATE)


def test_a_clock_that_drifts_is_followed_within_a_picture(tmp_path):
    """A recorder that says 101 ms for each 100: after ten seconds sound is a tenth of a second late."""
    _, length = laid_out(tmp_path, [frame(1, number * 0.101) for number in range(100)])
    assert length == pytest.approx(10.1 * RATE, abs=0.05 * RATE)


def test_a_track_that_changes_its_rate_and_its_channels_goes_on(tmp_path):
    frames = [frame(1, 0), frame(2, 0.1, layout="stereo"), frame(3, 0.2, rate=48_000, unit=48_000)]
    values, length = laid_out(tmp_path, frames)
    assert values == [1, 2, 3]
    assert length == pytest.approx(3 * TICK, abs=40)


def test_f28_silence_takes_no_disk_and_counts_towards_the_limit(tmp_path):
    def frames():
        return [frame(1, 0), *(frame(2, 3500 + number / 10) for number in range(5))]

    values, length = laid_out(tmp_path, frames(), max_s=3600)
    assert length == 3500.5 * RATE
    assert values[35_000] == 2
    assert (tmp_path / "samples").stat().st_blocks * 512 < 1_000_000
    with pytest.raises(Unusable, match="too_large"):
        laid_out(tmp_path, frames(), max_s=3500.3)
