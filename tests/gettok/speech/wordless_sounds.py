"""Fifteen seconds each of sound without words, made here: silence, noise, hums, drums and music."""

import numpy as np
from scipy import signal
from sound_files import RATE, chords, silence, tone

SECONDS = 15
_TIME = np.arange(SECONDS * RATE) / RATE
_PENTATONIC = (0, 2, 4, 7, 9, 12)
#: Centre and width in hertz of the resonances of "ah".
_FORMANTS = ((700, 110), (1220, 120), (2600, 160))


def _dice():
    return np.random.default_rng(3)


def coloured(exponent):
    """Noise whose power falls with the frequency: 0 is white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(_dice().normal(size=_TIME.size))
    falling = spectrum / np.maximum(np.arange(spectrum.size), 1) ** (exponent / 2)
    return _loud(np.fft.irfft(falling))


def hum():
    return 0.3 * np.sin(2 * np.pi * 50 * _TIME) + 0.1 * np.sin(2 * np.pi * 150 * _TIME)


def siren():
    return 0.3 * np.sin(2 * np.pi * 700 * _TIME + 500 * np.sin(np.pi * _TIME))


def clicks():
    return np.where(_dice().random(_TIME.size) < 0.0005, 0.8, 0.0)


def drums():
    hits = [_hit(place) for place in range(4 * SECONDS)]
    return np.concatenate([np.pad(hit, (0, RATE // 4 - hit.size)) for hit in hits])


def _hit(place):
    """A bass drum and a snare in turn."""
    time = _TIME[: RATE // 8]
    if place % 2:
        return 0.2 * _dice().normal(size=time.size) * np.exp(-60 * time)
    return 0.5 * np.sin(2 * np.pi * 60 * time) * np.exp(-25 * time)


def melody(note_s=0.4, overtones=8, vibrato=0.0):
    dice, time = _dice(), _TIME[: int(note_s * RATE)]
    notes = []
    while sum(note.size for note in notes) < _TIME.size:
        phase = 2 * np.pi * 220 * 2 ** (dice.choice(_PENTATONIC) / 12) * time
        phase += vibrato * np.sin(2 * np.pi * 5.5 * time)
        voice = sum(np.sin(number * phase) / number for number in range(1, overtones + 1))
        notes.append(0.3 * voice * np.exp(-2 * time / note_s))
    return np.concatenate(notes)[: _TIME.size]


def choir():
    """A melody on one vowel, which a voice detector takes for speech here and there."""
    voice, buzz = np.zeros(_TIME.size), melody(1.0, vibrato=0.5)
    for hertz, width in _FORMANTS:
        radius = np.exp(-np.pi * width / RATE)
        turn = -2 * radius * np.cos(2 * np.pi * hertz / RATE)
        voice += signal.lfilter([1 - radius], [1, turn, radius**2], buzz)
    return _loud(voice)


def _loud(sound):
    return 0.5 * sound / np.abs(sound).max()


WORDLESS = {
    "silence": silence(SECONDS),
    "white noise": coloured(0),
    "pink noise": coloured(1),
    "brown noise": coloured(2),
    "hum": hum(),
    "tone": tone(SECONDS),
    "siren": siren(),
    "clicks": clicks(),
    "drums": drums(),
    "chords": chords(SECONDS),
    "flute": melody(overtones=1),
    "strings": melody(vibrato=1.5),
    "fast melody": melody(0.15),
    "band": drums() + 0.7 * melody(),
    "choir": choir(),
    "choir in noise": choir() + 0.05 * coloured(1),
}
WORDLESS = {name: np.clip(sound, -1, 1).astype(np.float32) for name, sound in WORDLESS.items()}
