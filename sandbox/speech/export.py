"""Converts trained weights to the folder that whisperx loads: CTranslate2 in int8, with its tokenizer.

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

from sandbox.speech.network import NOTHING, SPECIAL_TOKENS, load_weights

HERE = Path(__file__).parent / "whisper_demo"
COPIED = ("tokenizer.json", "preprocessor_config.json")


def _generation(tokenizer: Tokenizer) -> GenerationConfig:
    """What a decoder must know about the tokens; the heads of the last decoder layer give the alignment."""
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


def write_transformers_folder(
    whisper: WhisperForConditionalGeneration, tokenizer_file: Path, folder: Path
) -> None:
    """Write the model in the format of transformers, which the converter reads too."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    whisper.generation_config = _generation(tokenizer)
    whisper.save_pretrained(folder)
    special = {"eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    shutil.copyfile(tokenizer_file, folder / "tokenizer.json")
    WhisperFeatureExtractor(feature_size=whisper.config.num_mel_bins).save_pretrained(folder)


def convert(source: Path, target: Path, quantization: str) -> None:
    """Write the folder that CTranslate2 loads."""
    TransformersConverter(str(source), copy_files=list(COPIED)).convert(
        str(target), quantization=quantization
    )
    if NOTHING not in json.loads((target / "vocabulary.json").read_text()):
        raise ValueError(
            "the vocabulary lacks the empty token, so CTranslate2 would treat the model as English-only"
        )


def _remove_indentation(tokenizer: Path) -> None:
    """Rewrite the tokenizer without indentation, which is most of the file."""
    tokenizer.write_text(json.dumps(json.loads(tokenizer.read_text()), ensure_ascii=False))


def main(
    folder: Annotated[Path, typer.Option(help="Where training left `weights.pt` and `tokenizer.json`.")],
    to: Annotated[Path, typer.Option(help="The folder to replace.")] = HERE,
    averaged: Annotated[bool, typer.Option(help="Use the averaged weights instead of the last ones.")] = True,
) -> None:
    """Convert to int8, and replace the folder in one rename."""
    with tempfile.TemporaryDirectory(dir=to.parent) as scratch:
        source, target = Path(scratch, "transformers"), Path(scratch, "ctranslate2")
        tokenizer_file = folder / "tokenizer.json"
        model = load_weights(folder, Tokenizer.from_file(str(tokenizer_file)), averaged=averaged)
        write_transformers_folder(model.whisper, tokenizer_file, source)
        convert(source, target, "int8")
        _remove_indentation(target / "tokenizer.json")
        shutil.rmtree(to, ignore_errors=True)
        target.rename(to)


if __name__ == "__main__":
    typer.run(main)
