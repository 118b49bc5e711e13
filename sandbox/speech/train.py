"""Trains the demo's speech model on the stored features for a given time.

    python -m sandbox.speech.train --folder /tmp/speech --minutes 40

Phases go from single short sentences to the full 30-second windows of later use. The seed fixes the data and
the initial weights; the result still depends on the machine, because the number of steps in the time does.
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
from sandbox.speech.features import BANDS, open_features
from sandbox.speech.network import LETTERS, NOTHING, SpeechModel, load_weights, save, train_tokenizer

PEAK_RATE, WARM_UP_STEPS, AVERAGING = 2e-3, 150, 0.998
CTC_WEIGHT = 0.5
IGNORED = -100
PHASES = (  # from this share of the time on
    (0.0, Plan(1, 8, wordless_share=0.02, rows_per_batch=7_000, whole_window=False)),
    (0.40, Plan(3, 14, wordless_share=0.05, rows_per_batch=9_000, whole_window=False)),
    (0.74, Plan(4, 25, wordless_share=0.07, rows_per_batch=15_000, whole_window=True)),
)


@dataclass(frozen=True)
class Batch:
    """Features (clips, 80, rows), input tokens, target tokens, target letters, and the number of letters per clip."""

    features: Tensor
    tokens: Tensor
    targets: Tensor
    letters: Tensor
    letter_counts: Tensor


def _features(clips: Sequence[Clip], whole_window: bool) -> Tensor:
    rows = 3000 if whole_window else max(len(clip.features) for clip in clips)
    filled = torch.empty(len(clips), BANDS, rows + rows % 2)
    for place, clip in enumerate(clips):
        filled[place] = clip.padding
        filled[place, :, : len(clip.features)] = torch.from_numpy(clip.features.T)
    return filled


def _answer(clip: Clip, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Input and target tokens; the target of a clip without words is `<|nospeech|>`, then the empty token."""
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
        _padded([tokens for tokens, _ in answers], tokenizer.token_to_id("<|endoftext|>")),
        _padded([targets for _, targets in answers], IGNORED),
        _padded(letters, 0),
        torch.tensor([len(row) for row in letters]),
    )


def losses(model: SpeechModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """The mean losses of the decoder (nats per token) and of the CTC head (nats per letter)."""
    with torch.autocast("cpu", torch.bfloat16):
        encoded = model.encode(batch.features)
        scores = model.decode(encoded, batch.tokens)
    decoder_loss = cross_entropy(scores.float().flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
    return decoder_loss, _ctc(model.ctc_log_probabilities(encoded.float()), batch)


def _ctc(letters: Tensor, batch: Batch) -> Tensor:
    # a clip without letters has no normaliser, and its loss would dominate that of all other clips
    has_letters = batch.letter_counts > 0
    if not has_letters.any():
        return letters.sum() * 0
    lengths = torch.full((int(has_letters.sum()),), letters.shape[0])
    chosen = (letters[:, has_letters], batch.letters[has_letters], lengths, batch.letter_counts[has_letters])
    loss: Tensor = ctc_loss(*chosen, zero_infinity=True)
    return loss


def _plan(share: float) -> Plan:
    return next(plan for start, plan in reversed(PHASES) if share >= start)


def _rate(step: int, share: float) -> float:
    """The learning rate: a short warm-up, then half a cosine down to a fiftieth."""
    return PEAK_RATE * min(1.0, step / WARM_UP_STEPS) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))


def _average(averaged: dict[str, Tensor], model: SpeechModel, step: int) -> None:
    keep = min(AVERAGING, step / (step + 10))
    for name, value in model.modules.state_dict().items():
        averaged[name].lerp_(value, 1 - keep)


def _shares(minutes: float, first: float) -> Iterator[float]:
    """The completed share of the plan, from `first` to 1, by the clock."""
    begun = time.monotonic()
    while (elapsed := (time.monotonic() - begun) / (60 * minutes)) < 1:
        yield first + (1 - first) * elapsed


def learn(
    model: SpeechModel, tokenizer: Tokenizer, mixer: Mixer, shares: Iterator[float], folder: Path
) -> None:
    """Train until `shares` ends; weights are saved every 100 steps and at the end."""
    optimiser = torch.optim.AdamW(model.modules.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
    averaged = {name: value.clone() for name, value in model.modules.state_dict().items()}
    plan, drawn = PHASES[0][1], batches(mixer, PHASES[0][1])
    for step, share in enumerate(shares, 1):
        if _plan(share) is not plan:
            plan = _plan(share)
            drawn = batches(mixer, plan)
        optimiser.param_groups[0]["lr"] = _rate(step, share)
        decoder_loss, ctc = losses(model, batch_of(next(drawn), tokenizer, plan.whole_window))
        optimiser.zero_grad()
        (decoder_loss + CTC_WEIGHT * ctc).backward()
        torch.nn.utils.clip_grad_norm_(model.modules.parameters(), 1.0)
        optimiser.step()
        _average(averaged, model, step)
        if step % 50 == 0:
            print(f"{share:.3f} step {step} decoder {decoder_loss:.3f} CTC {ctc:.3f}", flush=True)
        if step % 100 == 0:
            save(model, averaged, folder)
    save(model, averaged, folder)


def main(
    folder: Annotated[Path, typer.Option(help="Where the features are, and where to write the weights.")],
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Decides the initial weights and every clip.")] = 2022,
    resume_at: Annotated[
        float, typer.Option(help="Resume from `weights.pt`, at this share of the plan.")
    ] = 0.0,
) -> None:
    """Train from scratch or resume; writes `tokenizer.json` and `weights.pt` to the folder."""
    torch.manual_seed(seed)
    spoken = open_features(folder / "training")
    tokenizer = train_tokenizer(spoken.texts)
    tokenizer.save(str(folder / "tokenizer.json"))
    mixer = Mixer(spoken, open_features(folder / "backgrounds"), seed + round(1000 * resume_at))
    model = load_weights(folder, tokenizer, averaged=True) if resume_at else SpeechModel(tokenizer)
    learn(model, tokenizer, mixer, _shares(minutes, resume_at), folder)


if __name__ == "__main__":
    typer.run(main)
