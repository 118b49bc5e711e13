"""Sound is on the clock of its video: late starts and pauses are silence, and only what does not decode is lost."""

import media_files
import numpy as np
import pytest
from track_files import RATE, Sound, bursts, film

from gettok.errors import Unusable
from gettok.frames.timetable import read_timetable
from gettok.media.audio import decode_audio
from gettok.media.audio_track import clock_zero, probe_audio
from gettok.media.probing import probe, read_zero
from gettok.media.recording import RATE_HZ, Recording

CONTAINERS = [".mp4", ".mkv", ".webm", ".mov"]
#: Opus and AAC smear an onset over some milliseconds.
NEAR = 0.02


def onsets(recording: Recording) -> list[float]:
    """When each burst of sound begins, in seconds."""
    loud = np.abs(recording.cut(0, recording.seconds)) > 0.1
    places = np.flatnonzero(loud)
    begins = places[np.diff(places, prepend=-RATE_HZ) > RATE_HZ // 5]
    return (begins / RATE_HZ).tolist()


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_sound_that_begins_after_the_pictures_keeps_its_time(tmp_path, suffix):
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5, 3), start_s=2), frames=120)
    recording = decode_audio(path, 60)
    assert onsets(recording) == pytest.approx([2.5, 5], abs=NEAR)
    assert recording.seconds == pytest.approx(6, abs=0.05)
    facts = probe(path)
    assert facts.duration_s == pytest.approx(6, abs=0.05)
    assert facts.frame_rate == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_sound_that_begins_before_the_pictures_begins_at_zero(tmp_path, suffix):
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5, 3)), frames=120, pictures_from_s=1.5)
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5, 3], abs=NEAR)
    assert probe(path).duration_s == pytest.approx(5.5, abs=0.05)


def test_the_clock_begins_with_the_first_track_even_if_the_file_s_time_does_not(tmp_path):
    path = film(tmp_path / "v.mkv", Sound(bursts(0.5), start_s=7), frames=60, pictures_from_s=5)
    assert float(clock_zero(path)) == pytest.approx(5)
    assert onsets(decode_audio(path, 60)) == pytest.approx([2.5], abs=NEAR)
    assert probe(path).duration_s == pytest.approx(6, abs=0.05)


def test_samples_that_a_codec_needs_to_get_going_do_not_start_the_clock(tmp_path):
    """Without an edit list, AAC's first packet comes before the pictures, and nothing hides it."""
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), options={"use_editlist": "0"})
    sound = probe_audio(path)
    assert 0 < clock_zero(path) - sound.start < 0.1
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5], abs=NEAR)
    assert probe(path).duration_s == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("late", [1, 2, 3])
def test_pictures_a_little_later_than_a_sound_whose_beginning_is_known_start_no_clock(tmp_path, suffix, late):
    """An edit list, or the codec's delay, hides the samples that a codec needs; a player plays the rest at once."""
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5)), frames=150, pictures_from_s=late / 30)
    assert float(clock_zero(path)) == pytest.approx(0, abs=0.002)
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5], abs=0.005)
    assert probe(path).duration_s == pytest.approx(5 + late / 30, abs=0.002)


@pytest.mark.parametrize("codec", ["pcm_s16le", "flac"])
def test_a_codec_without_loss_needs_no_samples_to_get_going(tmp_path, codec):
    path = film(tmp_path / "v.mkv", Sound(bursts(0.5)), pictures_from_s=2 / 30, sound_codec=codec)
    assert clock_zero(path) == 0


def test_an_edit_list_of_the_pictures_alone_is_enough(tmp_path):
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5)), pictures_from_s=2 / 30)
    before, _, behind = path.read_bytes().rpartition(b"edts")
    path.write_bytes(before + b"free" + behind)
    assert clock_zero(path) == probe_audio(path).start == 0
    assert probe(path).duration_s == pytest.approx(4.02, abs=0.03)


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("gap", [(1.0, 1.06), (1.0, 1.9), (1.0, 3.4)], ids=["short", "below_1_s", "long"])
def test_a_pause_in_the_times_is_silence_and_shifts_no_later_sound(tmp_path, suffix, gap):
    sound = Sound(bursts(0.5, 4, seconds=5), skipped=[gap])
    path = film(tmp_path / f"v{suffix}", sound, frames=150)
    recording = decode_audio(path, 60)
    assert onsets(recording) == pytest.approx([0.5, 4], abs=0.045)
    assert recording.seconds == pytest.approx(5, abs=0.05)
    assert probe(path).loudness_lufs is not None


def test_many_pauses_that_are_too_short_to_fill_do_not_add_up(tmp_path):
    holes = [(start, start + 0.02) for start in np.arange(0.7, 4.7, 0.2)]
    path = film(tmp_path / "v.mp4", Sound(bursts(0.5, 5, seconds=6), skipped=holes), frames=180)
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5, 5], abs=0.045)


