"""An endpoint, the clients that ask it, and a question with a picture."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripted_endpoint import CANARY, Endpoint, Scripted, jpeg, llm

from gettok.llm import CallLog, Conversation, ModelCall, Question, replies_to
from gettok.llm.client import ChatClient
from gettok.llm.rate_limit import Clock
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer
from gettok.media.images import Picture
from gettok.settings.secrets import Secret
from gettok.step import Answer

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}


QUESTION = Question("keep to it", ("which colour?", Picture(3, 0.1, jpeg())), "colour", SCHEMA)


class Colour(AnswerSchema):
    colour: CleanText


def colour(reply: Reply) -> str:
    return parse_answer(reply, Colour).colour


@dataclass
class Bench:
    """An endpoint and its clients, with the pauses that they would have made."""

    endpoint: Endpoint
    folder: Path
    pauses: list[float] = field(default_factory=list)
    clients: list[ChatClient] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(self.pauses.append, lambda: sum(self.pauses))

    def ask(self, *script: Scripted, vote: int = 0, **changes: Any) -> list[Reply]:
        """Ask with an empty call log."""
        self.endpoint.plays(*script)
        call_log = CallLog(self.folder / str(len(self.clients)), changes.get("budget_usd"))
        client = ChatClient(llm(**changes), self.endpoint.url, Secret(CANARY), call_log, self.clock)
        self.clients.append(client)
        return [Reply(**reply) for reply in client.run(conversation(vote)).body["replies"]]


def conversation(vote: int = 0) -> Conversation:
    (replies,) = yield from replies_to([ModelCall(QUESTION, vote)], colour)
    return Answer({"replies": [reply.stored() for reply in replies]})


def new_client(bench: Bench, folder: str, **changes: Any) -> ChatClient:
    """A client with the call log in this folder."""
    call_log = CallLog(bench.folder / folder, changes.get("budget_usd"))
    client = ChatClient(llm(**changes), bench.endpoint.url, Secret(CANARY), call_log, bench.clock)
    bench.clients.append(client)
    return client
