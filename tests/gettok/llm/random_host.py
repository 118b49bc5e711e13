"""A model endpoint on loopback that answers, fails, hangs up or kills its client at random, and counts its charges."""

import json
import os
import random
import signal
import threading
from collections.abc import Mapping
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from loopback_server import LoopbackServer, respond
from scripted_endpoint import completion

from gettok.llm.response import cost_usd
from gettok.settings import Llm
from gettok.step import digest_of


class RandomHost:
    """Charges for every request that it works on, even if its answer does not arrive; never for more tokens than sent.

    A client has its process id in the address (`for_process`), as it may be killed just before or after its answer.
    """

    def __init__(self, dice: random.Random, llm: Llm) -> None:
        self._dice, self._llm = dice, llm
        self._lock = threading.Lock()
        self.billed = Decimal(0)
        #: Digests of the requests that were worked on, by `gettok.llm.request_digest`.
        self.asked: list[str] = []
        #: How many requests are left until the next kill; None: no kills and no faults.
        self.kill_in: int | None = None
        self._over: set[int] = set()
        self._server = LoopbackServer(self._answer)

    def for_process(self) -> str:
        return f"{self._server.url}/{os.getpid()}/v1"

    def is_over(self, process: int) -> None:
        """Never kill this process again: its id may soon be reused."""
        with self._lock:
            self._over.add(process)

    def _kill(self, process: int) -> None:
        with self._lock:
            if process not in self._over:
                os.kill(process, signal.SIGKILL)

    def _answer(self, handler: BaseHTTPRequestHandler, asked: bytes) -> None:
        if len(asked) < int(handler.headers["Content-Length"]):
            return  # the client was killed while sending
        with self._lock:
            does, status, reply = self._worked_on(json.loads(asked))
        client = int(handler.path.split("/")[1])
        if does == "kill_before":
            self._kill(client)
        if does == "hang_up":
            return
        try:
            respond(handler, status, reply)
        except OSError:
            return  # the client is gone
        if does == "kill_after":
            self._kill(client)

    def _worked_on(self, body: Mapping[str, Any]) -> tuple[str, int, bytes]:
        """What happens to a request, the status, and the reply; its cost is counted."""
        does = self._chosen()
        if does == "no_room":
            return does, 429, b'{"error": {"message": "later"}}'
        self.asked.append(digest_of({"base_url": self._llm.base_url, "body": dict(body)}))
        sent, received = self._tokens(body)
        prices = self._llm.prices_of(body["model"])
        assert prices is not None
        self.billed += cost_usd(sent, received, prices)
        if does == "breaks":
            return does, 500, b'{"error": {"message": "broken"}}'
        usage = None if does == "uncounted" else {"prompt_tokens": sent, "completion_tokens": received}
        return does, 200, completion(f"answer {len(self.asked)}", model=body["model"], usage=usage)

    def _chosen(self) -> str:
        if self.kill_in is None:
            return "answer"
        self.kill_in -= 1
        if self.kill_in == 0:
            return self._dice.choice(["kill_before", "kill_after"])
        accidents = ["uncounted", "breaks", "hang_up", "no_room"]
        return self._dice.choices(["answer", *accidents], [12, 1, 1, 1, 1])[0]

    def _tokens(self, body: Mapping[str, Any]) -> tuple[int, int]:
        texts = [body["messages"][0]["content"], body["messages"][1]["content"][0]["text"]]
        max_input_tokens, most_received = (
            sum(len(text.encode()) for text in texts),
            body["max_completion_tokens"],
        )
        if self._dice.random() < 0.1:
            return max_input_tokens, most_received
        return self._dice.randint(0, max_input_tokens), self._dice.randint(0, most_received)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
