"""Train the demo's speech model on the books of features; time decides when it ends.

    python -m sandbox.speech.train --folder /tmp/speech --minutes 40

Phases go from short single sentences to the whole 30-second windows in which the model will be used. The
seed fixes the data and the first weights; the result still depends on the machine, as the number of steps
that fit into the time does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy, ctc_loss

from sandbox.corpus import language
from sandbox.speech.clips import Clip, Mixer, Plan, batches
from sandbox.speech.features import BANDS, open_book
from sandbox.speech.network import LETTERS, NOTHING, Listener, restored, save, train_tokenizer

PEAK_RATE, WARM_UP_STEPS, AVERAGING = 2e-3, 150, 0.998
SPELLING_WEIGHT = 0.5
IGNORED = -100
PHASES = (  # from this share of the time on
    (0.0, Plan(1, 8, wordless_share=0.02, rows_in_a_batch=7_000, whole_window=False)),
    (0.40, Plan(3, 14, wordless_share=0.05, rows_in_a_batch=9_000, whole_window=False)),
    (0.74, Plan(4, 25, wordless_share=0.07, rows_in_a_batch=15_000, whole_window=True)),
)


@dataclass(frozen=True)
class Batch:
    """Features (clips, 80, rows), tokens in, tokens due, letters due and how many letters each clip has."""

    features: Tensor
    tokens: Tensor
    due: Tensor
    letters: Tensor
    spelled: Tensor


def _features(clips: Sequence[Clip], whole_window: bool) -> Tensor:
    rows = 3000 if whole_window else max(len(clip.features) for clip in clips)
    filled = torch.empty(len(clips), BANDS, rows + rows % 2)
    for place, clip in enumerate(clips):
        filled[place] = clip.padding
        filled[place, :, : len(clip.features)] = torch.from_numpy(clip.features.T)
    return filled


def _answer(clip: Clip, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Tokens given and tokens due; a clip without words is due `<|nospeech|>`, then the empty token."""
    head = ["<|startoftranscript|>", f"<|{clip.language}|>", "<|transcribe|>", "<|notimestamps|>"]
    start = [tokenizer.token_to_id(token) for token in head]
    end = tokenizer.token_to_id("<|endoftext|>")
    if not clip.text:
        nothing = tokenizer.token_to_id(NOTHING)
        silent = tokenizer.token_to_id("<|nospeech|>")
        return [*start, nothing], [silent, IGNORED, IGNORED, nothing, end]
    text = tokenizer.encode(" " + clip.text).ids
    return [*start, *text], [start[1], IGNORED, IGNORED, *text, end]


def _letters(text: str) -> list[int]:
    return [LETTERS.index(letter) + 1 for letter in " ".join(language.words(text))]


def _padded(rows: Sequence[list[int]], filler: int) -> Tensor:
    longest = max(1, *(len(row) for row in rows)) if len(rows) > 1 else max(1, len(rows[0]))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def batch_of(clips: Sequence[Clip], tokenizer: Tokenizer, whole_window: bool) -> Batch:
    answers = [_answer(clip, tokenizer) for clip in clips]
    letters = [_letters(clip.text) for clip in clips]
    return Batch(
        _features(clips, whole_window),
        _padded([given for given, _ in answers], tokenizer.token_to_id("<|endoftext|>")),
        _padded([due for _, due in answers], IGNORED),
        _padded(letters, 0),
        torch.tensor([len(row) for row in letters]),
    )


def losses(listener: Listener, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mean loss of writing (nats a token) and of spelling (nats a letter)."""
    with torch.autocast("cpu", torch.bfloat16):
        heard = listener.hear(batch.features)
        scores = listener.write(heard, batch.tokens)
    writing = cross_entropy(scores.float().flatten(0, 1), batch.due.flatten(), ignore_index=IGNORED)
    return writing, _spelling(listener.spell(heard.float()), batch)


def _spelling(letters: Tensor, batch: Batch) -> Tensor:
    # without letters the loss has nothing to be divided by, and would drown that of every other clip
    some = batch.spelled > 0
    if not some.any():
        return letters.sum() * 0
    lengths = torch.full((int(some.sum()),), letters.shape[0])
    chosen = (letters[:, some], batch.letters[some], lengths, batch.spelled[some])
    loss: Tensor = ctc_loss(*chosen, zero_infinity=True)
    return loss


def _plan(share: float) -> Plan:
    return next(plan for start, plan in reversed(PHASES) if share >= start)


def _rate(step: int, share: float) -> float:
    """The learning rate: a short rise, then half a cosine down to a fiftieth over the time."""
    return PEAK_RATE * min(1.0, step / WARM_UP_STEPS) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))


def _average(averaged: dict[str, Tensor], listener: Listener, step: int) -> None:
    keep = min(AVERAGING, step / (step + 10))
    for name, value in listener.whole.state_dict().items():
        averaged[name].lerp_(value, 1 - keep)


def _shares(minutes: float, first: float) -> Iterator[float]:
    """The share of the plan that is done, from `first` until all is, at the pace of the clock."""
    begun = time.monotonic()
    while (gone := (time.monotonic() - begun) / (60 * minutes)) < 1:
        yield first + (1 - first) * gone


def learn(
    listener: Listener, tokenizer: Tokenizer, mixer: Mixer, shares: Iterator[float], folder: Path
) -> None:
    """Train as long as shares of the plan come; weights are saved every 100 steps and at the end."""
    optimiser = torch.optim.AdamW(listener.whole.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
    averaged = {name: value.clone() for name, value in listener.whole.state_dict().items()}
    plan, drawn = PHASES[0][1], batches(mixer, PHASES[0][1])
    for step, share in enumerate(shares, 1):
        if _plan(share) is not plan:
            plan = _plan(share)
            drawn = batches(mixer, plan)
        optimiser.param_groups[0]["lr"] = _rate(step, share)
        writing, spelling = losses(listener, batch_of(next(drawn), tokenizer, plan.whole_window))
        optimiser.zero_grad()
        (writing + SPELLING_WEIGHT * spelling).backward()
        torch.nn.utils.clip_grad_norm_(listener.whole.parameters(), 1.0)
        optimiser.step()
        _average(averaged, listener, step)
        if step % 50 == 0:
            print(f"{share:.3f} step {step} writing {writing:.3f} spelling {spelling:.3f}", flush=True)
        if step % 100 == 0:
            save(listener, averaged, folder)
    save(listener, averaged, folder)


def main(
    folder: Annotated[Path, typer.Option(help="Where the books are and the weights go.")],
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Decides the first weights and every clip.")] = 2022,
    onward: Annotated[float, typer.Option(help="Go on from `weights.pt`, at this share of the plan.")] = 0.0,
) -> None:
    """Train, from nothing or onward; leaves `tokenizer.json` and `weights.pt` in the folder."""
    torch.manual_seed(seed)
    spoken = open_book(folder / "training")
    tokenizer = train_tokenizer(spoken.texts)
    tokenizer.save(str(folder / "tokenizer.json"))
    mixer = Mixer(spoken, open_book(folder / "backgrounds"), seed + round(1000 * onward))
    listener = restored(folder, tokenizer, averaged=True) if onward else Listener(tokenizer)
    learn(listener, tokenizer, mixer, _shares(minutes, onward), folder)


if __name__ == "__main__":
    typer.run(main)
