"""Whisper on the transformers library: any checkpoint as its authors published it, without a conversion.

It searches as CTranslate2 does, so the same weights give the same text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from gettok.errors import BadSettings
from gettok.media.recording import RATE_HZ, Sound, seconds
from gettok.models.hub import Model, transformers_model
from gettok.models.loading import (
    LOCAL,
    UNREADABLE,
    ModelUse,
    cannot_load,
    fastest_compute_type,
    suppress_warnings,
    torch_device,
    transformers_library,
    uniform_oom,
)
from gettok.settings import Asr
from gettok.speech.recognizer import LanguageOdds, Request, Result, languages_of, likeliest

USE = ModelUse(
    "speech model",
    "asr.model",
    "stopped before the first video",
    "set asr.model to a Whisper that transformers can load, with its tokenizer and preprocessor_config.json",
)
_DTYPES = ("float32", "float16", "bfloat16")
_POSITIONS_PER_S = 50
_NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")
_ENGLISH_ONLY_TOKENS = 51_864


def find(asr: Asr) -> Model:
    return transformers_model(asr.model, asr.revision, USE)


def device(asr: Asr) -> str:
    return torch_device(asr.device)


def compute_type(asr: Asr) -> str:
    if asr.compute_type == "auto":
        return fastest_compute_type(device(asr), ("float16", "float32"))
    if asr.compute_type in _DTYPES:
        return asr.compute_type
    raise BadSettings(
        f"the transformers library does not compute in {asr.compute_type!r}",
        USE.stopped,
        f"choose auto or one of {', '.join(_DTYPES)}",
    )


def load(folder: Path, asr: Asr) -> "TransformersRecognizer":
    place, dtype = device(asr), compute_type(asr)
    with suppress_warnings():
        try:
            model, tokenizer, extractor = _loaded(folder, dtype)
            tokens = _control_tokens(model, tokenizer)
        except (*UNREADABLE, import_module("safetensors").SafetensorError) as error:
            raise cannot_load(USE, str(folder), str(error)) from error
    _narrow(model, asr.window_s)
    return TransformersRecognizer(model.to(place).eval(), tokenizer, extractor, tokens, asr)


@dataclass(frozen=True)
class _ControlTokens:
    """The tokens that control a Whisper. A model of English has no `languages`; `after` follows the language."""

    start: int
    end: int
    languages: Mapping[str, int]
    after: tuple[int, ...]
    no_speech: int

    def prompt(self, language: str) -> list[int]:
        spoken = [self.languages[language]] if self.languages else []
        return [self.start, *spoken, *self.after]


class TransformersRecognizer:
    """A loaded model.

    A window shorter than the model's own is faster, but new to a model that was trained on its own window alone.

    Which chunks share a batch moves the log-probabilities in their last digits. Those of float16 are coarse: two words
    that are almost equally likely may change places.
    """

    concurrency = 1
    workers = 1

    def __init__(self, model: Any, tokenizer: Any, extractor: Any, tokens: _ControlTokens, asr: Asr) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._extractor = extractor
        self._tokens = tokens
        self._beam_size, self._window_s = asr.beam_size, asr.window_s

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._tokens.languages) or frozenset({"en"})

    def detect(self, sounds: Sequence[Sound]) -> list[LanguageOdds]:
        self._check([Request(sound, None) for sound in sounds])
        if not sounds:
            return []
        with uniform_oom(), import_module("torch").inference_mode():
            return self._odds(self._first_scores(self._encode(sounds)))

    def transcribe(self, batch: Sequence[Request]) -> list[Result]:
        self._check(batch)
        if not batch:
            return []
        with uniform_oom(), import_module("torch").inference_mode():
            encoded = self._encode([request.sound for request in batch])
            scores = self._first_scores(encoded)
            detected = self._odds(scores)
            languages = [
                request.language or likeliest(odds) for request, odds in zip(batch, detected, strict=True)
            ]
            silence = scores.softmax(-1)[:, self._tokens.no_speech].tolist()
            texts = self._search(encoded, languages)
        return [
            Result(text, language, odds, avg_logprob, no_speech_prob)
            for (text, avg_logprob), language, odds, no_speech_prob in zip(
                texts, languages, detected, silence, strict=True
            )
        ]

    def _check(self, batch: Sequence[Request]) -> None:
        for request in batch:
            if seconds(request.sound) > self._window_s:
                raise ValueError(f"{seconds(request.sound)} s of sound, and a window of {self._window_s} s")
            if request.language is not None and request.language not in self.languages:
                raise ValueError(f"the model does not know the language {request.language!r}")

    def _encode(self, sounds: Sequence[Sound]) -> Any:
        """Shape (chunks, positions, width): each chunk, padded with silence to the window."""
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

    def _first_scores(self, encoded: Any) -> Any:
        """Scores of what follows the start token: languages, and no speech. Shape (chunks, vocabulary)."""
        start = encoded.new_full((encoded.shape[0], 1), self._tokens.start, dtype=import_module("torch").long)
        output = self._model(encoder_outputs=(encoded,), decoder_input_ids=start, use_cache=False)
        return output.logits[:, -1].float()

    def _odds(self, scores: Any) -> list[LanguageOdds]:
        codes = list(self._tokens.languages)
        if not codes:
            return [{"en": 1.0}] * scores.shape[0]
        odds = scores[:, list(self._tokens.languages.values())].softmax(-1).tolist()
        return [dict(zip(codes, row, strict=True)) for row in odds]

    def _search(self, encoded: Any, languages: Sequence[str]) -> list[tuple[str, float]]:
        """Each chunk's text and mean log-probability."""
        torch, library = import_module("torch"), transformers_library()
        prompts = [self._tokens.prompt(language) for language in languages]
        # not Whisper's own `generate`: it is made for long sound, and falls back to sampling at random
        output = library.GenerationMixin.generate(
            self._model,
            encoder_outputs=library.modeling_outputs.BaseModelOutput(last_hidden_state=encoded),
            decoder_input_ids=torch.tensor(prompts, device=encoded.device),
            generation_config=self._generation(len(prompts[0])),
            use_model_defaults=False,
        )
        end = self._tokens.end
        rows = output.sequences[:, len(prompts[0]) :].tolist()
        texts = [row[: row.index(end)] if end in row else row for row in rows]
        steps = [len(tokens) + (end in row) for tokens, row in zip(texts, rows, strict=True)]
        beams = list(zip(texts, _sums(output, steps), strict=True))
        size = self._beam_size
        return [self._best(beams[first : first + size]) for first in range(0, len(beams), size)]

    def _generation(self, prompt_tokens: int) -> Any:
        """A search that ends with as many finished texts as beams, within half of the tokens that fit."""
        own, limit = self._model.generation_config, int(self._model.config.max_target_positions)
        return transformers_library().GenerationConfig(
            do_sample=False,
            num_beams=self._beam_size,
            num_return_sequences=self._beam_size,
            early_stopping=self._beam_size > 1,
            renormalize_logits=True,
            max_new_tokens=min(limit // 2, limit - prompt_tokens),
            suppress_tokens=own.suppress_tokens or None,
            begin_suppress_tokens=own.begin_suppress_tokens or None,
            eos_token_id=self._tokens.end,
            pad_token_id=self._tokens.end,
            decoder_start_token_id=self._tokens.start,
            return_dict_in_generate=True,
            output_scores=True,
        )

    def _best(self, beams: Sequence[tuple[Sequence[int], float]]) -> tuple[str, float]:
        """The text with the best mean over its tokens without the end, which is how Whisper ranks.

        The library counts the end, too, which favours short texts.
        """
        tokens, total = max(beams, key=lambda beam: beam[1] / max(len(beam[0]), 1))
        # every token from the end token on is a control token
        words = [token for token in tokens if token < self._tokens.end]
        text = self._tokenizer.decode(words, clean_up_tokenization_spaces=False)
        return str(text), total / (len(tokens) + 1)


def _sums(output: Any, steps: Sequence[int]) -> list[float]:
    """Each text's log-probability, from the output of a search with so many steps for each text."""
    if output.get("sequences_scores") is not None:
        means = output.sequences_scores.tolist()
        return [mean * count for mean, count in zip(means, steps, strict=True)]
    # a greedy search gives no sums; it chose the greatest score at each step
    chosen = import_module("torch").stack([scores.amax(-1) for scores in output.scores], dim=1).tolist()
    return [sum(row[:count]) for row, count in zip(chosen, steps, strict=True)]


def _loaded(folder: Path, dtype: str) -> tuple[Any, Any, Any]:
    """The model, its tokenizer and its feature extractor, from files in the folder alone."""
    library = transformers_library()
    model, loading_info = library.WhisperForConditionalGeneration.from_pretrained(
        folder,
        dtype=getattr(import_module("torch"), dtype),
        local_files_only=True,
        output_loading_info=True,
    )
    if loading_info["missing_keys"]:
        # the library would fill what the files lack with random weights
        raise ValueError(f"the weights lack {min(loading_info['missing_keys'])}")
    tokenizer = library.AutoTokenizer.from_pretrained(folder, **LOCAL)
    return model, tokenizer, library.WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)


