"""The training data of the demo's speech model: espeak-ng voices, rooms, and sound without words.

Everything is seeded: the same seed gives the same sentences, voices, speeds and rooms. The `espeak-ng`
program must be installed; only training and measuring need it, never the demo.
"""

from __future__ import annotations

import io
import random
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve, resample_poly

from sandbox.corpus import language

Sound = npt.NDArray[np.float32]

RATE_HZ = 16_000
ESPEAK_RATE_HZ = 22_050
ACCENTS = ("es", "es-419")
ENGLISH_ACCENTS = ("en-us", "en-gb")
HELD_OUT_VARIANTS = ("m6", "f4")  # never used in training, with either accent
SEEN_VARIANTS = ("", "m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f5")
SPEEDS_WORDS_PER_MINUTE = (130, 180)
PITCHES = (30, 70)  # espeak-ng's own scale, 0 to 99
ENGLISH_SHARE = 0.06
SHUFFLED_SHARE = 0.10
REVERBERANT_SHARE = 0.25


@dataclass(frozen=True)
class Voice:
    """A voice: an accent and a variant of espeak-ng, a speed and a pitch."""

    name: str
    words_per_minute: int
    pitch: int


@dataclass(frozen=True)
class Line:
    """A text to be spoken, its language, the voice, and the echo of the room (0 = none)."""

    text: str
    language: str
    voice: Voice
    echo_s: float


def draw_voice(rng: random.Random, accents: Sequence[str], variants: Sequence[str]) -> Voice:
    variant = rng.choice(variants)
    name = rng.choice(accents) + (f"+{variant}" if variant else "")
    return Voice(name, rng.randint(*SPEEDS_WORDS_PER_MINUTE), rng.randint(*PITCHES))


def _shuffled(texts: Sequence[str], n: int, rng: random.Random) -> list[str]:
    """Words in random order: the next word can only be heard, not guessed from the grammar."""
    vocabulary = sorted({word for text in texts for word in language.words(text)})
    return [" ".join(rng.sample(vocabulary, rng.randint(3, 9))).capitalize() + "." for _ in range(n)]


def training_lines(seed: int, n: int) -> list[Line]:
    """`n` lines of training sentences, some in English and some with their words in random order."""
    rng = random.Random(f"{seed}/lines")
    n_english, n_shuffled = round(n * ENGLISH_SHARE), round(n * SHUFFLED_SHARE)
    spanish = [s.text for s in language.sentences(seed, n - n_english - n_shuffled, "train")]
    english = [s.text for s in language.english(seed, n_english, "train")]
    texts = [(text, "es") for text in spanish + _shuffled(spanish, n_shuffled, rng)]
    lines = [_line(text, spoken, rng, SEEN_VARIANTS) for text, spoken in texts + [(t, "en") for t in english]]
    rng.shuffle(lines)
    return lines


def held_out_lines(seed: int, n: int, variants: Sequence[str]) -> list[Line]:
    """`n` lines of held-out Spanish sentences in the given variants, for measuring."""
    rng = random.Random(f"{seed}/held out/{','.join(variants)}")
    return [_line(s.text, "es", rng, variants) for s in language.sentences(seed, n, "held_out")]


def english_lines(seed: int, n: int) -> list[Line]:
    """`n` lines of held-out English sentences in voices used in training."""
    rng = random.Random(f"{seed}/held out/english")
    return [_line(s.text, "en", rng, SEEN_VARIANTS) for s in language.english(seed, n)]


def _line(text: str, spoken: str, rng: random.Random, variants: Sequence[str]) -> Line:
    accents = ACCENTS if spoken == "es" else ENGLISH_ACCENTS
    echo_s = rng.uniform(0.1, 0.5) if rng.random() < REVERBERANT_SHARE else 0.0
    return Line(text, spoken, draw_voice(rng, accents, variants), echo_s)


def speak(text: str, voice: Voice) -> Sound:
    """The text spoken by espeak-ng, at 16 kHz, without the silence around it."""
    options = ["-v", voice.name, "-s", str(voice.words_per_minute), "-p", str(voice.pitch), "--stdout"]
    output = subprocess.run(["espeak-ng", *options, text], capture_output=True, check=True)
    with wave.open(io.BytesIO(output.stdout)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    loud = np.flatnonzero(np.abs(pcm) > 150)
    at_16k = resample_poly(pcm[loud[0] : loud[-1] + 1] / 32768, 320, 441)
    return np.asarray(at_16k, np.float32)


def in_a_room(sound: Sound, echo_s: float, seed: int) -> Sound:
    """The sound with an echo that has decayed by 60 dB after `echo_s`; the length is unchanged."""
    if not echo_s:
        return sound
    time_s = np.arange(int(echo_s * RATE_HZ)) / RATE_HZ
    tail = np.random.default_rng(seed).normal(size=time_s.size) * 10 ** (-3 * time_s / echo_s) * 0.06
    tail[0] = 1.0
    return np.asarray(fftconvolve(sound, tail)[: sound.size], np.float32)


def say(line: Line, seed: int) -> Sound:
    return in_a_room(speak(line.text, line.voice), line.echo_s, seed)


def wordless(seed: int, seconds: float) -> Sound:
    """Sound without words at about -20 dB: coloured noise, tones, chords with a beat, or a hum."""
    rng = np.random.default_rng(seed)
    make = (_noise, _noise, _tones, _music, _music, _hum)[seed % 6]
    sound = make(rng, int(seconds * RATE_HZ))
    return np.asarray(0.1 * sound / (np.sqrt(np.mean(sound**2)) + 1e-9), np.float32)


def _noise(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    """Noise between white (0) and brown (2): its power falls with that exponent of the frequency."""
    colour = rng.uniform(0, 2)
    spectrum = np.fft.rfft(rng.normal(size=n))
    spectrum /= np.maximum(np.arange(spectrum.size), 50) ** (colour / 2)
    swell = 1 + rng.uniform(0, 0.6) * np.sin(2 * np.pi * rng.uniform(0.1, 2) * np.arange(n) / RATE_HZ)
    return np.asarray(np.fft.irfft(spectrum, n) * swell)


def _tone(frequency_hz: float, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    time_s = np.arange(n) / RATE_HZ
    voices = [rng.uniform(0.1, 1) / k * np.sin(2 * np.pi * k * frequency_hz * time_s) for k in range(1, 6)]
    return np.asarray(np.sum(voices, axis=0))


def _tones(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return np.asarray(sum(_tone(rng.uniform(80, 3000), n, rng) for _ in range(rng.integers(1, 4))))


def _music(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    """Chords that change with the beat, and a drum of short noise on every beat."""
    beat = int(RATE_HZ * rng.uniform(0.25, 0.8))
    root_hz = rng.uniform(90, 260)
    sound = np.zeros(n + beat)
    for start in range(0, n, beat):
        chord_hz = root_hz * 2 ** (rng.integers(-5, 8) / 12)
        decay = np.exp(-np.arange(beat) / RATE_HZ * rng.uniform(1, 6))
        notes = [_tone(chord_hz * 2 ** (step / 12), beat, rng) for step in (0, rng.integers(3, 5), 7)]
        drum = rng.normal(size=beat) * np.exp(-np.arange(beat) / RATE_HZ * 40) * rng.uniform(0, 3)
        sound[start : start + beat] = np.sum(notes, axis=0) * decay + drum
    return sound[:n]


def _hum(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return _tone(rng.uniform(40, 120), n, rng) + 0.3 * _noise(rng, n) * 30
