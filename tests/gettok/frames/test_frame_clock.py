"""Frames are on the clock of their video, which sound that begins earlier starts."""

import pytest
from frame_samples import numbers, rows_of
from test_frame_backends import BACKENDS
from track_files import Sound, bursts, film

from gettok.errors import Unusable
from gettok.media import probing
from gettok.media.audio import decode_audio
from gettok.media.audio_track import clock_zero, probe_audio

CONTAINERS = [".mp4", ".mkv", ".webm"]


def times(rows):
    return [row["time_s"] for row in rows]


@pytest.mark.parametrize("backend", ["pyav", *BACKENDS])
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_pictures_that_begin_after_the_sound_keep_their_time(tmp_path, suffix, backend):
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5)), pictures_from_s=1.5)
    rows = rows_of(path, stride=30, backend=backend)
    assert numbers(rows) == [0, 30, 60]
    assert times(rows) == pytest.approx([1.5, 2.5, 3.5], abs=0.002)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_pictures_that_begin_a_little_after_the_sound_keep_their_time_too(tmp_path, suffix):
    rows = rows_of(film(tmp_path / f"v{suffix}", Sound(bursts(0.5)), pictures_from_s=2 / 30), stride=30)
    assert times(rows) == pytest.approx([0.067, 1.067, 2.067], abs=0.002)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_sound_that_begins_later_moves_no_frame(tmp_path, suffix):
    rows = rows_of(film(tmp_path / f"v{suffix}", Sound(bursts(0.5), start_s=1)), stride=30)
    assert times(rows) == pytest.approx([0, 1, 2], abs=0.002)


def test_seconds_are_chosen_on_the_clock_of_the_video(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), pictures_from_s=1.5)
    rows = rows_of(path, select="seconds", every_s=1)
    assert numbers(rows) == [0, 15, 45, 75]
    assert times(rows) == [1.5, 2.0, 3.0, 4.0]


def test_a_picture_is_chosen_even_if_no_moment_falls_on_one(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), pictures_from_s=1.5, frames=30)
    assert times(rows_of(path, select="seconds", every_s=10)) == [1.5]


@pytest.mark.parametrize("shift", [{"pictures_from_s": 1.5}, {}])
def test_a_word_and_the_picture_shown_with_it_have_the_same_time(tmp_path, shift):
    """A burst at 2.5 s of the file, at which a certain picture is shown."""
    start_s = 0.0 if shift else 1.0
    path = film(tmp_path / "v.mp4", Sound(bursts(2.5 - start_s), start_s=start_s), **shift)
    sound = decode_audio(path, 60).samples
    heard_s = (abs(sound) > 3000).argmax() / 16_000
    on_screen = [row for row in rows_of(path, stride=1) if row["time_s"] <= heard_s + 0.02][-1]
    assert numbers([on_screen]) == [round((2.5 - shift.get("pictures_from_s", 0)) * 30)]


def test_without_an_edit_list_the_first_picture_is_at_zero(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), options={"use_editlist": "0"})
    assert times(rows_of(path, stride=30)) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("reads", [clock_zero, probe_audio], ids=["skipped", "raises"])
def test_a_sound_that_does_not_decode_costs_no_frame_and_starts_no_clock(tmp_path, monkeypatch, reads):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), pictures_from_s=1.5)
    assert clock_zero(path) == 0
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"apac").replace(b"esds", b"dapa"))
    monkeypatch.setattr(probing, "clock_zero", reads)
    assert times(rows_of(path, stride=30)) == [0.0, 1.0, 2.0]


def too_slow(_path):
    raise Unusable("too_large", "decoding takes longer than 600 s")


def test_a_machine_that_is_too_slow_for_the_sound_moves_no_frame_but_stops_the_video(tmp_path, monkeypatch):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), pictures_from_s=1.5)
    monkeypatch.setattr(probing, "clock_zero", too_slow)
    with pytest.raises(Unusable, match="too_large"):
        rows_of(path, stride=30)
