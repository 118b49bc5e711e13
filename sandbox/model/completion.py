"""From a chat to the completion: the same for a request of its own and for a line of a batch."""

import json

from sandbox.exchange import JsonObject, Request, json_body
from sandbox.faults import Fault
from sandbox.model.answer import Task, answer, decisions
from sandbox.model.capabilities import check_content, check_parameters
from sandbox.model.chat import Chat, chat_from, invalid, unseen
from sandbox.model.logprobs import logprobs_of
from sandbox.model.models import known
from sandbox.model.schema import in_words
from sandbox.model.token_count import BYTES_IN_A_TOKEN, prompt_tokens, text_tokens
from sandbox.model.vision import Look, eyes
from sandbox.profiles import Profile
from sandbox.world import World

CHAT_PATH = "/v1/chat/completions"
MOST_CHOICES = 8
SUCCESSOR = "sandbox-vision-2"
"""What an alias serves after it has moved on."""
UNFILTERED = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}
"""Azure's way to say that its filter was down."""


def read(world: World, request: Request, fault: Fault) -> Chat:
    """The chat that is asked for, or a refusal."""
    body = json_body(request)
    if body is None:
        raise invalid("We could not parse the JSON body of your request.", "body")
    known(world, str(body.get("model")))
    check_parameters(body, world.profile)
    chat = chat_from(body)
    if chat.choices > MOST_CHOICES:
        raise invalid(f"Invalid 'n': at most {MOST_CHOICES}.", "n")
    check_content(chat, world.profile, fault)
    return chat


def completion(world: World, request: Request, chat: Chat, fault: Fault) -> JsonObject:
    """The body of the answer; a fault may spoil what it says."""
    profile = world.profile
    task = Task(chat.user_text, _looks(chat), profile.gullible)
    schema = _schema(chat, task, profile)
    content, finish = _limited(_shaped(answer(task, schema), schema, profile), chat.most_tokens)
    message, finish = _spoiled(content, finish, fault)
    choice: JsonObject = {"message": message, "logprobs": None, "finish_reason": finish}
    if chat.top_logprobs is not None and profile.logprobs == "given" and message["content"]:
        likely = decisions(task, schema)
        choice["logprobs"] = logprobs_of(message["content"], likely, chat.top_logprobs, profile.seed)
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
        body["usage"] = _usage(chat, content)
    return body | {"system_fingerprint": "fp_sandbox"}


def _usage(chat: Chat, content: str) -> JsonObject:
    prompt, written = prompt_tokens(chat), chat.choices * text_tokens([content])
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _looks(chat: Chat) -> list[Look]:
    try:
        return [eyes().look(picture.content) for picture in chat.pictures]
    except ValueError as error:
        raise unseen(error) from error


def _schema(chat: Chat, task: Task, profile: Profile) -> JsonObject | None:
    """The schema that the answer follows; where any object will do, or any text, the prompt may show one.

    The text to be judged may not.
    """
    if profile.schemas == "prose":
        return None
    return chat.schema or in_words([*chat.rules, task.instructions]) or chat.schema


def _shaped(text: str, schema: JsonObject | None, profile: Profile) -> str:
    if profile.schemas != "fenced" or schema is None:
        return text
    return (
        f"Here is the answer:\n\n```json\n{json.dumps(json.loads(text), ensure_ascii=False, indent=2)}\n```"
    )


def _limited(content: str, most_tokens: int | None) -> tuple[str, str]:
    if most_tokens is None or text_tokens([content]) <= most_tokens:
        return content, "stop"
    kept = content.encode("utf-8", "surrogatepass")[: most_tokens * BYTES_IN_A_TOKEN]
    return kept.decode("utf-8", errors="ignore"), "length"


def _spoiled(content: str, finish: str, fault: Fault) -> tuple[JsonObject, str]:
    """The message and its finish reason, as a model gives them on a bad day."""
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
