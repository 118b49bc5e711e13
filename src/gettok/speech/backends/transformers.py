"""Whisper on the transformers library: any checkpoint as its authors published it, without a conversion.

It searches as ctranslate2 does, and so writes the same words from the same weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from gettok.errors import BadSettings
from gettok.media.audio import RATE_HZ, Sound, seconds
from gettok.speech.models import suppress_warnings
from gettok.speech.recognizer import Request, Result

# torch and transformers take some 10 s to import
_late = import_module

_DTYPES = ("float32", "float16", "bfloat16")
_POSITIONS_PER_S = 50
_NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")
#: What torch and its libraries say, apart from `out of memory`, when there is none left.
_NO_ROOM = ("not enough memory", "can't allocate memory", "ALLOC_FAILED")
_ENGLISH_ONLY_TOKENS = 51_864
#: What the libraries raise at a folder that holds something else, or half of it.
CANNOT_READ = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class _Tokens:
    """The tokens that steer a Whisper; one of English only has no `languages`, and `after` follows its start."""

    start: int
    end: int
    languages: Mapping[str, int]
    after: tuple[int, ...]
    no_speech: int

    def prompt(self, language: str) -> list[int]:
        spoken = [self.languages[language]] if self.languages else []
        return [self.start, *spoken, *self.after]


class TransformersRecognizer:
    """A `Writer` over a folder in which transformers keeps a Whisper.

    `dtype` auto is float16 on a GPU and float32 elsewhere; `beam_size` 1 is a greedy search. A window shorter than
    the model's own is quicker, and strange to a model that was trained on its own alone.

    A stretch's company in a batch moves its log-probabilities in their last digits. Those of float16 are coarse: two
    words that are all but equally likely may change places.
    """

    lanes = 1

    def __init__(
        self,
        folder: Path,
        *,
        device: str = "auto",
        dtype: str = "auto",
        beam_size: int = 5,
        window_s: int = 30,
    ) -> None:
        place = chosen_device(device)
        with suppress_warnings():
            try:
                model, self._tokenizer, self._extractor = _loaded(folder, _dtype(dtype, place))
                self._tokens = _tokens(model, self._tokenizer)
            except (*CANNOT_READ, _late("safetensors").SafetensorError) as error:
                raise _cannot_load(folder, str(error)) from error
        _narrow(model, window_s)
        self._model = model.to(place).eval()
        self._beam_size, self._window_s = beam_size, window_s

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._tokens.languages) or frozenset({"en"})

    def write(self, batch: Sequence[Request]) -> list[Result]:
        for asked in batch:
            self._check(asked)
        if not batch:
            return []
        with memory_by_name(), _late("torch").inference_mode():
            heard = self._hear([asked.sound for asked in batch])
            first = self._first_step(heard)
            spoken = self._spoken(first, [asked.language for asked in batch])
            silent = first.softmax(-1)[:, self._tokens.no_speech].tolist()
            texts = self._search(heard, [language for language, _ in spoken])
        return [
            Result(text, language, probability, avg_logprob, no_speech_prob)
            for (text, avg_logprob), (language, probability), no_speech_prob in zip(
                texts, spoken, silent, strict=True
            )
        ]

    def _check(self, asked: Request) -> None:
        if seconds(asked.sound) > self._window_s:
            raise ValueError(f"{seconds(asked.sound)} s of sound, and a window of {self._window_s} s")
        if asked.language is not None and asked.language not in self.languages:
            raise ValueError(f"the model does not know the language {asked.language!r}")

    def _hear(self, sounds: Sequence[Sound]) -> Any:
        """Shape (stretches, positions, width): each stretch, and silence up to the window's end."""
        features = self._extractor(
            list(sounds),
            sampling_rate=RATE_HZ,
            padding="max_length",
            max_length=self._window_s * RATE_HZ,
            return_tensors="pt",
            device=str(self._model.device),
        ).input_features
        encoder = self._model.get_encoder()
        return encoder(features.to(self._model.device, self._model.dtype)).last_hidden_state

    def _first_step(self, heard: Any) -> Any:
        """Scores of what follows the start token: languages, and no speech. Shape (stretches, vocabulary)."""
        start = heard.new_full((heard.shape[0], 1), self._tokens.start, dtype=_late("torch").long)
        made = self._model(encoder_outputs=(heard,), decoder_input_ids=start, use_cache=False)
        return made.logits[:, -1].float()

    def _spoken(self, first: Any, wanted: Sequence[str | None]) -> list[tuple[str, float]]:
        """Each stretch's language, the likeliest where none is wanted, and its probability among all languages."""
        codes = list(self._tokens.languages)
        if not codes:
            return [("en", 1.0)] * len(wanted)
        chances = first[:, list(self._tokens.languages.values())].softmax(-1).tolist()
        heard = [dict(zip(codes, row, strict=True)) for row in chances]
        spoken = [code or max(row, key=row.__getitem__) for code, row in zip(wanted, heard, strict=True)]
        return [(code, row[code]) for code, row in zip(spoken, heard, strict=True)]

    def _search(self, heard: Any, languages: Sequence[str]) -> list[tuple[str, float]]:
        """Each stretch's text and mean log-probability."""
        torch, library = _late("torch"), transformers_library()
        prompts = [self._tokens.prompt(language) for language in languages]
        # not Whisper's own `generate`: it is made for long sound, with fallbacks that would ask again at random
        made = library.GenerationMixin.generate(
            self._model,
            encoder_outputs=library.modeling_outputs.BaseModelOutput(last_hidden_state=heard),
            decoder_input_ids=torch.tensor(prompts, device=heard.device),
            generation_config=self._generation(len(prompts[0])),
            use_model_defaults=False,
        )
        rows = made.sequences[:, len(prompts[0]) :].tolist()
        written = [row[: row.index(self._tokens.end)] if self._tokens.end in row else row for row in rows]
        steps = [len(tokens) + (self._tokens.end in row) for tokens, row in zip(written, rows, strict=True)]
        found = list(zip(written, _sums(made, steps), strict=True))
        beams = self._beam_size
        return [self._best(found[first : first + beams]) for first in range(0, len(found), beams)]

    def _generation(self, prompt_tokens: int) -> Any:
        """A search that ends with as many finished texts as beams, within half of the tokens that fit."""
        told, most = self._model.generation_config, int(self._model.config.max_target_positions)
        return transformers_library().GenerationConfig(
            do_sample=False,
            num_beams=self._beam_size,
            num_return_sequences=self._beam_size,
            early_stopping=self._beam_size > 1,
            renormalize_logits=True,
            max_new_tokens=min(most // 2, most - prompt_tokens),
            suppress_tokens=told.suppress_tokens or None,
            begin_suppress_tokens=told.begin_suppress_tokens or None,
            eos_token_id=self._tokens.end,
            pad_token_id=self._tokens.end,
            decoder_start_token_id=self._tokens.start,
            return_dict_in_generate=True,
            output_scores=True,
        )

    def _best(self, texts: Sequence[tuple[Sequence[int], float]]) -> tuple[str, float]:
        """The text with the best mean over its tokens without the end, which is how Whisper ranks.

        The library counts the end too, which favours short texts.
        """
        tokens, total = max(texts, key=lambda found: found[1] / max(len(found[0]), 1))
        # every token from the end token on is an instruction, a language or a time
        spelt = [token for token in tokens if token < self._tokens.end]
        text = self._tokenizer.decode(spelt, clean_up_tokenization_spaces=False)
        return str(text), total / (len(tokens) + 1)


def load(
    folder: Path, device: str, compute_type: str, window_s: int, beam_size: int
) -> TransformersRecognizer:
    """Raises `BadSettings` if the folder holds no such model, or the device cannot run it so."""
    return TransformersRecognizer(
        folder, device=device, dtype=compute_type, beam_size=beam_size, window_s=window_s
    )


def _sums(made: Any, steps: Sequence[int]) -> list[float]:
    """Each text's log-probability, out of what a search of so many steps for each gave back."""
    if made.get("sequences_scores") is not None:
        means = made.sequences_scores.tolist()
        return [mean * count for mean, count in zip(means, steps, strict=True)]
    # a greedy search: what was chosen is the greatest
    chosen = _late("torch").stack([scores.amax(-1) for scores in made.scores], dim=1).tolist()
    return [sum(row[:count]) for row, count in zip(chosen, steps, strict=True)]


def _loaded(folder: Path, dtype: str) -> tuple[Any, Any, Any]:
    """The model, its tokenizer and its feature extractor, out of files in the folder alone."""
    library = transformers_library()
    model, told = library.WhisperForConditionalGeneration.from_pretrained(
        folder, dtype=getattr(_late("torch"), dtype), local_files_only=True, output_loading_info=True
    )
    if told["missing_keys"]:
        # the library would make up what the files lack
        raise ValueError(f"the weights lack {min(told['missing_keys'])}")
    tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return model, tokenizer, library.WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)


