"""openai-whisper, which the paper used: one file at a time, in windows of 30 s from its beginning to its end.

It knows its own weights and its own vocabulary only. Here it gets the same weights as the others, read out of
CTranslate2's file, and a tokenizer of its own class that holds the model's vocabulary; its decoding is untouched.
Without timestamps and without words from before, which the demo's model has never seen. The paper's detour by an mp3 is
left out.
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

from bench.speech_lanes.task import Task, Transcriber
from bench.speech_lanes.weights import as_openai, dimensions, read

#: GPT-2's, which is also the pattern of ByteLevel in `tokenizers`.
_PARTS = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
_LANGUAGES = 99
_FIRST_SPECIAL = "<|endoftext|>"


def opened(task: Task) -> Transcriber:
    asr = task.asr
    model = whisper(Path(asr["model"])).to(asr["device"])
    speak(Path(asr["model"]))
    torch.manual_seed(0)  # a second try is sampled
    options = {
        "language": asr["language"],
        "beam_size": asr["beam_size"],
        "temperature": task.temperatures,
        "fp16": asr["compute_type"] == "float16",
        "without_timestamps": True,
        "condition_on_previous_text": False,
    }
    # its own `load_audio` does the same by an FFmpeg program, which is not everywhere
    return lambda files: [str(model.transcribe(decode_audio(str(file)), **options)["text"]) for file in files]


def whisper(folder: Path) -> Any:
    """The network, with the weights of a folder for CTranslate2."""
    weights = read(folder / "model.bin")
    model = Whisper(ModelDimensions(**dimensions(weights)))
    model.load_state_dict({name: torch.from_numpy(value) for name, value in as_openai(weights).items()})
    return model.eval()


def speak(folder: Path) -> None:
    """Have openai-whisper read and write in a model's own vocabulary, from here on in this process."""
    words = encoding(folder / "tokenizer.json")

    @cache
    def tokenizer(_: bool, *, language: str, task: str, num_languages: int = _LANGUAGES) -> Any:
        del num_languages  # it counts them by the size of its own vocabulary
        return WhisperTokenizer(words, _LANGUAGES, language, task)

    # both modules hold the function by name
    for module in ("whisper.decoding", "whisper.transcribe"):
        import_module(module).get_tokenizer = tokenizer  # type: ignore[attr-defined]


def encoding(tokenizer_file: Path) -> tiktoken.Encoding:
    """A byte-level vocabulary as tiktoken keeps it: what is put together first has the lower number."""
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
