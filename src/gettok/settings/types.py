"""The settings of a run, typed and checked: frozen objects, one class for each group of `conf/`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gettok.engine import ENGINES
from gettok.settings.fields import (
    Address,
    Count,
    Day,
    Name,
    Positive,
    Section,
    Several,
    Share,
    Text,
    Texts,
    Words,
    as_tuple,
    one_of,
)
from gettok.settings.query import Query
from gettok.settings.registries import (
    ASR_BACKENDS,
    DOWNLOAD_BACKENDS,
    EMBEDDERS,
    FRAME_BACKENDS,
    OCR_BACKENDS,
)


class Event(Section):
    """An event for the timeline in the report."""

    day: Day
    label: Text


class StanceTarget(Section):
    """The person or matter that stances are about, and the labels to choose from."""

    target: Text
    labels: Annotated[Texts, Field(min_length=2)]


class Study(Section):
    name: Name
    title: Text
    query: Query
    start: Day
    end: Day
    events: Annotated[tuple[Event, ...], BeforeValidator(as_tuple)]
    stance: StanceTarget

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class Source(Section):
    """How videos are found, and where pages and files come from. The address `sandbox:` means the embedded sandbox."""

    kind: Literal["research_api", "ids", "zeeschuimer"]
    name: Name
    api: Address
    pages: Address
    window_days: Annotated[int, Field(ge=1, le=31)]
    file: Text | None

    @model_validator(mode="after")
    def _has_its_file(self) -> Self:
        if (self.file is None) != (self.kind == "research_api"):
            raise ValueError(
                f"the kind {self.kind} reads no file: set file to null"
                if self.file
                else f"the kind {self.kind} reads a file: name it as file, such as inputs/ids.csv"
            )
        return self


class CommentsSettings(Section):
    per_video: Positive
    requests_per_day: Positive


class UsersSettings(Section):
    requests_per_day: Positive


class Collect(Section):
    """How the client's daily quota is used. Comments and users are not asked for if their settings are `None`."""

    requests_per_day: Positive
    reserve: Count
    failure_share: Share
    on_quota: Literal["stop", "wait"]
    patience_days: Count
    canary: Words
    refresh_after_days: Positive
    comments: CommentsSettings | None
    users: UsersSettings | None

    @model_validator(mode="after")
    def _leaves_something_to_search_with(self) -> Self:
        taken = [part.requests_per_day for part in (self.comments, self.users) if part]
        if self.reserve + sum(taken) >= self.requests_per_day:
            raise ValueError(
                "reserve, comments and users together take all requests_per_day; none are left to search with"
            )
        return self


class Download(Section):
    """Where files come from, and the limits on requests for them. Only the backend `local` reads `folder`."""

    backend: Annotated[str, one_of(DOWNLOAD_BACKENDS)]
    folder: Text
    timeout_s: Positive
    max_attempts: Positive
    max_bytes: Positive
    keep_free_bytes: Count
    max_concurrency: Positive
    pause_s: Annotated[float, Field(ge=0)]
    trust_list: Text | None


class Frames(Section):
    """Which frames are extracted: every `stride`-th, one in `every_s` seconds, or the first of each scene.

    Of these, a frame is kept if it differs from the last kept one in at least `min_hash_distance` of 64 bits; `None`
    keeps all.
    """

    backend: Annotated[str, one_of(FRAME_BACKENDS)]
    select: Literal["stride", "seconds", "scenes"]
    stride: Positive
    every_s: Annotated[float, Field(gt=0)]
    scene_threshold: Annotated[float, Field(gt=0)]
    max_frames: Positive
    min_hash_distance: Annotated[int, Field(ge=1, le=64)] | None
    longest_edge: Positive
    jpeg_quality: Annotated[int, Field(ge=1, le=95)]


class Asr(Section):
    """Which speech model transcribes, and how. Speech is cut to `chunk_s` and padded with silence to `window_s`."""

    backend: Annotated[str, one_of(ASR_BACKENDS)]
    model: Text
    revision: str | None
    device: Literal["auto", "cpu", "cuda"]
    compute_type: Text
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None
    vad: Literal["silero", "pyannote"]
    batch_size: Positive
    chunk_s: Annotated[int, Field(ge=1, le=30)]
    window_s: Annotated[int, Field(ge=1, le=30)]
    beam_size: Positive
    min_speech_ratio: Share
    align: Text | None

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if self.chunk_s > self.window_s:
            raise ValueError(f"chunk_s ({self.chunk_s}) is longer than window_s ({self.window_s})")
        compute_types = ("auto", *ASR_BACKENDS[self.backend].compute_types)
        if self.compute_type not in compute_types:
            raise ValueError(
                f"the backend {self.backend} has no compute_type {self.compute_type}, but {', '.join(compute_types)}"
            )
        return self