def _tokens(model: Any, tokenizer: Any) -> _Tokens:
    known = tokenizer.get_vocab()
    languages = _languages(model, known)
    task = ["<|transcribe|>"] if languages else []
    return _Tokens(
        start=known["<|startoftranscript|>"],
        end=known["<|endoftext|>"],
        languages=languages,
        after=tuple(known[token] for token in [*task, "<|notimestamps|>"]),
        no_speech=known[next((token for token in _NO_SPEECH if token in known), _NO_SPEECH[0])],
    )


def _languages(model: Any, known: Mapping[str, int]) -> dict[str, int]:
    """Codes and their tokens; none for a model of English only, whose vocabulary may hold unused ones.

    Older checkpoints do not say which languages they know.
    """
    told = model.generation_config
    if not getattr(told, "is_multilingual", model.config.vocab_size != _ENGLISH_ONLY_TOKENS):
        return {}
    codes = _late("transformers.models.whisper.tokenization_whisper").LANGUAGES
    named = getattr(told, "lang_to_id", None) or {
        token: known[token] for token in (f"<|{code}|>" for code in codes) if token in known
    }
    return {token.strip("<|>"): number for token, number in named.items()}


def _narrow(model: Any, window_s: int) -> None:
    """Cut the encoder's table of positions, whose length is what the library asks sound to have."""
    table, positions = model.get_encoder().embed_positions, window_s * _POSITIONS_PER_S
    if not 0 < positions <= table.num_embeddings:
        raise BadSettings(
            f"a window of {window_s} s, where the speech model hears {table.num_embeddings / _POSITIONS_PER_S:g} s",
            "stopped before the first video",
            "choose a window that is no longer than the model's",
        )
    narrow = _late("torch").nn.Embedding.from_pretrained(table.weight[:positions].clone())
    model.get_encoder().embed_positions = narrow
    model.config.max_source_positions = positions


