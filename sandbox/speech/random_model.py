"""A Whisper model of any size with random weights, for benches and tests; it needs no download.

    python -m sandbox.speech.random_model --folder /tmp/large --shape large-v3

Its text is meaningless, but takes as long as that of a real model and depends on the sound. Every answer consists of
words and has the same number of tokens. The network itself ends it there, so that callers need not know the length. The
tokenizer is the demo's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import torch
import typer
from tokenizers import AddedToken, Tokenizer
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from sandbox.speech.export import HERE, convert, write_transformers_folder
from sandbox.speech.network import SPECIAL_TOKENS, Shape, build

#: `small`, `large-v3` and `large-v3-turbo` have the sizes of OpenAI's models of these names, their vocabularies too.
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "tiny": Shape(width=256, heads=4, encoder_layers=4, decoder_layers=4),
        "small": Shape(width=768, heads=12, encoder_layers=12, decoder_layers=12, vocabulary=51_865),
        "large-v3": Shape(
            width=1280, heads=20, encoder_layers=32, decoder_layers=32, bands=128, vocabulary=51_866
        ),
        "large-v3-turbo": Shape(
            width=1280, heads=20, encoder_layers=32, decoder_layers=4, bands=128, vocabulary=51_866
        ),
    }
)
TOKENS = 40
SEED = 2022

# Start, language, task and "no timestamps" come before an answer.
_PROMPT_TOKENS = 4
_WORD_PIECE = re.compile(r" ?[a-záéíóúüñ]+", re.IGNORECASE)
#: Two reserved dimensions of the decoder's residual stream: one ends the answer, the other is a constant.
_CLOCK, _ALWAYS = 0, 1
#: The spread of the tokens' scores, and the weight on tokens that are forced or forbidden.
_SPREAD, _FORCE = 4.0, 40.0
_GAIN: Mapping[str, float] = MappingProxyType(
    {"conv": 3.0, "q_proj": 1.5, "k_proj": 1.5, "encoder_attn.out_proj": 2.0}
)


def write(
    folder: Path,
    shape: str | Shape,
    *,
    tokens: int = TOKENS,
    number_format: str = "float32",
    seed: int = SEED,
) -> tuple[Path, Path]:
    """Write the same weights as a folder for transformers and one for CTranslate2, in `float32` or `float16`.

    An answer has `tokens` tokens if it is requested without timestamps and without the previous text as a prompt.
    """
    for_transformers, for_ctranslate2 = folder / "transformers", folder / "ctranslate2"
    size = shape if isinstance(shape, Shape) else SHAPES[shape]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer_file = folder / "tokenizer.json"
    _tokenizer(size).save(str(tokenizer_file))
    whisper = _network(size, Tokenizer.from_file(str(tokenizer_file)), tokens, seed)
    if number_format == "float16":
        whisper.half()
    write_transformers_folder(whisper, tokenizer_file, for_transformers)
    del whisper  # frees the memory before the converter loads it again
    convert(for_transformers, for_ctranslate2, number_format)
    return for_transformers, for_ctranslate2


def _tokenizer(shape: Shape) -> Tokenizer:
    """The demo's, with unused tokens at its end, which no answer has."""
    tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    unused = range(tokenizer.get_vocab_size(), shape.vocabulary)
    tokenizer.add_special_tokens([AddedToken(f"<|unused {number}|>", special=True) for number in unused])
    return tokenizer


def _network(shape: Shape, tokenizer: Tokenizer, tokens: int, seed: int) -> WhisperForConditionalGeneration:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        whisper = build(tokenizer, shape)
    with torch.no_grad():
        _spread(whisper)
        _end_after(whisper.model.decoder, tokens, tokenizer.token_to_id(SPECIAL_TOKENS[0]))
        _speak_words(whisper.model.decoder, tokenizer)
    return whisper.eval()


def _spread(whisper: Any) -> None:
    """Enlarge the weights, so that sound and position decide the text; the initial ones almost ignore the sound."""
    config, decoder = whisper.config, whisper.model.decoder
    for name, weight in whisper.named_parameters():
        if weight.ndim > 1 and "embed" not in name:
            gain = next((factor for part, factor in _GAIN.items() if part in name), 1.0)
            weight.mul_(gain * weight[0].numel() ** -0.5 / config.init_std)
    for table in (decoder.embed_tokens.weight, decoder.embed_positions.weight):
        table.mul_(_SPREAD * config.d_model**-0.5 / config.init_std)
    # otherwise a token's own score is the highest after it, as input and output share one embedding table
    decoder.layer_norm.weight.copy_(decoder.embed_positions.weight[-1].sign())


def _end_after(decoder: Any, tokens: int, end: int) -> None:
    """Make the end token's score follow the position alone: no layer writes to the reserved dimension."""
    for layer in decoder.layers:
        for last in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
            last.weight[_CLOCK], last.bias[_CLOCK] = 0, 0
    places = decoder.embed_positions.weight
    places[:, _CLOCK] = _SPREAD
    places[: _PROMPT_TOKENS - 1 + tokens, _CLOCK] = -_SPREAD
    decoder.layer_norm.weight[_CLOCK] = _FORCE
    embedded: Tensor = decoder.embed_tokens.weight
    embedded[:, _CLOCK] = 0
    embedded[end] = 0
    embedded[end, _CLOCK] = _SPREAD


def _speak_words(decoder: Any, tokenizer: Tokenizer) -> None:
    """Suppress tokens that are not part of a word, including special tokens."""
    decoder.layer_norm.weight[_ALWAYS] = 0
    decoder.layer_norm.bias[_ALWAYS] = _FORCE / _SPREAD
    embedded: Tensor = decoder.embed_tokens.weight
    embedded[:, _ALWAYS] = 0
    end = tokenizer.token_to_id(SPECIAL_TOKENS[0])
    for token in range(tokenizer.get_vocab_size()):
        if token != end and not _WORD_PIECE.fullmatch(tokenizer.decode([token])):
            embedded[token, _ALWAYS] = -_SPREAD


def main(
    folder: Annotated[Path, typer.Option(help="Where to write `transformers/` and `ctranslate2/`.")],
    shape: Annotated[str, typer.Option(help=f"One of {', '.join(SHAPES)}.")] = "tiny",
    tokens: Annotated[int, typer.Option(help="The length of every answer.")] = TOKENS,
    number_format: Annotated[str, typer.Option(help="float32 or float16.")] = "float32",
    seed: Annotated[int, typer.Option(help="Decides the weights.")] = SEED,
) -> None:
    """Write both folders."""
    write(folder, shape, tokens=tokens, number_format=number_format, seed=seed)


if __name__ == "__main__":
    typer.run(main)
