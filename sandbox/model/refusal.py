"""How a model endpoint says no: OpenAI's error object, and what other servers make of it."""

from collections.abc import Mapping
from typing import Any

from sandbox.exchange import Headers, JsonObject, Refusal, Reply, json_reply


class ModelRefusal(Refusal):
    """A refusal with headers of its own, or with an error object that differs from the usual one."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Headers = (),
        parts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, code, message)
        self.headers = headers
        self.parts = dict(parts or {})


def error_of(refusal: Refusal) -> JsonObject:
    """The body of the answer."""
    kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
    if refusal.status == 429:
        kind = "insufficient_quota" if refusal.code == "insufficient_quota" else "requests"
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param,
        "code": refusal.code or None,
    }
    own = refusal.parts if isinstance(refusal, ModelRefusal) else {}
    return {"error": error | own}


def refused(refusal: Refusal) -> Reply:
    headers = refusal.headers if isinstance(refusal, ModelRefusal) else ()
    return json_reply(refusal.status, error_of(refusal), headers)
