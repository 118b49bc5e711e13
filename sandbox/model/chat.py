"""Reads and checks a chat request."""

import base64
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sandbox.exchange import JsonObject, Refusal
from sandbox.model.schema import checked_schema

INSTRUCTING_ROLES = frozenset({"system", "developer"})
ROLES = INSTRUCTING_ROLES | {"user", "assistant"}
VIDEO_URL = re.compile(r"data:video/mp4;base64,([A-Za-z0-9+/=\s]+)")
SOUND_FORMATS = ("wav", "mp3")
DATA_URL = re.compile(r"data:image/(?:jpeg|jpg|png);base64,([A-Za-z0-9+/=\s]+)")


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    is_low_detail: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A video as MP4, or a sound."""

    kind: Literal["video", "sound"]
    content: bytes


Part: TypeAlias = str | Picture | Clip


@dataclass(frozen=True, slots=True)
class Chat:
    model: str
    parts: tuple[tuple[str, Part], ...]
    """Texts, pictures and clips in order, each with the role of its message."""
    schema: JsonObject | None
    max_tokens: int | None
    choices: int
    top_logprobs: int | None
    """How many alternatives to list for each token; None if no log-probabilities are requested."""
    cached_tokens: int = 0
    """Tokens at the beginning that the endpoint has kept from other prompts."""

    @property
    def all_text(self) -> tuple[str, ...]:
        return self._texts(ROLES)

    @property
    def user_text(self) -> tuple[str, ...]:
        """The text parts of the user's messages, in order."""
        return self._texts({"user"})

    @property
    def system_text(self) -> tuple[str, ...]:
        """The text parts of system and developer messages."""
        return self._texts(INSTRUCTING_ROLES)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(part for _, part in self.parts if isinstance(part, Picture))

    @property
    def clips(self) -> tuple[Clip, ...]:
        return tuple(part for _, part in self.parts if isinstance(part, Clip))

    def _texts(self, roles: Collection[str]) -> tuple[str, ...]:
        return tuple(part for role, part in self.parts if isinstance(part, str) and role in roles)


def messages_sha256(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body.get("messages"), sort_keys=True).encode()).hexdigest()


def chat_from(body: JsonObject) -> Chat:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Missing required parameter: 'messages'.", "messages")
    parts = [part for number, message in enumerate(messages) for part in _parts(message, number)]
    if body.get("stream"):
        raise invalid("Streaming is not offered here.", "stream")
    temperature = body.get("temperature")
    if temperature is not None and not (_is_number(temperature) and 0 <= temperature <= 2):
        raise invalid("Invalid 'temperature': expected a value between 0 and 2.", "temperature")
    return Chat(
        model=str(body["model"]),
        parts=tuple(parts),
        schema=checked_schema(body.get("response_format")),
        max_tokens=_positive_integer(body, "max_completion_tokens") or _positive_integer(body, "max_tokens"),
        choices=_positive_integer(body, "n") or 1,
        top_logprobs=_top_logprobs(body),
    )


def invalid(message: str, param: str) -> Refusal:
    return Refusal(400, "invalid_value", message, param)


def invalid_picture(error: ValueError) -> Refusal:
    """The refusal of a picture that cannot be opened."""
    return invalid(f"You uploaded an unsupported image: {error}", "messages")


def invalid_clip(clip: Clip, error: Exception) -> Refusal:
    """The refusal of a video or a sound that cannot be decoded."""
    return invalid(f"The {clip.kind} cannot be decoded: {error}", "messages")


def _parts(message: Any, number: int) -> Iterator[tuple[str, Part]]:
    where = f"messages[{number}]"
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ROLES:
        raise invalid(f"Invalid value: {role!r}. Supported values are: 'system', 'user' …", f"{where}.role")
    content = message.get("content")
    if isinstance(content, str):
        yield role, content
        return
    if not isinstance(content, list) or not content:
        raise invalid(f"Invalid type for '{where}.content'.", f"{where}.content")
    for part in content:
        yield role, _part(part, where)


def _part(part: Any, where: str) -> Part:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    if kind in {"video_url", "input_audio"}:
        return _clip(part, kind, where)
    image_url = part.get("image_url") if kind == "image_url" else None
    if not isinstance(image_url, dict) or not isinstance(image_url.get("url"), str):
        raise invalid(f"Invalid content part of type {kind!r}.", f"{where}.content")
    data = DATA_URL.fullmatch(image_url["url"])
    if data is None:
        raise invalid(
            "Only pictures sent as JPEG or PNG data URLs are seen here; none is fetched.", f"{where}.content"
        )
    return Picture(_decoded(data.group(1), "image_url", where), image_url.get("detail") == "low")


def _clip(part: JsonObject, kind: str, where: str) -> Clip:
    given = part.get(kind)
    if not isinstance(given, dict):
        raise invalid(f"Missing required parameter: '{where}.content.{kind}'.", f"{where}.content")
    if kind == "video_url":
        data = VIDEO_URL.fullmatch(str(given.get("url")))
        if data is None:
            raise invalid(
                "Only videos sent as MP4 data URLs are seen here; none is fetched.", f"{where}.content"
            )
        return Clip("video", _decoded(data.group(1), kind, where))
    if given.get("format") not in SOUND_FORMATS:
        raise invalid(
            f"Invalid value: {given.get('format')!r}. Supported values are: 'wav' and 'mp3'.",
            f"{where}.content",
        )
    return Clip("sound", _decoded(str(given.get("data")), kind, where))


def _decoded(data: str, name: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except ValueError as error:
        raise invalid(f"Invalid base64 {name}: {error}", f"{where}.content") from error


def _top_logprobs(body: Mapping[str, Any]) -> int | None:
    most = body.get("top_logprobs")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= 20):
        raise invalid("Invalid 'top_logprobs': expected an integer from 0 to 20.", "top_logprobs")
    if not body.get("logprobs"):
        if most is not None:
            raise invalid(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs"
            )
        return None
    return most or 0


def _positive_integer(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid(f"Invalid '{name}': expected an integer of at least 1.", name)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
