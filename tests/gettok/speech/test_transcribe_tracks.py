"""What people say is heard on tracks as people have them: channels that cancel, pauses, several tracks, late starts."""

from pathlib import Path

import av
import numpy as np
import pytest
from corpus_speech import spoken
from track_files import RATE, Sound, film

from gettok.media import MediaFile
from gettok.media.probing import probe
from gettok.text.tokens import wer


@pytest.fixture(scope="module")
def speech(step):
    """Sentences as samples, with the row of their own file."""
    media, _ = spoken("es")[0]
    with av.open(media.path) as file:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        parts = [part.to_ndarray() for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1), read(step, media.path)


def read(step, path):
    (row,) = step.read(step.ask(MediaFile.of(Path(path))))
    return row


def assert_the_same(row, due, late_s=0.0):
    assert wer(due["text"], row["text"]) < 0.25
    assert row["segments"][0]["start_s"] == pytest.approx(due["segments"][0]["start_s"] + late_s, abs=0.3)
    assert row["segments"][-1]["end_s"] == pytest.approx(due["segments"][-1]["end_s"] + late_s, abs=0.3)


def stereo(left, right):
    return Sound(np.concatenate([left, right]), "stereo")


@pytest.mark.parametrize(
    ("other", "suffix"),
    [(-1.0, ".mp4"), (-0.9, ".webm"), (0.0, ".mp4")],
    ids=["inverted", "almost", "one_channel"],
)
def test_a_voice_that_cancels_between_channels_is_heard(step, speech, tmp_path, suffix, other):
    wave, due = speech
    path = film(tmp_path / f"v{suffix}", stereo(wave, other * wave), frames=9)
    assert probe(path).loudness_lufs > -30
    assert_the_same(read(step, path), due)


def test_a_voice_in_the_centre_is_heard_beside_inverted_surrounds(step, speech, tmp_path):
    wave, due = speech
    music = 0.1 * np.random.default_rng(1).normal(size=wave.shape).astype(np.float32)
    silent = np.zeros_like(wave)
    channels = np.concatenate([0.2 * music, 0.2 * music, wave, silent, music, -music])
    assert_the_same(read(step, film(tmp_path / "v.mp4", Sound(channels, "5.1"), frames=9)), due)


def test_a_pause_costs_no_transcript_and_shifts_no_word(step, speech, tmp_path):
    wave, due = speech
    end_s = due["segments"][-1]["end_s"]
    path = film(tmp_path / "v.mp4", Sound(wave, skipped=[(3.6, 4.5)]), frames=300)
    row = read(step, path)
    assert row["segments"][-1]["end_s"] == pytest.approx(end_s, abs=0.3)
    long = read(step, film(tmp_path / "w.mp4", Sound(wave, skipped=[(4, 7)]), frames=300))
    assert long["segments"][-1]["end_s"] == pytest.approx(end_s, abs=0.3)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", pytest.param(".mkv", marks=pytest.mark.slow)])
def test_words_of_a_late_sound_are_late(step, speech, tmp_path, suffix):
    wave, due = speech
    row = read(step, film(tmp_path / f"v{suffix}", Sound(wave, start_s=2), frames=300))
    assert_the_same(row, due, late_s=2)
    assert row["sound_s"] == pytest.approx(due["sound_s"] + 2, abs=0.1)


def test_late_pictures_make_no_word_early(step, speech, tmp_path):
    wave, due = speech
    assert_the_same(read(step, film(tmp_path / "v.mp4", Sound(wave), pictures_from_s=1.5)), due)


@pytest.mark.parametrize("unknown", [False, True])
def test_the_track_that_speaks_is_transcribed(step, speech, tmp_path, unknown):
    wave, due = speech
    silent = Sound(np.zeros_like(wave), is_default=not unknown)
    path = film(tmp_path / "v.mp4", silent, Sound(wave, is_default=unknown), frames=9)
    if unknown:
        path.write_bytes(path.read_bytes().replace(b"mp4a", b"apac", 1).replace(b"esds", b"dapa", 1))
    assert_the_same(read(step, path), due)
