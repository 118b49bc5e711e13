"""Training clips: sentences in a row with pauses, over a background or none, made anew every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.speech.features import BANDS, ROWS_PER_SECOND, SILENCE, Book, Rows, as_whisper_hears

CLEAN_SHARE = 0.35
SIGNAL_OVER_BACKGROUND_DB = (4, 35)
SHORT_CUT_SHARE = 0.3  # clips whose padding is the network's zero instead of digital silence


@dataclass(frozen=True)
class Plan:
    """What clips are drawn: how many sentences at most, how long at most, how much is without words."""

    most_sentences: int
    most_s: float
    wordless_share: float
    rows_in_a_batch: int
    whole_window: bool  # pad every clip to Whisper's 30 s, as it is used


@dataclass(frozen=True)
class Clip:
    """Features, shape (rows, 80), the value that goes on after their end, the words and their language."""

    features: Rows
    padding: float
    text: str
    language: str


class Mixer:
    """Draws clips for ever out of a book of sentences and a book of backgrounds."""

    def __init__(self, spoken: Book, backgrounds: Book, seed: int) -> None:
        self._spoken, self._backgrounds = spoken, backgrounds
        self._dice = random.Random(seed)
        self._order: list[int] = []

    def clip(self, plan: Plan) -> Clip:
        if self._dice.random() < plan.wordless_share:
            return self._wordless(plan)
        chosen = self._sentences(plan)
        speech = self._in_a_row([self._spoken.power(k) for k in chosen])
        power = self._over_background(speech * 10 ** self._dice.uniform(-1.5, 0.7)) * self._colour()
        text = " ".join(self._spoken.texts[k] for k in chosen)
        return self._finished(power, text, self._spoken.languages[chosen[0]])

    def shuffle(self, made: list[list[Clip]]) -> None:
        self._dice.shuffle(made)

    def _sentences(self, plan: Plan) -> list[int]:
        """As many sentences of one language as fit; every sentence is used before any is used again."""
        wanted, room = self._dice.randint(1, plan.most_sentences), plan.most_s * ROWS_PER_SECOND
        chosen: list[int] = []
        while len(chosen) < wanted:
            if not self._order:
                self._order = self._dice.sample(range(len(self._spoken)), len(self._spoken))
            k = self._order.pop()
            room -= self._spoken.length(k) + ROWS_PER_SECOND
            if chosen and (room < 0 or self._spoken.languages[k] != self._spoken.languages[chosen[0]]):
                break
            chosen.append(k)
        return chosen

    def _in_a_row(self, powers: list[Rows]) -> Rows:
        parts = [self._pause(0.0, 0.6)]
        for power in powers:
            parts += [power * 10 ** self._dice.uniform(-0.2, 0.2), self._pause(0.05, 0.9)]
        return np.concatenate(parts)

    def _pause(self, least_s: float, most_s: float) -> Rows:
        rows = int(self._dice.uniform(least_s, most_s) * ROWS_PER_SECOND)
        return np.full((rows, BANDS), 10**SILENCE, np.float32)

    def _background(self, rows: int) -> Rows:
        power = self._backgrounds.power(self._dice.randrange(len(self._backgrounds)))
        start = self._dice.randrange(max(1, len(power) - rows))
        return np.resize(power[start:], (rows, BANDS))

    def _over_background(self, speech: Rows) -> Rows:
        if self._dice.random() < CLEAN_SHARE:
            return speech
        background = self._background(len(speech))
        decibels = self._dice.uniform(*SIGNAL_OVER_BACKGROUND_DB)
        scale = speech.mean() / (background.mean() + 1e-12) * 10 ** (-decibels / 10)
        return np.asarray(speech + background * scale, np.float32)

    def _colour(self) -> Rows:
        """A gentle tilt and bend over the bands, as microphones and codecs have."""
        place = np.linspace(-1, 1, BANDS)
        logs = self._dice.uniform(-0.35, 0.35) * place + self._dice.uniform(-0.25, 0.25) * (place**2 - 0.3)
        return np.asarray(10**logs, np.float32)

    def _wordless(self, plan: Plan) -> Clip:
        rows = int(self._dice.uniform(1, plan.most_s) * ROWS_PER_SECOND)
        if self._dice.random() < 0.2:
            return self._finished(np.full((rows, BANDS), 10**SILENCE, np.float32), "", "es")
        power = self._background(rows) * 10 ** self._dice.uniform(-4, 0.5)
        return self._finished(power * self._colour(), "", "es")

    def _finished(self, power: Rows, text: str, spoken: str) -> Clip:
        features = as_whisper_hears(power)
        padding = 0.0 if self._dice.random() < SHORT_CUT_SHARE else float(features.max()) - 2.0
        return Clip(features, padding, text, spoken)


def batches(mixer: Mixer, plan: Plan) -> Iterator[list[Clip]]:
    """Clips of like length together, until a batch holds about `rows_in_a_batch` rows with its padding."""
    while True:
        drawn = sorted((mixer.clip(plan) for _ in range(192)), key=lambda clip: len(clip.features))
        made: list[list[Clip]] = [[]]
        for clip in drawn:
            length = 3000 if plan.whole_window else len(clip.features)
            if made[-1] and (len(made[-1]) + 1) * length > plan.rows_in_a_batch:
                made.append([])
            made[-1].append(clip)
        mixer.shuffle(made)
        yield from made