def _control_tokens(model: Any, tokenizer: Any) -> _ControlTokens:
    vocabulary = tokenizer.get_vocab()
    languages = _languages(model, vocabulary)
    task = ["<|transcribe|>"] if languages else []
    return _ControlTokens(
        start=vocabulary["<|startoftranscript|>"],
        end=vocabulary["<|endoftext|>"],
        languages=languages,
        after=tuple(vocabulary[token] for token in [*task, "<|notimestamps|>"]),
        no_speech=vocabulary[next((token for token in _NO_SPEECH if token in vocabulary), _NO_SPEECH[0])],
    )


def _languages(model: Any, vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Codes and their tokens; none for a model of English, whose vocabulary may hold unused ones.

    Of the languages that a checkpoint names, those that its vocabulary has, too; older ones name none.
    """
    config = model.generation_config
    if not getattr(config, "is_multilingual", model.config.vocab_size != _ENGLISH_ONLY_TOKENS):
        return {}
    known = languages_of(vocabulary)
    named = getattr(config, "lang_to_id", None)
    codes = known & languages_of(named) if named else known
    return {code: vocabulary[f"<|{code}|>"] for code in sorted(codes)}


def _narrow(model: Any, window_s: int) -> None:
    """Cut the encoder's table of positions: the library requires sound of exactly that length."""
    table, positions = model.get_encoder().embed_positions, window_s * _POSITIONS_PER_S
    if not 0 < positions <= table.num_embeddings:
        raise BadSettings(
            f"a window of {window_s} s, where the speech model hears {table.num_embeddings / _POSITIONS_PER_S:g} s",
            USE.stopped,
            "choose a window that is no longer than the model's",
        )
    narrow = import_module("torch").nn.Embedding.from_pretrained(table.weight[:positions].clone())
    model.get_encoder().embed_positions = narrow
    model.config.max_source_positions = positions
