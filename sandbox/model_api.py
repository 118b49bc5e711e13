"""The stand-in for an OpenAI-compatible endpoint, with one model that looks at what it is sent."""

import math
from collections.abc import Sequence

from sandbox.answering import Task, answer
from sandbox.chat import Chat, chat_from, invalid, messages_sha256
from sandbox.clock import START
from sandbox.exchange import JsonObject, Reply, Request, json_body, json_reply
from sandbox.faults import INSTEAD, Fault, damaged
from sandbox.looking import Look, eyes
from sandbox.refusal import Refusal
from sandbox.world import World

MODEL = "sandbox-vision"
KEY = "sandbox"
MODELS_PATH = "/v1/models"
CHAT_PATH = "/v1/chat/completions"
MOST_CHOICES = 8
BYTES_IN_A_TOKEN = 4
"""The whole rule for counting text: four bytes of UTF-8 are a token, the last may be shorter."""

FAULTS = {
    "401": (401, "invalid_api_key", "Incorrect API key provided."),
    "429_rate": (429, "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    "insufficient_quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "500": (500, "server_error", "The server had an error while processing your request."),
}


class ModelApi:
    def __init__(self, world: World) -> None:
        self._world = world

    def subject(self, request: Request) -> str:
        """The model and the hash of the messages."""
        body = json_body(request) if request.path == CHAT_PATH else None
        return f"{body.get('model')} {messages_sha256(body)}" if body is not None else ""

    def answer(self, request: Request, fault: Fault) -> Reply:
        if fault.do in INSTEAD:
            return damaged(INSTEAD[fault.do], fault)
        try:
            return damaged(json_reply(200, self._answered(request, fault)), fault)
        except Refusal as refusal:
            return damaged(_refused(refusal), fault)

    def _answered(self, request: Request, fault: Fault) -> JsonObject:
        if fault.do in FAULTS:
            raise Refusal(*FAULTS[fault.do])
        if request.headers.get("authorization", "").strip() != f"Bearer {KEY}":
            raise Refusal(*FAULTS["401"])
        if request.method == "GET" and request.path == MODELS_PATH:
            return {"object": "list", "data": [_model()]}
        if request.method == "GET" and request.path.startswith(f"{MODELS_PATH}/"):
            return self._known(request.path.removeprefix(f"{MODELS_PATH}/"))
        if request.path != CHAT_PATH or request.method != "POST":
            raise Refusal(404, "unknown_url", f"Unknown request URL: {request.method} {request.path}.")
        body = json_body(request)
        if body is None:
            raise invalid("We could not parse the JSON body of your request.", "body")
        self._known(str(body.get("model")))
        return self._completion(request, chat_from(body), fault)

    def _known(self, name: str) -> JsonObject:
        if name != MODEL:
            message = f"The model `{name}` does not exist or you do not have access to it."
            raise Refusal(404, "model_not_found", message, "model")
        return _model()

    def _completion(self, request: Request, chat: Chat, fault: Fault) -> JsonObject:
        if chat.choices > MOST_CHOICES:
            raise invalid(f"Invalid 'n': at most {MOST_CHOICES}.", "n")
        looks = self._looks(chat)
        content = answer(Task(chat.user_text, looks), chat.schema)
        content, finish = _limited(content, chat.most_tokens)
        message, finish = _spoiled(content, finish, fault)
        completion = chat.choices * _tokens([content])
        prompt = _tokens(chat.all_text) + sum(
            85 if picture.is_low_detail else _picture_tokens(look)
            for picture, look in zip(chat.pictures, looks, strict=True)
        )
        return {
            "id": f"chatcmpl-{request.digest[:29]}",
            "object": "chat.completion",
            "created": self._world.clock.timestamp(),
            "model": MODEL,
            "choices": [
                {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
                for index in range(chat.choices)
            ],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
            "system_fingerprint": "fp_sandbox",
        }

    def _looks(self, chat: Chat) -> list[Look]:
        try:
            return [eyes().look(picture.content) for picture in chat.pictures]
        except ValueError as error:
            raise invalid(f"You uploaded an unsupported image: {error}", "messages") from error


def _model() -> JsonObject:
    return {"id": MODEL, "object": "model", "created": int(START.timestamp()), "owned_by": "sandbox"}


def _refused(refusal: Refusal) -> Reply:
    kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
    if refusal.status == 429:
        kind = "insufficient_quota" if refusal.code == "insufficient_quota" else "requests"
    error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
    return json_reply(refusal.status, {"error": error})


def _limited(content: str, most_tokens: int | None) -> tuple[str, str]:
    if most_tokens is None or _tokens([content]) <= most_tokens:
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


def _tokens(texts: Sequence[str]) -> int:
    return sum(math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_IN_A_TOKEN) for text in texts)


def _picture_tokens(look: Look) -> int:
    """85, and 170 for each square of 512 pixels that is begun once the shorter side is at most 768."""
    scale = min(1.0, 768 / min(look.width, look.height))
    squares = math.ceil(look.width * scale / 512) * math.ceil(look.height * scale / 512)
    return 85 + 170 * squares
