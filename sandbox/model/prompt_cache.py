"""What an endpoint keeps of the prompts that it has seen, so that their beginnings cost less the next time.

As the hosts document it: a prompt's beginning that is the same from its first token on, of the same model, in whole
blocks. OpenAI's has 1,024 tokens or more in steps of 128, and the form of the answer comes first in it and is counted.
vLLM's is in blocks of 16, without the last token, which is always computed. Hosts forget after a while; this one does
not.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from sandbox.exchange import JsonObject
from sandbox.model.chat import Chat
from sandbox.model.token_count import BYTES_PER_TOKEN, tokens_of

Reported = Literal["off", "null", "openai", "vllm"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """The tokens of a block, the least that are kept, and how many at the end are always computed."""

    block: int
    least: int
    computed: int = 0


RULES: Mapping[Reported, _Rule] = {"openai": _Rule(128, 1024), "vllm": _Rule(16, 16, computed=1)}


class PromptCache:
    """The beginnings that an endpoint keeps, each as the digest of its last block and of all before it."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()
        self._lock = threading.Lock()

    def cached_tokens(self, chat: Chat, reported: Reported) -> int:
        """How many tokens at the beginning of a prompt are kept; of a request in flight nothing is, yet."""
        if reported not in RULES:
            return 0
        rule, beginnings = RULES[reported], list(_beginnings(chat, reported))
        with self._lock:
            known = sum(1 for _ in takewhile(self._known.__contains__, beginnings))
        tokens = known * rule.block
        return tokens if tokens >= rule.least else 0

    def keep(self, chat: Chat, reported: Reported) -> None:
        """Keep an answered prompt's beginnings."""
        if reported in RULES:
            with self._lock:
                self._known.update(_beginnings(chat, reported))


def usage_details(chat: Chat, reported: Reported) -> JsonObject:
    """The part of the token usage about the cache: absent, null, or a count."""
    if reported == "off":
        return {}
    return {"prompt_tokens_details": None if reported == "null" else {"cached_tokens": chat.cached_tokens}}


def form(chat: Chat, reported: Reported) -> str:
    """The form of the answer as it is put before the prompt; empty where it is not."""
    return json.dumps(chat.schema) if reported == "openai" and chat.schema else ""


def _beginnings(chat: Chat, reported: Reported) -> Iterator[bytes]:
    """The digest of each whole block, the blocks before it included."""
    rule = RULES[reported]
    digest = hashlib.sha256(chat.model.encode())
    tokens = [*_of_text("form", form(chat, reported)), *_tokens(chat)]
    whole_blocks = (len(tokens) - rule.computed) // rule.block
    for block in range(whole_blocks):
        digest.update(b"\x1f".join(tokens[block * rule.block : (block + 1) * rule.block]))
        yield digest.digest()


def _tokens(chat: Chat) -> Iterator[bytes]:
    """What stands for each token: bytes of a text, or the digest of a picture or clip."""
    for role, part in chat.parts:
        if isinstance(part, str):
            yield from _of_text(role, part)
        else:
            yield from [hashlib.sha256(part.content).digest()] * tokens_of(part)


def _of_text(role: str, text: str) -> Iterator[bytes]:
    encoded = text.encode("utf-8", "surrogatepass")
    for at in range(0, len(encoded), BYTES_PER_TOKEN):
        yield role.encode() + encoded[at : at + BYTES_PER_TOKEN]
