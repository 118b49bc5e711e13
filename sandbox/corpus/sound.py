"""Generates sound: speech by espeak-ng, and music without words. 44.1 kHz, mono, 16 bit."""

import io
import random
import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
Sound = NDArray[np.float32]

#: Voices of espeak-ng: two Spanish accents in several variants.
VOICES = ("es", "es-419", "es+m3", "es-419+m7", "es+f2", "es-419+f4", "es-419+m1", "es+f1")
_CHORDS = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7), (164.8, 207.7, 246.9))


def speech(text: str, voice: str, words_per_minute: int, pitch: int) -> Sound:
    """The text, spoken by espeak-ng."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout", text]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32_768
    places = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def music(seconds: float, rng: random.Random) -> Sound:
    """Chords with a beat, without speech."""
    time = np.arange(int(seconds * RATE)) / RATE
    beat = rng.uniform(0.4, 0.6)
    sound = np.zeros_like(time)
    for number, chord in enumerate(rng.sample(_CHORDS, 4) * (int(seconds / beat / 4 / 4) + 1)):
        start = number * 4 * beat
        held = (time >= start) & (time < start + 4 * beat)
        ring = np.exp(-((time - start) % beat) * 3)
        sound += held * ring * sum(np.sin(2 * np.pi * tone * time) for tone in chord) / 3
    kick = np.exp(-(time % beat) * 30) * np.sin(2 * np.pi * 60 * (time % beat))
    return (0.5 * sound + 0.4 * kick).astype(np.float32) * 0.6


def mixed(voice: Sound, background: Sound, level: float) -> Sound:
    """The voice with a quiet background."""
    return voice + level * background[: len(voice)]


def padded(sound: Sound, seconds: float, lead_s: float = 0.3) -> Sound:
    """The sound after a short silence, padded with silence to `seconds`."""
    result = silence(seconds)
    start = int(lead_s * RATE)
    part = sound[: len(result) - start]
    result[start : start + len(part)] = part
    return result


def silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE), np.float32)


def write(sound: Sound, path: Path) -> None:
    samples = (np.clip(sound, -1, 1) * 32_767).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