def _dtype(wanted: str, device: str) -> str:
    if wanted == "auto":
        return "float16" if device.startswith("cuda") else "float32"
    if wanted in _DTYPES:
        return wanted
    raise BadSettings(
        f"the transformers library does not compute in {wanted!r}",
        "stopped before the first video",
        f"choose auto or one of {', '.join(_DTYPES)}",
    )


def chosen_device(wanted: str) -> str:
    """`auto` is the GPU where there is one."""
    there = _late("torch").cuda.is_available()
    if wanted == "auto":
        return "cuda" if there else "cpu"
    if wanted.startswith("cuda") and not there:
        raise BadSettings(
            f"the device is set to {wanted}, and torch finds no GPU",
            "stopped before the first video",
            "choose device: auto or cpu, or check the GPU's driver with nvidia-smi",
        )
    return wanted


def transformers_library() -> Any:
    """The library, without its advice and its progress bars, which would run into ours."""
    library = _late("transformers")
    library.logging.set_verbosity_error()
    library.logging.disable_progress_bar()
    _late("huggingface_hub").logging.set_verbosity_error()
    return library


@contextmanager
def memory_by_name() -> Iterator[None]:
    """Call each way of torch to say that memory is short `out of memory`."""
    try:
        yield
    except RuntimeError as error:
        if any(sign in str(error) for sign in _NO_ROOM):
            raise RuntimeError(f"out of memory: {error}") from error
        raise


def _cannot_load(folder: Path, why: str) -> BadSettings:
    return BadSettings(
        f"the speech model {folder} cannot be loaded: {why}",
        "stopped before the first video",
        "set asr.model to a Whisper that transformers can load, with its tokenizer and preprocessor_config.json",
    )
