"""Turns a chat request into a completion; the same for an HTTP request and for a line of a batch."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sandbox.exchange import JsonObject, Request, json_body
from sandbox.faults import Fault
from sandbox.model.answer import answer, decisions
from sandbox.model.capabilities import check_content, check_parameters, without_dropped
from sandbox.model.chat import Chat, Clip, chat_from, invalid, invalid_clip, invalid_picture
from sandbox.model.clips import pictures_of
from sandbox.model.hearing import HeardSound, hearing
from sandbox.model.logprobs import logprobs_of
from sandbox.model.models import WORDS_READ, model_named
from sandbox.model.prompt_cache import form, usage_details
from sandbox.model.schema import schema_in_text
from sandbox.model.task import Task
from sandbox.model.token_count import BYTES_PER_TOKEN, prompt_tokens, text_tokens
from sandbox.model.vision import SeenPicture, vision
from sandbox.profiles import Profile
from sandbox.world import World

T = TypeVar("T")

CHAT_PATH = "/v1/chat/completions"
MAX_CHOICES = 8
SUCCESSOR = "sandbox-vision-2"
"""The model that an alias points to after it has changed."""
UNFILTERED = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}
"""Azure's field for answers that its filter, being down, has not checked."""


def read_chat(world: World, request: Request, fault: Fault) -> Chat:
    """The requested chat; an invalid or unsupported one is refused."""
    body = json_body(request)
    if body is None:
        raise invalid("We could not parse the JSON body of your request.", "body")
    model_named(world, str(body.get("model")))
    check_parameters(body, world.profile)
    chat = chat_from(body)
    if chat.choices > MAX_CHOICES:
        raise invalid(f"Invalid 'n': at most {MAX_CHOICES}.", "n")
    check_content(chat, world.profile, fault)
    chat = without_dropped(chat, world.profile)
    return replace(chat, cached_tokens=world.prompt_cache.cached_tokens(chat, world.profile.prompt_cache))


def complete(world: World, request: Request, chat: Chat, fault: Fault) -> JsonObject:
    """The body of the answer; a fault can spoil the message."""
    profile = world.profile
    film = _film(chat)
    task = Task(
        chat.user_text,
        [*_pictures(chat), *film],
        profile.gullible,
        system=chat.system_text,
        film=len(film),
        sounds=_sounds(chat),
        words_read=WORDS_READ[chat.model],
        prefers_first=profile.prefers_first,
    )
    schema = _schema(chat, task, profile)
    content, finish = _truncated(_fenced(answer(task, schema), schema, profile), chat.max_tokens)
    message, finish = _spoiled(content, finish, fault)
    choice: JsonObject = {"message": message, "logprobs": None, "finish_reason": finish}
    if chat.top_logprobs is not None and profile.logprobs == "given" and message["content"]:
        labels = decisions(task, schema)
        choice["logprobs"] = logprobs_of(message["content"], labels, chat.top_logprobs, profile.seed)
    if profile.filter_down or fault.do == "filter_unavailable":
        choice["content_filter_results"] = UNFILTERED
    body: JsonObject = {
        "id": f"chatcmpl-{request.digest[:29]}",
        "object": "chat.completion",
        "created": world.clock.timestamp(),
        "model": SUCCESSOR if fault.do == "other_model" else profile.answers_as or chat.model,
        "choices": [{"index": index, **choice} for index in range(chat.choices)],
    }
    if not profile.no_usage:
        body["usage"] = _usage(chat, content, profile)
    world.prompt_cache.keep(chat, profile.prompt_cache)
    return body | {"system_fingerprint": "fp_sandbox"}


def _usage(chat: Chat, content: str, profile: Profile) -> JsonObject:
    prompt = prompt_tokens(chat) + text_tokens([form(chat, profile.prompt_cache)])
    completion = chat.choices * text_tokens([content])
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return counted | usage_details(chat, profile.prompt_cache)


def _pictures(chat: Chat) -> list[SeenPicture]:
    try:
        return [vision().see(picture.content) for picture in chat.pictures]
    except ValueError as error:
        raise invalid_picture(error) from error


def _film(chat: Chat) -> list[SeenPicture]:
    """What the pictures of the videos show."""
    videos = [clip for clip in chat.clips if clip.kind == "video"]
    return [vision().see(picture) for clip in videos for picture in _read(clip, pictures_of)]


def _sounds(chat: Chat) -> list[HeardSound]:
    """What is heard in the sounds, and in the videos that have one."""
    heard = [_read(clip, hearing().hear) for clip in chat.clips]
    return [sound for sound in heard if sound is not None]


def _read(clip: Clip, read: Callable[[bytes], T]) -> T:
    try:
        return read(clip.content)
    except ValueError as error:
        raise invalid_clip(clip, error) from error


def _schema(chat: Chat, task: Task, profile: Profile) -> JsonObject | None:
    """The schema of the answer. Without one in the request, the instructions can show one.

    The text to be judged cannot.
    """
    if profile.schemas == "prose":
        return None
    return chat.schema or schema_in_text([*chat.system_text, task.instructions]) or chat.schema


def _fenced(text: str, schema: JsonObject | None, profile: Profile) -> str:
    if profile.schemas != "fenced" or schema is None:
        return text
    return (
        f"Here is the answer:\n\n```json\n{json.dumps(json.loads(text), ensure_ascii=False, indent=2)}\n```"
    )


def _truncated(content: str, max_tokens: int | None) -> tuple[str, str]:
    if max_tokens is None or text_tokens([content]) <= max_tokens:
        return content, "stop"
    cut = content.encode("utf-8", "surrogatepass")[: max_tokens * BYTES_PER_TOKEN]
    return cut.decode("utf-8", errors="ignore"), "length"


def _spoiled(content: str, finish: str, fault: Fault) -> tuple[JsonObject, str]:
    """The message and its finish reason, spoiled as the fault says."""
    message: JsonObject = {"role": "assistant", "content": content, "refusal": None}
    match fault.do:
        case "refusal":
            return message | {"content": None, "refusal": "I'm sorry, I can't help with that."}, finish
        case "content_filter":
            return message | {"content": ""}, "content_filter"
        case "malformed":
            return message | {"content": f"```json\n{content[:-1]}"}, finish
        case _:
            return message, finish
