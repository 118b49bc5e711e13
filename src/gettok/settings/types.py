"""The settings of a run, typed and checked: frozen objects, one class for each group of `conf/`."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from gettok.engine import ENGINES
from gettok.settings.citation import Citation
from gettok.settings.codebook import Codebook
from gettok.settings.fields import (
    Address,
    Count,
    Day,
    Labels,
    Language,
    Name,
    Positive,
    Section,
    Share,
    StudyDay,
    Text,
    Words,
    WrongSetting,
    as_tuple,
    one_of,
)
from gettok.settings.llm import Llm, PromptInjection, Prompts, Sense
from gettok.settings.query import Query
from gettok.settings.registries import (
    ASR_BACKENDS,
    DOWNLOAD_BACKENDS,
    EMBEDDERS,
    FRAME_BACKENDS,
    OCR_BACKENDS,
)
from gettok.tables.forms import Form


class Event(Section):
    """An event for the timeline in the report."""

    day: Day
    label: Text


class StanceTarget(Section):
    """The person or matter that stances are about, and the labels to choose from."""

    target: Text
    labels: Annotated[Labels, Field(min_length=2)]


class Study(Section):
    name: Name
    title: Text
    query: Query
    start: StudyDay
    end: StudyDay
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
                else f"the kind {self.kind} reads a file: name it as file, such as inputs/collect/ids.csv"
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
    language: Language | None
    vad: Literal["silero", "pyannote"]
    batch_size: Positive
    chunk_s: Annotated[int, Field(ge=1, le=30)]
    window_s: Annotated[int, Field(ge=1, le=30)]
    beam_size: Positive
    min_speech_ratio: Share
    max_sound_s: Positive
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


class Ocr(Section):
    """OCR of the frames that a model is shown. `recognizer` is a model's file; None for the backend's own."""

    backend: Annotated[str, one_of(OCR_BACKENDS)]
    recognizer: Text | None
    min_confidence: Share
    max_concurrency: Positive


class Embedder(Section):
    """What turns texts into vectors. `model` and `revision` are read by the kind `transformer` alone."""

    kind: Annotated[str, one_of(EMBEDDERS)]
    model: str | None
    revision: str | None


class TermsOfUse(Section):
    """What the terms that a person signed ask for: how often data are refreshed, and what may be shared.

    If they are not binding, nothing is refused for a refresh that is overdue.
    """

    name: Name
    refresh_days: Positive
    is_binding: bool
    forms: Annotated[tuple[Form, ...], BeforeValidator(as_tuple)]


class Release(Section):
    """What others get; `gettok.tables.forms` says what each form has. `smallest_group` is for the form `public`."""

    form: Form
    smallest_group: Positive
    although_overdue: bool


class Report(Section):
    """Whether hashtags that differ only in case or accents count as one: `folded` if so, else `verbatim`."""

    hashtags: Literal["folded", "verbatim"]


class EngineSettings(Section):
    """How work is spread. In no stage's params, since it cannot change a result. All but `workers` are for `ray`."""

    name: Annotated[str, one_of(ENGINES)]
    workers: Positive | None
    address: Text | None
    cpus: Annotated[float, Field(gt=0)]
    gpus: Annotated[float, Field(ge=0)]
    memory_bytes: Positive | None
    media: Literal["bytes", "path"]
    bytes_in_flight: Positive


class PlanFigures(Section):
    """What a plan on paper counts with; shares of videos or of candidates, bytes, and seconds of one core."""

    returned_share: Annotated[float, Field(gt=0, le=1)]
    media_share: Share
    authors_share: Share
    media_bytes_per_s: Positive
    frame_bytes: Positive
    text_bytes: Positive
    asr_times_real_time: Annotated[float, Field(gt=0)]
    frame_core_s: Annotated[float, Field(ge=0)]
    ocr_core_s: Annotated[float, Field(ge=0)]
    node_cores: Positive
    node_gpus: Positive


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
    codebook: Codebook
    prompts: Prompts
    #: `None`: no variants.
    prompt_injection: PromptInjection | None
    #: `None`: no OCR.
    ocr: Ocr | None
    embedder: Embedder
    terms: TermsOfUse
    release: Release
    citation: Citation
    report: Report
    plan: PlanFigures
    engine: EngineSettings

    @model_validator(mode="after")
    def _releases_what_the_terms_allow(self) -> Self:
        if self.release.form not in self.terms.forms:
            raise WrongSetting(
                ["release", "form"],
                f"the terms {self.terms.name!r} allow the forms {', '.join(self.terms.forms)}, not "
                f"{self.release.form}: choose another one, or add it to terms.forms if what you signed allows it",
            )
        return self

    @model_validator(mode="after")
    def _asks_about_what_the_model_takes(self) -> Self:
        for name, variable in self.codebook.variables.items():
            senses = [each for each in variable.inputs if each in get_args(Sense)]
            if lacking := ", ".join(each for each in senses if each not in self.llm.sees):
                raise WrongSetting(
                    ["codebook", "variables", name, "inputs"],
                    f"{name} is to be judged by {lacking}, which llm.sees ({', '.join(self.llm.sees)}) leaves out: add "
                    f"{lacking} to llm.sees if the host takes it, which `gettok doctor` finds out, or give the "
                    "variable other inputs",
                )
        return self

    @model_validator(mode="after")
    def _has_prompts_for_its_groups(self) -> Self:
        prompt, groups = self.prompts.codebook, self.codebook.groups
        for name, text in prompt.texts.items():
            if name not in groups:
                raise WrongSetting(
                    ["prompts", "codebook", "texts", name],
                    f"the prompt {prompt.name!r} has a text for the group {name!r}, and the codebook "
                    f"{self.codebook.name!r} has {', '.join(groups)}: choose another, such as "
                    "prompts/codebook=rendered",
                )
            variables = list(groups[name].values())
            if len(variables) > 1 and "{labels}" in text:
                raise WrongSetting(
                    ["prompts", "codebook", "texts", name],
                    f"the prompt {prompt.name!r} has {{labels}} for the group {name!r}, which has "
                    f"{len(variables)} variables: write their labels in its place",
                )
            if unnamed := prompt.unnamed(name, [label for each in variables for label in each.label_names]):
                raise WrongSetting(
                    ["prompts", "codebook", "texts", name],
                    f"the prompt {prompt.name!r} does not name the labels {unnamed} of the group {name!r}: choose a "
                    "prompt that has {labels} in it, such as prompts/codebook=evidence, or give it the prompt's labels",
                )
        return self
