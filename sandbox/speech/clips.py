"""Draws training clips: sentences with pauses, with or without a background, new every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.speech.features import BANDS, ROWS_PER_SECOND, SILENCE, FeatureSet, Rows, whisper_features

CLEAN_SHARE = 0.35
SIGNAL_OVER_BACKGROUND_DB = (4, 35)
ZERO_PADDED_SHARE = 0.3  # clips whose padding is the network's zero instead of digital silence


@dataclass(frozen=True)
class Plan:
    """Which clips to draw: the maximum of sentences and seconds, and the share without words."""

    max_sentences: int
    max_s: float
    wordless_share: float
    rows_per_batch: int
    whole_window: bool  # pad every clip to Whisper's 30 s, as in use


@dataclass(frozen=True)
class Clip:
    """Features of shape (rows, 80), the value that pads them, the words and their language."""

    features: Rows
    padding: float
    text: str
    language: str


class Mixer:
    """Draws clips endlessly from features of sentences and of backgrounds."""

    def __init__(self, spoken: FeatureSet, backgrounds: FeatureSet, seed: int) -> None:
        self._spoken, self._backgrounds = spoken, backgrounds
        self._rng = random.Random(seed)
        self._order: list[int] = []

    def clip(self, plan: Plan) -> Clip:
        if self._rng.random() < plan.wordless_share:
            return self._wordless(plan)
        chosen = self._sentences(plan)
        speech = self._concatenated([self._spoken.power(k) for k in chosen])
        power = self._over_background(speech * 10 ** self._rng.uniform(-1.5, 0.7)) * self._colour()
        text = " ".join(self._spoken.texts[k] for k in chosen)
        return self._finished(power, text, self._spoken.languages[chosen[0]])

    def shuffle(self, groups: list[list[Clip]]) -> None:
        self._rng.shuffle(groups)

    def _sentences(self, plan: Plan) -> list[int]:
        """As many sentences of one language as fit; every sentence is used once before any is repeated."""
        wanted, remaining = self._rng.randint(1, plan.max_sentences), plan.max_s * ROWS_PER_SECOND
        chosen: list[int] = []
        while len(chosen) < wanted:
            if not self._order:
                self._order = self._rng.sample(range(len(self._spoken)), len(self._spoken))
            k = self._order.pop()
            remaining -= self._spoken.length(k) + ROWS_PER_SECOND
            if chosen and (remaining < 0 or self._spoken.languages[k] != self._spoken.languages[chosen[0]]):
                break
            chosen.append(k)
        return chosen

    def _concatenated(self, powers: list[Rows]) -> Rows:
        parts = [self._pause(0.0, 0.6)]
        for power in powers:
            parts += [power * 10 ** self._rng.uniform(-0.2, 0.2), self._pause(0.05, 0.9)]
        return np.concatenate(parts)

    def _pause(self, min_s: float, max_s: float) -> Rows:
        rows = int(self._rng.uniform(min_s, max_s) * ROWS_PER_SECOND)
        return np.full((rows, BANDS), 10**SILENCE, np.float32)

    def _background(self, rows: int) -> Rows:
        power = self._backgrounds.power(self._rng.randrange(len(self._backgrounds)))
        start = self._rng.randrange(max(1, len(power) - rows))
        return np.resize(power[start:], (rows, BANDS))

    def _over_background(self, speech: Rows) -> Rows:
        if self._rng.random() < CLEAN_SHARE:
            return speech
        background = self._background(len(speech))
        decibels = self._rng.uniform(*SIGNAL_OVER_BACKGROUND_DB)
        scale = speech.mean() / (background.mean() + 1e-12) * 10 ** (-decibels / 10)
        return np.asarray(speech + background * scale, np.float32)

    def _colour(self) -> Rows:
        """A slight tilt and curve over the bands, as microphones and codecs cause."""
        place = np.linspace(-1, 1, BANDS)
        logs = self._rng.uniform(-0.35, 0.35) * place + self._rng.uniform(-0.25, 0.25) * (place**2 - 0.3)
        return np.asarray(10**logs, np.float32)

    def _wordless(self, plan: Plan) -> Clip:
        rows = int(self._rng.uniform(1, plan.max_s) * ROWS_PER_SECOND)
        if self._rng.random() < 0.2:
            return self._finished(np.full((rows, BANDS), 10**SILENCE, np.float32), "", "es")
        power = self._background(rows) * 10 ** self._rng.uniform(-4, 0.5)
        return self._finished(power * self._colour(), "", "es")

    def _finished(self, power: Rows, text: str, spoken: str) -> Clip:
        features = whisper_features(power)
        padding = 0.0 if self._rng.random() < ZERO_PADDED_SHARE else float(features.max()) - 2.0
        return Clip(features, padding, text, spoken)


def batches(mixer: Mixer, plan: Plan) -> Iterator[list[Clip]]:
    """Batches of clips of similar length, each of about `rows_per_batch` rows with padding."""
    while True:
        drawn = sorted((mixer.clip(plan) for _ in range(192)), key=lambda clip: len(clip.features))
        groups: list[list[Clip]] = [[]]
        for clip in drawn:
            length = 3000 if plan.whole_window else len(clip.features)
            if groups[-1] and (len(groups[-1]) + 1) * length > plan.rows_per_batch:
                groups.append([])
            groups[-1].append(clip)
        mixer.shuffle(groups)
        yield from groups
