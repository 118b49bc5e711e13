"""Refusals of a model endpoint: OpenAI's error object, and other servers' variants of it."""

from collections.abc import Mapping
from typing import Any

from sandbox.exchange import Headers, JsonObject, Refusal, Reply, json_reply


class ModelRefusal(Refusal):
    """A refusal with additional headers, or with fields that differ from the usual error object."""

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


def error_body(refusal: Refusal) -> JsonObject:
    """The JSON body of the reply."""
    kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
    if refusal.status == 429:
        kind = "insufficient_quota" if refusal.code == "insufficient_quota" else "requests"
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param,
        "code": refusal.code or None,
    }
    changes = refusal.parts if isinstance(refusal, ModelRefusal) else {}
    return {"error": error | changes}


def refusal_reply(refusal: Refusal) -> Reply:
    headers = refusal.headers if isinstance(refusal, ModelRefusal) else ()
    return json_reply(refusal.status, error_body(refusal), headers)
