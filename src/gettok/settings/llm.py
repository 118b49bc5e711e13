"""The settings about models that are asked: their endpoint, the prompts, and the prompt injection variants."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gettok.settings.fields import (
    Address,
    Count,
    EnvironmentVariable,
    Name,
    Positive,
    Section,
    Several,
    Text,
    Words,
    WrongSetting,
    as_tuple,
)

#: What a model takes beside text: the extracted frames, the video itself, its sound.
Sense = Literal["frames", "video", "sound"]

#: A word or more between single quotes that are no apostrophes.
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)")


class Prices(Section):
    """US dollars for a million tokens.

    Tokens that come from the host's cache cost like others if their price is None. They never cost more, as a budget
    takes all for full.
    """

    input_usd_per_million: Annotated[float, Field(ge=0)]
    output_usd_per_million: Annotated[float, Field(ge=0)]
    cached_input_usd_per_million: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _takes_no_more_for_what_is_cached(self) -> Self:
        if (self.cached_input_usd_per_million or 0) > self.input_usd_per_million:
            raise WrongSetting(
                ["cached_input_usd_per_million"],
                "is more than input_usd_per_million: set null for the same price",
            )
        return self


class ImageTokens(Section):
    """How a host counts images: `low` tokens in low detail, else `base` plus `square` for each square of 512 pixels."""

    low: Count
    base: Count
    square: Count


class ClipSettings(Section):
    """How a video and its sound are sent: no longer than `max_s`, the pictures scaled to `max_side` pixels at `fps`.

    The last two are how a host counts them, in tokens.
    """

    max_side: Annotated[int, Field(ge=16)]
    fps: Annotated[float, Field(gt=0, le=60)]
    max_s: Positive
    with_sound: bool
    tokens_per_frame: Count
    tokens_per_s_of_sound: Count


class Batch(Section):
    """Ask in files of at most this many requests and bytes, and check every `poll_s` seconds for their answers."""

    requests: Positive
    bytes: Positive
    poll_s: Annotated[float, Field(gt=0)]


class Voter(Section):
    """A further model of the same endpoint."""

    model: Text
    prices: Prices


class Cascade(Section):
    """A larger model of the same endpoint, asked about the videos of which `llm.model` is not sure enough.

    How sure is enough is chosen from people's labels, so that the error of what is kept is at most `error` at the upper
    end of its 95 % interval. With fewer than `min_labels` of them for a variable, nothing is kept.
    """

    model: Text
    prices: Prices
    error: Annotated[float, Field(gt=0, lt=1)]
    min_labels: Positive


class Llm(Section):
    """An OpenAI-compatible endpoint, and how to ask it. `sandbox:` means the embedded sandbox.

    `votes`, `confidence`, `extra_models` and `cascade` are about annotations only: no description depends on them.
    """

    base_url: Address
    api_key_env: EnvironmentVariable
    model: Text
    temperature: Annotated[float, Field(ge=0, le=2)] | None
    max_tokens: Positive
    max_tokens_param: Literal["max_completion_tokens", "max_tokens"]
    structured_output: Literal["strict", "object", "none"]
    sees: Annotated[Several[Sense], Field(min_length=1)]
    clip: ClipSettings
    max_frames: Positive
    image_detail: Literal["low", "high", "auto"]
    votes: Positive
    confidence: Literal["votes", "logprobs"]
    extra_models: Annotated[tuple[Voter, ...], BeforeValidator(as_tuple)]
    timeout_s: Positive
    max_attempts: Positive
    max_concurrency: Positive
    budget_usd: Annotated[float, Field(gt=0)] | None
    image_tokens: ImageTokens
    #: `None`: one call for each question.
    batch: Batch | None
    prices: Prices | None
    #: `None`: `model` alone counts.
    cascade: Cascade | None

    @model_validator(mode="after")
    def _can_be_a_cascade(self) -> Self:
        if self.cascade is None:
            return self
        if self.cascade.model == self.model or self.extra_models:
            raise ValueError(
                "cascade asks a small model first and another one again: its model is not llm.model, and extra_models "
                "is empty, as these vote on every video"
            )
        if self.votes == 1 and self.confidence == "votes":
            raise ValueError("cascade needs a confidence: set confidence to logprobs, or votes to 3 or more")
        return self

    @model_validator(mode="after")
    def _has_one_confidence(self) -> Self:
        if len(set(self.models)) != len(self.models):
            raise ValueError(f"extra_models names a model twice: {', '.join(self.models)}")
        if self.confidence == "logprobs" and (self.votes > 1 or self.extra_models):
            raise ValueError("confidence logprobs needs a single answer: votes 1, and no extra_models")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that annotates, in the order asked."""
        return (self.model, *(other.model for other in self.extra_models))

    @property
    def all_models(self) -> tuple[str, ...]:
        """Every model that may be asked."""
        return (*self.models, *([self.cascade.model] if self.cascade else []))

    def prices_of(self, model: str) -> Prices | None:
        """A model's prices, if they are set."""
        if model == self.model:
            return self.prices
        others: tuple[Voter | Cascade, ...] = (*self.extra_models, *([self.cascade] if self.cascade else []))
        return {other.model: other.prices for other in others}.get(model)

    def alone(self, model: str) -> "Llm":
        """The same endpoint with this model alone."""
        changes = {"model": model, "prices": self.prices_of(model), "extra_models": (), "cascade": None}
        return self.model_copy(update=changes)


class Prompt(Section):
    """A prompt's name and text."""

    name: Name
    text: Text


class CodebookPrompt(Section):
    """Instructions of the user's own for some groups of the codebook; those of the others are made from the codebook.

    `{target}` is replaced by the study's target, and `{labels}` by the labels of the group's only variable.
    """

    name: Name
    texts: Mapping[Name, Text]

    def unnamed(self, group: str, labels: Iterable[str]) -> list[str]:
        """The labels that a text does not offer: it must have them in single quotes, or be for any labels."""
        text = self.texts[group]
        return [label for label in labels if not ("{labels}" in text or f"'{label}'" in text)]

    def other_labels(self, group: str, labels: Collection[str]) -> list[str]:
        """What a text has in single quotes and is none of the labels, if it names labels of its own."""
        text = self.texts[group]
        quoted = [] if "{labels}" in text else _QUOTED.findall(text)
        return [word for word in dict.fromkeys(quoted) if word not in labels]


class Prompts(Section):
    describe: Prompt
    codebook: CodebookPrompt


def _with_label(instruction: str) -> str:
    if "{label}" not in instruction:
        raise ValueError("must have {label} in place of the wanted label")
    return instruction


class PromptInjection(Section):
    """How many videos get prompt injection variants, the instructions in them, and the texts of the control."""

    videos: Positive
    instructions: Annotated[Several[Annotated[Text, AfterValidator(_with_label)]], Field(min_length=1)]
    control_texts: Annotated[Words, Field(min_length=1)]
