"""The settings of a run, typed and checked: `params.yaml` in, frozen objects out.

The whole file is checked whichever part is used, so that a wrong key stops a run before its first request. `select`
then leaves only the parts that a stage declares in dvc.yaml: reading any other raises `AttributeError`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from gettok.errors import BadSettings
from gettok.regions import REGION_CODES

S = TypeVar("S", bound=BaseModel)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    raise ValueError('must be a day as quoted text, such as "2022-11-20"')


def _region(value: str) -> str:
    if value not in REGION_CODES:
        raise ValueError(
            f"{value!r} is not a region code of the Research API (two upper-case letters, quoted)"
        )
    return value


def _tag(value: str) -> str:
    if value.startswith("#") or not value.strip():
        raise ValueError(f"{value!r} must be a hashtag without '#'")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names a value twice")
    return values


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple), AfterValidator(_distinct)]
Regions = Annotated[
    tuple[Annotated[str, AfterValidator(_region)], ...], BeforeValidator(_as_tuple), AfterValidator(_distinct)
]
Tags = Annotated[
    tuple[Annotated[Text, AfterValidator(_tag)], ...], BeforeValidator(_as_tuple), AfterValidator(_distinct)
]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Query(_Section):
    """What a video must match: any of the keywords and hashtags, and the region if one is named."""

    keywords: Texts
    hashtags: Tags
    regions: Regions

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.keywords or self.hashtags):
            raise ValueError("needs at least one keyword or hashtag")
        return self


class Event(_Section):
    """Something that happened, for the timeline in the report."""

    day: Day
    label: Text


class StanceTarget(_Section):
    """Whom or what a stance is about, and the labels to choose from."""

    target: Text
    labels: Annotated[Texts, Field(min_length=2)]


class Study(_Section):
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Text
    query: Query
    start: Day
    end: Day
    events: Annotated[tuple[Event, ...], BeforeValidator(_as_tuple)]
    stance: StanceTarget

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class Source(_Section):
    """Where pages and videos come from. `sandbox:` as an address stands for the embedded sandbox."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    api: Text
    pages: Text
    window_days: Annotated[int, Field(ge=1, le=31)]


class Download(_Section):
    backend: Literal["page", "ytdlp", "pyktok"]
    timeout_s: Positive
    tries: Positive
    max_bytes: Positive
    at_once: Positive


class Frames(_Section):
    stride: Positive
    max_frames: Positive
    longest_edge: Positive
    jpeg_quality: Annotated[int, Field(ge=1, le=95)]


class Asr(_Section):
    model: Text
    revision: str | None
    device: Literal["auto", "cpu", "cuda"]
    compute_type: Literal["auto", "int8", "int8_float16", "float16", "float32"]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None
    batch_size: Positive
    chunk_s: Annotated[int, Field(ge=1, le=30)]
    beam_size: Positive
    min_speech_ratio: Share


class Prices(_Section):
    """US dollars for a million tokens."""

    input_usd_per_million: Annotated[float, Field(ge=0)]
    output_usd_per_million: Annotated[float, Field(ge=0)]


class Llm(_Section):
    """An OpenAI-compatible endpoint, and how to ask it. `sandbox:` stands for the embedded sandbox."""

    base_url: Text
    key_from: Text
    model: Text
    temperature: float | None
    max_tokens: Positive
    max_frames: Positive
    image_detail: Literal["low", "high", "auto"]
    votes: Positive
    timeout_s: Positive
    tries: Positive
    at_once: Positive
    prices: Prices


class Prompt(_Section):
    """A prompt's name and text."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    text: Text


StanceInput = Literal["transcript", "description", "on_screen_text", "caption", "frame"]


class StancePrompt(_Section):
    """A prompt whose `{target}` and `{labels}` are filled from the study, and what the model gets with it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    text: Text
    inputs: Annotated[
        tuple[StanceInput, ...], BeforeValidator(_as_tuple), AfterValidator(_distinct), Field(min_length=1)
    ]


class Prompts(_Section):
    describe: Prompt
    stance: StancePrompt


class Embedder(_Section):
    kind: Literal["charngram", "transformer"]
    model: str | None
    revision: str | None


class Release(_Section):
    """What others get: `ids_only`, `derived` (no captions, names or pictures), or `full`."""

    form: Literal["ids_only", "derived", "full"]


class Engine(_Section):
    """How work is spread. In no stage's params: it cannot change a result."""

    name: Literal["local"]
    workers: Positive | None


class Settings(_Section):
    conf_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    study: Study
    source: Source
    download: Download
    frames: Frames
    asr: Asr
    llm: Llm
    prompts: Prompts
    embedder: Embedder
    release: Release
    engine: Engine


def check(raw: object, origin: str) -> Settings:
    """Settings from plain data; raises `BadSettings` naming every wrong key."""
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(
            _say(problem["loc"], problem["msg"], problem["input"]) for problem in error.errors()
        )
        raise BadSettings(
            f"{origin}: {wrong}",
            "stopped before any request or model load",
            "correct the key under conf/ and run `gettok compose`, or pass it as `dvc exp run -S key=value`",
        ) from None


def _say(place: tuple[int | str, ...], message: str, value: object) -> str:
    key = ".".join(str(part) for part in place)
    given = "" if isinstance(value, Mapping) else f" (it is {value!r})"
    return f"{key or 'the file'}: {message.removeprefix('Value error, ')}{given}"


def load(path: Path) -> Settings:
    """Settings out of a `params.yaml`."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadSettings(
            f"{path} cannot be read: {error}",
            "stopped before doing anything",
            "run `gettok compose` to write it",
        ) from error
    return check(raw, str(path))


def select(settings: Settings, keys: Iterable[str]) -> Settings:
    """Only the named parts (`study.query`, `llm`); reading any other part raises `AttributeError`."""
    return _select(settings, [key.split(".") for key in keys])


def _select(section: S, paths: list[list[str]]) -> S:
    chosen: dict[str, Any] = {}
    for name in {path[0] for path in paths}:
        value = getattr(section, name)
        rest = [path[1:] for path in paths if path[0] == name]
        chosen[name] = value if [] in rest else _select(value, rest)
    # model_construct would fill in defaults; there are none, so what was not chosen stays unset
    return section.model_construct(**chosen)
