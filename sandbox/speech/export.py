"""Turn trained weights into the folder that whisperx loads: ctranslate2, int8, with its tokenizer.

python -m sandbox.speech.export --folder /tmp/speech
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from sandbox.speech.network import NOTHING, SPECIAL_TOKENS, restored

HERE = Path(__file__).parent / "whisper_demo"
COPIED = ("tokenizer.json", "preprocessor_config.json")


def _generation(tokenizer: Tokenizer) -> GenerationConfig:
    """What a decoder must know of the tokens; the head of the last layer stands for the alignment."""
    end, start = (tokenizer.token_to_id(token) for token in SPECIAL_TOKENS[:2])
    languages = SPECIAL_TOKENS[2:101]
    return GenerationConfig(
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=[],
        begin_suppress_tokens=[end],
        lang_to_id={token: tokenizer.token_to_id(token) for token in languages},
        is_multilingual=True,
        alignment_heads=[[1, 0], [1, 1], [1, 2], [1, 3]],
    )


def atomic_write(whisper: WhisperForConditionalGeneration, tokenizer_file: Path, place: Path) -> None:
    """Write the model as transformers keeps it, which is also what the converter reads."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    whisper.generation_config = _generation(tokenizer)
    whisper.save_pretrained(place)
    ending = {"eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **ending).save_pretrained(place)
    shutil.copyfile(tokenizer_file, place / "tokenizer.json")
    WhisperFeatureExtractor(feature_size=whisper.config.num_mel_bins).save_pretrained(place)


def convert(whole: Path, small: Path, quantization: str) -> None:
    """Write the folder that ctranslate2 loads."""
    TransformersConverter(str(whole), copy_files=list(COPIED)).convert(str(small), quantization=quantization)
    if NOTHING not in json.loads((small / "vocabulary.json").read_text()):
        raise ValueError("the vocabulary lost its empty token: ctranslate2 would take it for English only")


def _smaller(tokenizer: Path) -> None:
    """Write the tokenizer without its indentation, which is most of the file."""
    tokenizer.write_text(json.dumps(json.loads(tokenizer.read_text()), ensure_ascii=False))


def main(
    folder: Annotated[Path, typer.Option(help="Where training left `weights.pt` and `tokenizer.json`.")],
    to: Annotated[Path, typer.Option(help="The folder to replace.")] = HERE,
    averaged: Annotated[bool, typer.Option(help="The averaged weights, or the last ones.")] = True,
) -> None:
    """Convert to int8 and replace the folder in one move."""
    with tempfile.TemporaryDirectory(dir=to.parent) as scratch:
        whole, small = Path(scratch, "whole"), Path(scratch, "small")
        tokenizer_file = folder / "tokenizer.json"
        listener = restored(folder, Tokenizer.from_file(str(tokenizer_file)), averaged=averaged)
        atomic_write(listener.whisper, tokenizer_file, whole)
        convert(whole, small, "int8")
        _smaller(small / "tokenizer.json")
        shutil.rmtree(to, ignore_errors=True)
        small.rename(to)


if __name__ == "__main__":
    typer.run(main)
