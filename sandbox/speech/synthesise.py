"""Computes the features that training reads: of spoken sentences, and of backgrounds without words.

python -m sandbox.speech.synthesise --folder /tmp/speech
"""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
import typer

from sandbox.speech.features import raw_features, write_features
from sandbox.speech.recipe import (
    HELD_OUT_VARIANTS,
    SEEN_VARIANTS,
    Line,
    Voice,
    held_out_lines,
    say,
    training_lines,
    wordless,
)

BACKGROUND_S = 30.0
NO_SPEECH = Line("", "", Voice("", 0, 0), 0.0)
Spoken = tuple[Line, npt.NDArray[np.float16]]


def _spoken(numbered: tuple[int, Line]) -> Spoken:
    torch.set_num_threads(1)
    number, line = numbered
    return line, raw_features(say(line, number))


def _backgrounds(seed: int, n: int) -> Iterator[Spoken]:
    for number in range(n):
        yield NO_SPEECH, raw_features(wordless(seed * n + number, BACKGROUND_S))


def main(
    folder: Annotated[Path, typer.Option(help="Where to write the features; about 1.2 GB.")],
    lines: Annotated[int, typer.Option(help="Sentences to speak.")] = 20_000,
    backgrounds: Annotated[int, typer.Option(help="Backgrounds of 30 s.")] = 180,
    seed: Annotated[int, typer.Option(help="Decides every sentence, voice and room.")] = 2022,
) -> None:
    """Speak the training sentences and two small held-out sets; the same seed gives the same features."""
    write_features(folder / "backgrounds", _backgrounds(seed, backgrounds))
    with Pool(2) as workers:
        for name, chosen in (
            ("seen_voices", held_out_lines(seed, 200, SEEN_VARIANTS)),
            ("unheard_voices", held_out_lines(seed + 1, 200, HELD_OUT_VARIANTS)),
            ("training", training_lines(seed, lines)),
        ):
            write_features(folder / name, workers.imap(_spoken, enumerate(chosen), chunksize=16))


if __name__ == "__main__":
    typer.run(main)
