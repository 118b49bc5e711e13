"""openai-whisper, which the paper used: one file at a time, in windows of 30 s from beginning to end.

It supports its own weights and its own vocabulary only. Here it gets the same weights as the others, read from
CTranslate2's file, and its own tokenizer class with the model's vocabulary; its decoding is unchanged. It runs without
timestamps and without the previous text as a prompt, as the demo's model has seen neither in training. The paper's
intermediate mp3 file is left out.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import tiktoken
import torch
from faster_whisper.audio import decode_audio
from tokenizers import Tokenizer
from transformers.models.whisper.tokenization_whisper import bytes_to_unicode
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import Tokenizer as WhisperTokenizer

from bench.candidates.transcribe.task import Task, Transcriber
from bench.candidates.transcribe.weights import as_openai, dimensions, read

#: GPT-2's, which is also the pattern of ByteLevel in `tokenizers`.
_PARTS = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
_LANGUAGES = 99
_FIRST_SPECIAL = "<|endoftext|>"


def load(task: Task) -> Transcriber:
    asr = task.asr
    model = whisper(Path(asr["model"])).to(asr["device"])
    use_vocabulary(Path(asr["model"]))
    torch.manual_seed(0)  # a retry at a higher temperature is sampled
    options = {
        "language": asr["language"],
        "beam_size": asr["beam_size"],
        "temperature": task.temperatures,
        "fp16": asr["compute_type"] == "float16" or (asr["compute_type"], asr["device"]) == ("auto", "cuda"),
        "without_timestamps": True,
        "condition_on_previous_text": False,
    }
    # its own `load_audio` does the same, but needs the ffmpeg program, which not every machine has
    return lambda files: [str(model.transcribe(decode_audio(str(file)), **options)["text"]) for file in files]


def whisper(folder: Path) -> Any:
    """The network, with the weights from a folder for CTranslate2."""
    weights = read(folder / "model.bin")
    model = Whisper(ModelDimensions(**dimensions(weights)))
    model.load_state_dict({name: torch.from_numpy(value) for name, value in as_openai(weights).items()})
    return model.eval()


def use_vocabulary(folder: Path) -> None:
    """Make openai-whisper use a model's own vocabulary, from now on in this process."""
    vocabulary = encoding(folder / "tokenizer.json")

    @cache
    def tokenizer(_: bool, *, language: str, task: str, num_languages: int = _LANGUAGES) -> Any:
        del num_languages  # it derives the number from its own vocabulary's size
        return WhisperTokenizer(vocabulary, _LANGUAGES, language, task)

    # both modules have imported the function by name
    for module in ("whisper.decoding", "whisper.transcribe"):
        import_module(module).get_tokenizer = tokenizer  # type: ignore[attr-defined]


def encoding(tokenizer_file: Path) -> tiktoken.Encoding:
    """A byte-level vocabulary in tiktoken's form: a token that is merged earlier has a lower number."""
    vocabulary: Mapping[str, int] = Tokenizer.from_file(str(tokenizer_file)).get_vocab()
    first_special = vocabulary[_FIRST_SPECIAL]
    byte_of = {letter: byte for byte, letter in bytes_to_unicode().items()}
    return tiktoken.Encoding(
        tokenizer_file.parent.name,
        pat_str=_PARTS,
        mergeable_ranks={
            bytes(byte_of[letter] for letter in token): number
            for token, number in vocabulary.items()
            if number < first_special
        },
        special_tokens={token: number for token, number in vocabulary.items() if number >= first_special},
        explicit_n_vocab=len(vocabulary),
    )
