"""A voice is heard whatever the channels do to each other."""

import numpy as np
import pytest
from scipy.signal import hilbert
from sound_files import chords

from gettok.media.downmix import BLOCK, to_mono

RATE = 16_000
FIVE_ONE = ("FL", "FR", "FC", "LFE", "BL", "BR")
CHANCE = np.random.default_rng(3)


def voice(seconds=6.1, level=0.2, hertz=140.0):
    """Harmonics of a pitch in syllables, four a second."""
    at = np.arange(int(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hertz * n * at + n) / n for n in range(1, 12))
    return (level * tone * np.clip(np.sin(2 * np.pi * 4 * at), 0, 1)).astype(np.float32)


def noise(seconds=6.1, level=0.1):
    return (level * CHANCE.normal(size=int(seconds * RATE))).astype(np.float32)


def mono(channels, names=("FL", "FR")):
    """The last block is shorter."""
    sound = np.stack(channels).astype(np.float32)
    blocks = (sound[:, start : start + BLOCK] for start in range(0, sound.shape[1], BLOCK))
    return np.concatenate(list(to_mono(blocks, names)))


def level_db(sound):
    return 10 * np.log10(np.square(sound, dtype=np.float64).mean() + 1e-12)


def share(of, sound):
    """How much of the sound's power is this signal, from 0 to 1."""
    return float(np.dot(of, sound) ** 2 / (np.dot(of, of) * np.dot(sound, sound)))


@pytest.mark.parametrize("names", [("FL",), ("FC",)])
def test_one_channel_stays_as_it_is(names):
    assert np.array_equal(mono([voice()], names), voice())


def test_equal_channels_give_the_same_sound():
    assert np.allclose(mono([voice(), voice()]), voice(), atol=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        lambda sound: -sound,
        lambda sound: -0.9 * sound,
        lambda sound: -0.5 * sound,
        lambda sound: 0 * sound,
        lambda sound: np.imag(hilbert(sound)),
        lambda sound: -np.roll(sound, 1),
        lambda sound: -sound + noise(level=0.002),
    ],
    ids=["inverted", "almost", "half", "one_channel", "90_degrees", "one_sample_late", "with_noise"],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_voice_is_as_loud_as_on_its_channel_whatever_is_on_the_other(other, is_first):
    heard = voice()
    channels = [heard, other(heard)] if is_first else [other(heard), heard]
    mixed = mono(channels)
    assert mixed.size == heard.size
    assert level_db(mixed) > level_db(heard) - 6.1
    assert share(heard, mixed) > 0.45


def test_only_a_part_that_cancels_is_listened_to_on_one_channel():
    heard = voice(9)
    inverted = heard.copy()
    inverted[3 * RATE : 6 * RATE] *= -1
    mixed = mono([heard, inverted])
    assert share(heard, mixed) > 0.98


def test_an_inverted_voice_over_music_in_phase_is_heard():
    heard, music = voice(level=0.3), noise(level=0.1)
    assert level_db(heard) > level_db(music) + 2
    mixed = mono([music + heard, music - heard])
    assert share(heard, mixed) > 0.5


def music(seconds=6.1, level=0.1):
    """Chords, a beat and a bass."""
    at = np.arange(int(seconds * RATE)) / RATE
    beat = CHANCE.normal(size=at.size) * np.exp(-30 * (at % 0.25))
    parts = (chords(seconds), beat, np.sin(2 * np.pi * 80 * at))
    return scaled(sum(scaled(part, 1) for part in parts), level)


def scaled(sound, level):
    return (level * sound / np.sqrt(np.square(sound).mean())).astype(np.float32)


@pytest.mark.parametrize(
    "under", [noise, music, lambda: scaled(chords(6.1), 0.1)], ids=["noise", "music", "chords"]
)
@pytest.mark.parametrize("level", [0.1, 0.14])
def test_an_inverted_voice_under_music_as_loud_is_heard(under, level):
    heard, common = scaled(voice(), level), under()
    mixed = mono([common + heard, common - heard])
    assert share(heard, mixed) > 0.7 * share(heard, common + heard)


def test_an_inverted_voice_is_heard_in_surround_without_a_centre():
    heard, common = scaled(voice(), 0.1), music()
    silent = np.zeros_like(heard)
    mixed = mono([common + heard, common - heard, silent, silent, common, common], FIVE_ONE)
    assert share(heard, mixed) > 0.2


@pytest.mark.parametrize("seed", range(4))
def test_wide_music_is_mixed(seed):
    """Notes somewhere between the channels, each harmonic up to a quarter turn apart."""
    chance, at = np.random.default_rng(seed), np.arange(6 * RATE) / RATE
    left, right = np.zeros(at.size), np.zeros(at.size)
    for pitch, pan, start in zip(
        chance.integers(0, 36, 24), chance.uniform(0.2, 0.8, 24), chance.uniform(0, 5, 24), strict=True
    ):
        fading = np.exp(-3 * np.clip(at - start, 0, None)) * (at > start)
        for harmonic in range(1, 6):
            phase = 2 * np.pi * 110 * 2 ** (pitch / 12) * harmonic * at
            left += pan * fading * np.sin(phase) / harmonic
            right += (1 - pan) * fading * np.sin(phase + chance.uniform(-np.pi / 2, np.pi / 2)) / harmonic
    left, right = scaled(left, 0.1), scaled(right, 0.1)
    assert np.allclose(mono([left, right]), (left + right) / 2, atol=1e-6)


def test_two_sounds_that_have_nothing_in_common_are_mixed():
    left, right = noise(), noise()
    assert np.allclose(mono([left, right]), (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("loudness", [0.5, 1])
def test_two_voices_on_two_channels_are_both_heard(loudness):
    left, right = voice(hertz=140), loudness * voice(hertz=233)
    mixed = mono([left, right])
    assert np.allclose(mixed, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("channels", [4, 6, 8])
def test_a_voice_on_one_of_many_channels_is_not_mixed_away(channels):
    heard = voice()
    sound = [heard if number == 2 else np.zeros_like(heard) for number in range(channels)]
    assert level_db(mono(sound, ["NONE"] * channels)) > level_db(heard) - 1


def test_in_surround_the_centre_is_heard_and_inverted_surrounds_do_not_matter():
    heard, around = voice(), noise()
    silent = np.zeros_like(heard)
    mixed = mono([0.3 * around, 0.3 * around, heard, silent, around, -around], FIVE_ONE)
    assert share(heard, mixed) > 0.98


@pytest.mark.parametrize("phase", [1, -1], ids=["alike", "inverted"])
def test_in_surround_without_a_centre_the_others_are_heard(phase):
    heard = voice()
    silent = np.zeros_like(heard)
    mixed = mono([heard, phase * heard, silent, noise(level=0.3), silent, silent], FIVE_ONE)
    assert share(heard, mixed) > 0.98
    assert level_db(mixed) > level_db(heard) - 6.1


def test_a_change_of_channel_makes_no_click():
    at = np.arange(4 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 200 * at)).astype(np.float32)
    other = np.where(at < 2, tone, -tone).astype(np.float32)
    assert np.abs(np.diff(mono([tone, other]))).max() < 1.1 * np.abs(np.diff(tone)).max()


def test_silence_stays_silence():
    assert not mono([np.zeros(RATE), np.zeros(RATE)]).any()
