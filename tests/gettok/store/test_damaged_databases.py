"""A bit that changes in a database is found, wherever it is, or it changes nothing that is read."""

import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flipped import flip

from gettok.errors import Damaged
from gettok.llm.call_log import CallLog
from gettok.llm.response import Reply
from gettok.research_api.ledger import Ledger, Settled
from gettok.step import Answer, Blob
from gettok.store import Key, Store

SCOPES = [{"model": "a"}, {"model": "b"}]
KEYS = [Key.of("describe", 1, scope, {"video": str(number)}) for scope in SCOPES for number in range(60)]
#: Of no answer.
OTHERS = [Key.of("describe", 1, scope, {"video": "none"}) for scope in SCOPES]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def fill_store(root: Path) -> None:
    with Store(root) as store:
        for number, key in enumerate(KEYS):
            blobs = {"frame": Blob.of_bytes(bytes([number]) * 3000)} if number % 3 == 0 else {}
            store.put(key, f"video {number}", Answer({"text": f"{number} " * (number * 7)}, blobs))


def read_store(root: Path) -> Any:
    """All that stages read."""
    with Store(root) as store:
        names = [key.digest for key in (*KEYS, *OTHERS)]
        known = store.known(names)
        answers = {name: store.get(name) for name in names}
        scanned = [entry for key in OTHERS for entry in store.scan(key.scope)]
    contents = [
        answer and (answer.text, {name: blob.read() for name, blob in answer.blobs.items()})
        for answer in (*answers.values(), *(entry.answer for entry in scanned))
    ]
    return known, contents, [entry[:2] for entry in scanned]


def fill_ledger(root: Path) -> None:
    class Request(NamedTuple):
        endpoint: str
        purpose: str
        subject: str
        body: dict[str, Any]

    with Ledger(root) as ledger:
        for number in range(80):
            request = Request("video/query", "search", f"2022-12-{number % 28 + 1:02}", {"n": number})
            sent = ledger.send("a client", NOW, request)
            outcome = "ok" if number % 5 else "failed"
            ledger.settle(sent, Settled(NOW, outcome, 200, f"log {number}", None if number % 5 else "no"))


def read_ledger(root: Path) -> Any:
    with Ledger(root) as ledger:
        spent = ledger.is_spent("a client", NOW)
        return ledger.used("a client", NOW), spent, ledger.days("a client"), ledger.requests()


def fill_calls(root: Path) -> None:
    with CallLog(root, None) as log:
        for number in range(80):
            with log.reserve_budget("a model", f"{number:064}", Decimal(number) / 1000) as cost:
                if number % 9:
                    cost.usd, cost.reply = Decimal(number) / 2000, Reply(200, f"reply {number} " * 20)


def read_calls(root: Path) -> Any:
    with CallLog(root, 1.0) as log:
        replies = [log.stored_reply(f"{number:064}") for number in range(81)]
        return replies, log.spent_usd(), log.by_model(), log.remaining_usd()


class Case(NamedTuple):
    file: str
    fill: Callable[[Path], None]
    read: Callable[[Path], Any]


CASES = {
    "answers": Case("answers.sqlite", fill_store, read_store),
    "ledger": Case("requests.sqlite", fill_ledger, read_ledger),
    "calls": Case("calls.sqlite", fill_calls, read_calls),
}


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    CASES[request.param].fill(folder)
    return folder, CASES[request.param]


def outcomes(made: Path, case: Case, place: Path, count: int) -> dict[str, list[tuple[int, int]]]:
    """What reading gives for so many changed bits, each in a copy of its own: the bits, by outcome."""
    size = (made / case.file).stat().st_size
    right = case.read(shutil.copytree(made, place / "right"))
    chosen = random.Random(count)
    found: dict[str, list[tuple[int, int]]] = {"right": [], "refused": [], "wrong": []}
    for number in range(count):
        at, bit = chosen.randrange(size), 1 << chosen.randrange(8)
        root = shutil.copytree(made, place / str(number))
        flip(root / case.file, at, bit)
        try:
            outcome = "right" if case.read(root) == right else "wrong"
        except Damaged as error:
            outcome = "refused" if len(error.what.splitlines()) == 1 else "wrong"
        found[outcome].append((at, bit))
        shutil.rmtree(root)
    return found


def test_a_changed_bit_in_a_database_is_found_or_changes_nothing(case, tmp_path):
    found = outcomes(*case, tmp_path, 20)
    assert found["wrong"] == []
    assert found["refused"]


@pytest.mark.slow
def test_none_of_2000_changed_bits_in_a_database_is_silently_wrong(case, tmp_path):
    assert outcomes(*case, tmp_path, 2000)["wrong"] == []
