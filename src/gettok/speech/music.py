"""Distinguish silence, music and noise in sound without speech."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from gettok.media.recording import RATE_HZ, Sound, loudness_db

Kind = Literal["silence", "music", "noise"]
SILENCE_DB = -80.0

_Spectra = npt.NDArray[np.float64]  # power, shape (times, pitches)
_Marks = npt.NDArray[np.bool_]  # of the same shape

_PIECE_S = 10
_MOST_PIECES = 6
_WINDOW = 2_048  # 128 ms, and 7.8 Hz a bin
_HOP = 256
_HOPS_PER_S = RATE_HZ / _HOP
_LOWEST_BIN, _HIGHEST_BIN = 8, 640  # 62 Hz to 5 kHz
_BAND_BINS = 32
_ABOVE_FLOOR = 10 ** (12 / 10)  # one bin of noise in 60,000 is as high
_AUDIBLE = 10 ** (-50 / 10)
_HELD_HOPS = 8  # with the window's own length, a quarter of a second
_STEADY_SHARE = 0.6

# Between what was measured, see `kind_of`.
_CHORD_SHARE = 0.6
_NOTE_SHARE = 0.6
_FEWEST_NOTES = 3
_BEAT = 0.4
_SLOWEST_BEAT_S, _FASTEST_BEAT_S = 1.6, 0.27


@dataclass(frozen=True)
class Evidence:
    """The signs of music in a piece of sound.

    `notes`: how many of the twelve notes the lowest voice plays. `note_share`, `chord_share`: the share of the time in
    which at least one note sounds, or at least two (overtones count). `beat`: how similar the onsets are to themselves
    one beat later, at most 1.
    """

    notes: int
    note_share: float
    chord_share: float
    beat: float

    @property
    def is_music(self) -> bool:
        in_time = self.note_share >= _NOTE_SHARE and self.beat >= _BEAT
        return self.notes >= _FEWEST_NOTES and (self.chord_share >= _CHORD_SHARE or in_time)


def kind_of(sound: Sound) -> Kind:
    """Music or noise, whichever fills more of the sound (music if they are equal); silence below -80 dB.

    At most a minute is analysed: the loudest ten seconds of each sixth of the sound. Samples that are not numbers count
    as silence. An hour of sound takes a second and 25 MB.

    Measured on pieces of up to ten seconds, each judged separately:

    - 31 recordings of music (background music, acoustic and electronic; two games' music; a loop): 130 of 130 are
      music. Of their first three seconds alone 127 are, of the first two 122. With white noise 10 dB below the music
      129 are, with noise as loud 104, with noise 6 dB louder 12; with running water 10 dB below 121, as loud 15; with a
      train as loud 117.
    - Recordings of running water, rain forest and a train: 45 of 45, half overlapping, are noise; so are three
      explosions.
    - The sandbox's own sounds: 132 of 132 with music are music, 240 of 240 with coloured noise, hums or steady
      tones are noise.
    - 20 noises made to deceive it: 17 are noise. The other three: an engine that revs up and down, six people who bang
      pots, eight people who talk at once (whom voice activity detection would find first).

    So a tone that glides slowly counts as music, and so does whatever rings at several pitches. Drums alone, a clock,
    a siren, beeps and regular clapping are noise: a beat without notes is too common in the street. Less than a
    second of sound is always noise.
    """
    blocks = _blocks(sound)
    loudness = [loudness_db(_clean(sound[block])) for block in blocks]
    pieces = [_clean(sound[blocks[number]]) for number in _loudest_of_each_part(loudness)]
    if not pieces:
        return "silence"
    music = [evidence(piece).is_music for piece in pieces]
    return "music" if 2 * sum(music) >= len(music) else "noise"


def evidence(piece: Sound) -> Evidence:
    """The signs of music in up to a minute of sound; less than a second has none."""
    if piece.size < RATE_HZ:
        return Evidence(0, 0.0, 0.0, 0.0)
    spectra = _spectra(piece)
    notes = _notes(spectra)
    sounding = notes.sum(axis=1)
    return Evidence(
        _bass_notes(notes), float(np.mean(sounding >= 1)), float(np.mean(sounding >= 2)), _beat(spectra)
    )


def _blocks(sound: Sound) -> list[slice]:
    """The whole sound in equal blocks of up to ten seconds."""
    count = -(-sound.size // (_PIECE_S * RATE_HZ))
    edges = np.linspace(0, sound.size, count + 1).astype(int).tolist()
    return [slice(start, end) for start, end in pairwise(edges)]


def _loudest_of_each_part(loudness: Sequence[float]) -> list[int]:
    """The blocks to analyse; silent ones are left out."""
    parts = np.array_split(np.arange(len(loudness)), _MOST_PIECES)
    loudest = [int(max(part, key=loudness.__getitem__)) for part in parts if part.size]
    return [number for number in loudest if loudness[number] >= SILENCE_DB]


def _clean(sound: Sound) -> Sound:
    """Samples that are not numbers, or beyond full scale, would drown everything else."""
    return np.nan_to_num(np.clip(sound, -1, 1)).astype(np.float32)


def _spectra(piece: Sound) -> _Spectra:
    windows = np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1)[:, : _WINDOW // 2]))
    power[:, : _LOWEST_BIN // 2] = 0  # a constant offset cannot be heard
    return power + max(float(power.max()) * 1e-9, 1e-12)


def _notes(spectra: _Spectra) -> _Marks:
    """Peaks that keep their pitch for a while, but not all the time: a hum is not a note."""
    bands = spectra.reshape(len(spectra), -1, _BAND_BINS)
    floor = np.repeat(np.median(bands, axis=2), _BAND_BINS, axis=1)
    peaks = np.zeros(spectra.shape, np.bool_)
    peaks[:, 1:-1] = (spectra[:, 1:-1] >= spectra[:, :-2]) & (spectra[:, 1:-1] > spectra[:, 2:])
    peaks &= (spectra > floor * _ABOVE_FLOOR) & (spectra > spectra.sum(axis=1).max() * _AUDIBLE)
    peaks[:, :_LOWEST_BIN] = peaks[:, _HIGHEST_BIN:] = False
    held = _held(_widened(peaks, 1))
    steady = _widened(held.mean(axis=0, keepdims=True) > _STEADY_SHARE, 2)
    return peaks & held & ~steady


def _widened(marks: _Marks, bins: int) -> _Marks:
    wide = marks.copy()
    for shift in range(1, bins + 1):
        wide[:, shift:] |= marks[:, :-shift]
        wide[:, :-shift] |= marks[:, shift:]
    return wide


def _held(marks: _Marks) -> _Marks:
    """Only the marks that last for `_HELD_HOPS` hops in a row."""
    held = np.zeros_like(marks)
    starts = np.lib.stride_tricks.sliding_window_view(marks, _HELD_HOPS, axis=0).all(axis=2)
    for hop in range(_HELD_HOPS):
        held[hop : hop + starts.shape[0]] |= starts
    return held


def _bass_notes(notes: _Marks) -> int:
    """How many of the twelve notes of an octave the lowest voice plays, each for as long as a note must sound.

    Higher voices do not count: the overtones of one tone form a chord.
    """
    lowest = notes.argmax(axis=1)[notes.any(axis=1)]
    classes = np.round(12 * np.log2(lowest * RATE_HZ / _WINDOW / 440)).astype(int) % 12
    return int(np.sum(np.bincount(classes, minlength=12) >= _HELD_HOPS))


def _beat(spectra: _Spectra) -> float:
    """The highest autocorrelation of the onsets at any beat from 38 to 220 a minute."""
    bands = spectra.reshape(len(spectra), -1, _BAND_BINS).sum(axis=2)
    floor = max(float(spectra.sum(axis=1).max()) * 1e-6, 1e-12)
    onsets = np.maximum(np.diff(np.log(bands + floor), axis=0), 0).mean(axis=1)
    similarity = _autocorrelation(onsets - onsets.mean())
    beats = slice(
        int(_FASTEST_BEAT_S * _HOPS_PER_S), min(int(_SLOWEST_BEAT_S * _HOPS_PER_S), onsets.size // 2)
    )
    return float(similarity[beats].max())


def _autocorrelation(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = values.size
    spectrum = np.fft.rfft(values, 2 * size)
    sums = np.fft.irfft(np.square(np.abs(spectrum)))[:size]
    means = sums / np.arange(size, 0, -1)
    return np.asarray(means / means[0] if means[0] > 1e-12 else np.zeros(size))