class Prices(Section):
    """US dollars for a million tokens."""

    input_usd_per_million: Annotated[float, Field(ge=0)]
    output_usd_per_million: Annotated[float, Field(ge=0)]


class ImageTokens(Section):
    """How a host counts images: `low` tokens in low detail, else `base` plus `square` for each square of 512 pixels."""

    low: Count
    base: Count
    square: Count


class Batch(Section):
    """Ask in files of at most this many requests and bytes, and check every `poll_s` seconds for their answers."""

    requests: Positive
    bytes: Positive
    poll_s: Annotated[float, Field(gt=0)]


class Voter(Section):
    """A further model of the same endpoint."""

    model: Text
    prices: Prices


class Llm(Section):
    """An OpenAI-compatible endpoint, and how to ask it. `sandbox:` means the embedded sandbox.

    `votes`, `confidence` and `extra_models` are about stances only: no description depends on them.
    """

    base_url: Address
    api_key_env: Text
    model: Text
    temperature: float | None
    max_tokens: Positive
    max_tokens_param: Literal["max_completion_tokens", "max_tokens"]
    structured_output: Literal["strict", "object", "none"]
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

    @model_validator(mode="after")
    def _has_one_confidence(self) -> Self:
        if len(set(self.models)) != len(self.models):
            raise ValueError(f"extra_models names a model twice: {', '.join(self.models)}")
        if self.confidence == "logprobs" and (self.votes > 1 or self.extra_models):
            raise ValueError("confidence logprobs needs a single answer: votes 1, and no extra_models")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that judges a stance, in the order asked."""
        return (self.model, *(other.model for other in self.extra_models))

    def prices_of(self, model: str) -> Prices | None:
        """A model's prices, if they are set."""
        if model == self.model:
            return self.prices
        return {other.model: other.prices for other in self.extra_models}.get(model)

    def alone(self, model: str) -> "Llm":
        """The same endpoint with this model alone."""
        changes = {"model": model, "prices": self.prices_of(model), "extra_models": ()}
        return self.model_copy(update=changes)


class Prompt(Section):
    """A prompt's name and text."""

    name: Name
    text: Text


StanceInput = Literal["transcript", "description", "on_screen_text", "caption", "frame"]


class StancePrompt(Section):
    """A prompt, with `{target}` and `{labels}` to be filled in from the study, and the inputs that the model gets."""

    name: Name
    text: Text
    inputs: Annotated[Several[StanceInput], Field(min_length=1)]


class Prompts(Section):
    describe: Prompt
    stance: StancePrompt


def _with_label(instruction: str) -> str:
    if "{label}" not in instruction:
        raise ValueError("must have {label} in place of the wanted label")
    return instruction


class PromptInjection(Section):
    """How many videos get prompt injection variants, the instructions in them, and the texts of the control."""

    videos: Positive
    instructions: Annotated[Several[Annotated[Text, AfterValidator(_with_label)]], Field(min_length=1)]
    control_texts: Annotated[Words, Field(min_length=1)]


class Ocr(Section):
    """OCR of the frames that a model is shown, to compare with the model's on-screen text."""

    backend: Annotated[str, one_of(OCR_BACKENDS)]
    min_confidence: Share
    max_concurrency: Positive


class Embedder(Section):
    """What turns texts into vectors. `model` and `revision` are read by the kind `transformer` alone."""

    kind: Annotated[str, one_of(EMBEDDERS)]
    model: str | None
    revision: str | None


class Release(Section):
    """What others get: `ids_only`, `derived` (no captions, names or images), or `full`."""

    form: Literal["ids_only", "derived", "full"]


class Report(Section):
    """Whether hashtags that differ only in case or accents count as one: `folded` if so, else `verbatim`."""

    hashtags: Literal["folded", "verbatim"]


class EngineSettings(Section):
    """How work is spread. In no stage's params, since it cannot change a result."""

    name: Annotated[str, one_of(ENGINES)]
    workers: Positive | None


class Settings(Section):
    about: Text
    conf_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    study: Study
    source: Source
    collect: Collect
    download: Download
    frames: Frames
    asr: Asr
    llm: Llm
    prompts: Prompts
    #: `None`: no variants.
    prompt_injection: PromptInjection | None
    #: `None`: no OCR.
    ocr: Ocr | None
    embedder: Embedder
    release: Release
    report: Report
    engine: EngineSettings