def test_times_that_are_rounded_are_no_pauses(tmp_path):
    """Matroska rounds to the millisecond; a steady tone stays one."""
    at = np.arange(4 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 400 * at)).astype(np.float32)[None]
    recording = decode_audio(film(tmp_path / "v.mkv", Sound(tone)), 60)
    power = np.square(recording.cut(0.1, 3.9)).reshape(-1, 160).mean(axis=1)
    assert power.min() > np.median(power) / 2


def test_damaged_packets_become_silence_of_their_length(tmp_path):
    whole = film(tmp_path / "whole.mov", Sound(bursts(0.5, 3)))
    path = media_files.damaged_packets(whole, tmp_path / "v.mov", 1, 1.8)
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5, 3], abs=0.045)


@pytest.mark.parametrize("starts", [(1.0,), (0.8, 1.2, 1.6, 2.0, 2.4)])
def test_single_damaged_packets_move_no_later_sound(tmp_path, starts):
    """A packet lasts 21 ms, less than the times of a file may differ without being a pause."""
    path = film(tmp_path / "whole.mov", Sound(bursts(0.5, 3)))
    due = onsets(decode_audio(path, 60))
    for number, start_s in enumerate(starts):
        path = media_files.damaged_packets(path, tmp_path / f"{number}.mov", start_s, start_s + 0.021)
    assert onsets(decode_audio(path, 60)) == pytest.approx(due, abs=0.001)


def test_more_than_a_second_of_damaged_packets_is_undecodable_and_a_pause_is_not(tmp_path):
    whole = film(tmp_path / "whole.mov", Sound(bursts(0.5, 3.5), skipped=[(2, 3)]), frames=120)
    path = media_files.damaged_packets(whole, tmp_path / "v.mov", 0.7, 1.95)
    with pytest.raises(Unusable, match=r"undecodable: 2\.\d of 4\.0 s of sound decode"):
        decode_audio(path, 60)
    assert probe(path).loudness_lufs is None


def test_a_damaged_sound_leaves_the_duration_and_the_frames_on_one_clock(tmp_path):
    """Only its packets' times are needed, so that pictures that begin later keep their time."""
    whole = film(tmp_path / "whole.mov", Sound(bursts(0.5, 3)), pictures_from_s=1.5)
    path = media_files.damaged_packets(whole, tmp_path / "v.mov", 0.1, 3.9)
    facts = probe(path)
    assert (facts.loudness_lufs, facts.duration_s) == (None, 4.5)
    assert facts.bit_rate == round(8 * path.stat().st_size / 4.5)
    zero = read_zero(path)
    assert read_timetable(path, zero).seconds(89) == pytest.approx(4.467, abs=0.001)


def test_f24_a_cut_file_with_a_pause_is_still_found_out(tmp_path):
    whole = film(
        tmp_path / "v.mp4",
        Sound(bursts(0.5, 3, seconds=10), skipped=[(4, 6)]),
        options={"movflags": "faststart"},
    )
    cut = media_files.cut(whole, tmp_path / "cut.mp4", 0.5)
    with pytest.raises(Unusable, match="undecodable"):
        decode_audio(cut, 60)


def test_an_empty_track_starts_no_clock(tmp_path):
    path = film(tmp_path / "v.mkv", Sound(bursts(0.5), skipped=[(-1, 9)]), frames=60, pictures_from_s=5)
    facts = probe(path)
    assert (facts.audio_tracks, facts.loudness_lufs, facts.duration_s) == (1, None, 2.0)
    assert clock_zero(path) == 5


def test_packets_that_an_edit_list_hides_are_not_heard(tmp_path):
    """A player's cut without re-encoding: sound and pictures from 1 s on."""
    whole = film(tmp_path / "whole.mp4", Sound(bursts(0.5, 2.5)), frames=120)
    path = media_files.trimmed(whole, tmp_path / "v.mp4", first=30, with_sound=True)
    assert onsets(decode_audio(path, 60)) == pytest.approx([1.5], abs=NEAR)
    assert probe(path).duration_s == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("suffix", [".mkv", ".mov"])
def test_f28_a_wild_time_loses_no_sound_and_makes_no_video_of_days(tmp_path, suffix):
    path = film(tmp_path / f"v{suffix}", Sound(bursts(0.5, 3), late=(2, 40_000)))
    assert onsets(decode_audio(path, 60)) == pytest.approx([0.5, 3], abs=NEAR)
    facts = probe(path)
    assert facts.duration_s == pytest.approx(3, abs=0.1)
    assert facts.loudness_lufs is not None
