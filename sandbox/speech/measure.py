"""Measures the model as the pipeline uses it: whisperx transcribes spoken sentences, compared with their text.

    python -m sandbox.speech.measure

Words are compared in lower case without punctuation, accents kept. Clips hold one to four held-out
sentences with pauses, half of them over a background 8 to 30 dB below the speech.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import jiwer
import numpy as np
import typer

from sandbox.corpus import language
from sandbox.speech.export import HERE
from sandbox.speech.recipe import (
    HELD_OUT_VARIANTS,
    RATE_HZ,
    SEEN_VARIANTS,
    Line,
    Sound,
    english_lines,
    held_out_lines,
    say,
    wordless,
)

BACKGROUND_SHARE = 0.5
BELOW_SPEECH_DB = (8, 30)


@dataclass(frozen=True)
class Clip:
    """A 16 kHz sound and the words in it."""

    sound: Sound
    text: str


@dataclass(frozen=True)
class Figures:
    """The accuracy on a set of clips; `word_error_rate` is over all words of the set together."""

    clips: int
    words: int
    word_error_rate: float
    whole_sentences_right: float
    detected_spanish: float


def _silence(rng: random.Random, min_s: float, max_s: float) -> Sound:
    return np.zeros(int(rng.uniform(min_s, max_s) * RATE_HZ), np.float32)


def _over_background(speech: Sound, rng: random.Random) -> Sound:
    if rng.random() >= BACKGROUND_SHARE:
        return speech
    background = wordless(rng.randrange(10**6, 10**7), speech.size / RATE_HZ + 0.1)
    level = np.std(speech) / np.std(background) * 10 ** (-rng.uniform(*BELOW_SPEECH_DB) / 20)
    return np.asarray(speech + background[: speech.size] * level, np.float32)


def clips_of(lines: Sequence[Line], seed: int) -> list[Clip]:
    """Group the lines into clips of one to four lines with pauses."""
    rng = random.Random(f"{seed}/clips")
    rest, clips = list(lines), list[Clip]()
    while rest:
        count = rng.randint(1, 4)
        chosen, rest = rest[:count], rest[count:]
        parts = [_silence(rng, 0.1, 0.5)]
        for line in chosen:
            parts += [say(line, len(rest)), _silence(rng, 0.15, 0.7)]
        sound = _over_background(0.5 * np.concatenate(parts), rng)
        clips.append(Clip(sound, " ".join(line.text for line in chosen)))
    return clips


def _normal(text: str) -> str:
    return " ".join(language.words(text))


def transcribe(model: Any, sound: Sound, spoken: str | None, chunk_s: int) -> tuple[str, str]:
    """The words and the language from whisperx, which cuts the sound at pauses into chunks of `chunk_s`."""
    result = model.transcribe(sound, batch_size=4, language=spoken, chunk_size=chunk_s)
    return " ".join(segment["text"].strip() for segment in result["segments"]), result["language"]


def figures(model: Any, clips: Sequence[Clip], spoken: str | None, chunk_s: int) -> Figures:
    results = [transcribe(model, clip.sound, spoken, chunk_s) for clip in clips]
    truths = [_normal(clip.text) for clip in clips]
    texts = [_normal(text) for text, _ in results]
    return Figures(
        clips=len(clips),
        words=sum(len(truth.split()) for truth in truths),
        word_error_rate=round(jiwer.wer(truths, texts), 4),
        whole_sentences_right=round(float(np.mean([t == x for t, x in zip(truths, texts, strict=True)])), 3),
        detected_spanish=round(float(np.mean([code == "es" for _, code in results])), 3),
    )


def wordless_words(model: Any, n: int, seconds: float, chunk_s: int) -> int:
    """For how many of `n` clips without words the model wrote some."""
    sounds = [np.zeros(int(seconds * RATE_HZ), np.float32)]
    sounds += [wordless(seed, seconds) for seed in range(10**7, 10**7 + n - 1)]
    return sum(bool(transcribe(model, sound, "es", chunk_s)[0].strip()) for sound in sounds)


def main(
    model: Annotated[Path, typer.Option(help="The folder to measure.")] = HERE,
    sentences: Annotated[int, typer.Option(help="How many sentences in each set.")] = 200,
    chunk_s: Annotated[int, typer.Option(help="The maximum length of whisperx's chunks.")] = 30,
    seed: Annotated[int, typer.Option(help="Decides sentences, voices and rooms.")] = 7,
) -> None:
    """Print the figures as JSON."""
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")
    import whisperx  # noqa: PLC0415  (half a minute)

    loaded = whisperx.load_model(str(model), "cpu", compute_type="int8", vad_method="pyannote")
    sets = {
        "seen voices": (held_out_lines(seed, sentences, SEEN_VARIANTS), "es"),
        "held-out voices": (held_out_lines(seed + 1, sentences, HELD_OUT_VARIANTS), "es"),
        "seen voices, language detected": (held_out_lines(seed + 2, sentences // 2, SEEN_VARIANTS), None),
        "English, language detected": (english_lines(seed, sentences // 4), None),
    }
    for name, (lines, spoken) in sets.items():
        print(json.dumps({name: asdict(figures(loaded, clips_of(lines, seed), spoken, chunk_s))}), flush=True)
    hallucinated = wordless_words(loaded, 36, 12.0, chunk_s)
    print(json.dumps({"clips without words that were transcribed as words, of 36": hallucinated}))


if __name__ == "__main__":
    typer.run(main)
