"""Loudness is measured by EBU R128, and a damaged sound never fails the video."""

import av
import media_files
import numpy as np
import pytest
from sound_files import noise, silence, tone, write

from gettok.errors import Unusable
from gettok.media.audio import decode_audio
from gettok.media.audio_track import probe_audio
from gettok.media.probing import probe

RATE = 48_000


def sine(level_db, seconds):
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * 1000 * np.arange(int(seconds * RATE)) / RATE)
    return wave.astype(np.float32)


@pytest.mark.parametrize(
    ("parts", "loudness"),
    [
        (((-23, 20),), -23.0),
        (((-33, 20),), -33.0),
        (((-36, 10), (-23, 60), (-36, 10)), -23.0),
        (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0),
    ],
)
def test_the_cases_of_ebu_tech_3341_have_the_required_loudness(tmp_path, parts, loudness):
    """Its cases 1 to 4: a tone of 1 kHz on both channels, to 0.1 LU."""
    wave = np.concatenate([sine(level, seconds) for level, seconds in parts])
    facts = probe_audio(write(tmp_path / "s.mov", wave, RATE, "pcm_s16le", channels=2))
    assert facts.loudness_lufs == pytest.approx(loudness, abs=0.1)


def test_the_same_sound_has_the_same_loudness_each_time(tmp_path):
    path = write(tmp_path / "s.m4a", noise(5))
    assert len({probe_audio(path) for _ in range(3)}) == 1


def test_silence_has_minus_70_lufs_and_a_very_short_sound_has_no_loudness(tmp_path):
    assert probe_audio(write(tmp_path / "silent.m4a", silence(3))).loudness_lufs == -70.0
    assert probe_audio(write(tmp_path / "short.m4a", tone(0.2))).loudness_lufs is None


def test_half_as_loud_is_six_units_less(tmp_path):
    loud = probe_audio(write(tmp_path / "loud.mov", noise(5), codec="pcm_s16le"))
    soft = probe_audio(write(tmp_path / "soft.mov", 0.5 * noise(5), codec="pcm_s16le"))
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(6, abs=0.2)


def write_floats(path, wave):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(wave[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("gain", [10, 1e30, np.inf])
def test_samples_beyond_full_scale_are_as_loud_as_they_are_played(tmp_path, gain):
    square = np.where(sine(0, 5) < 0, -1, 1).astype(np.float32)
    due = probe_audio(write_floats(tmp_path / "due.mov", square))
    assert 0 < due.loudness_lufs < 2
    facts = probe_audio(write_floats(tmp_path / "s.mov", square * np.float32(gain)))
    assert facts.loudness_lufs == due.loudness_lufs


def test_samples_that_are_no_number_are_silent(tmp_path):
    wave = sine(-20, 5)
    wave[RATE : 2 * RATE] = 0
    due = probe_audio(write_floats(tmp_path / "due.mov", wave))
    wave[RATE : 2 * RATE] = np.nan
    path = write_floats(tmp_path / "s.mov", wave)
    assert probe_audio(path).loudness_lufs == due.loudness_lufs
    heard = decode_audio(path, 60)
    assert np.abs(heard.cut(1.1, 1.9)).max() == 0
    assert np.abs(heard.cut(2.1, 4.9)).max() == pytest.approx(0.1, abs=0.01)


def test_f24_a_damaged_sound_has_an_unknown_loudness(tmp_path):
    data = media_files.video(tmp_path / "v.mp4", frames=90).read_bytes()
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    facts = probe(path)
    assert (facts.has_audio, facts.loudness_lufs, facts.frame_count) == (True, None, 90)


def test_f26_no_sound_has_no_loudness(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", sound=False)
    assert probe(path).loudness_lufs is None
    with pytest.raises(Unusable, match="no_audio"):
        probe_audio(path)
