"""Codebooks as anyone may write them: refused in a sentence, or asked, read from any answer, and balanced."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import pytest
from codebook_steps import EVERYTHING, inputs, step
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_endpoint import completion

from gettok.annotate.group import Group
from gettok.annotate.step import AnnotateStep
from gettok.engine import Outcome
from gettok.errors import REASONS, BadSettings
from gettok.llm.response import Reply
from gettok.pipeline.annotating.annotations import Annotations
from gettok.pipeline.answering import Asking, Day
from gettok.pipeline.shards import DayShards, Shards, StageShards
from gettok.settings import Codebook, check
from gettok.settings.codebook import YES_NO
from gettok.step import Item
from gettok.store import Store
from gettok.tables import ANNOTATIONS

KINDS = ("one_of", "any_of", "ordinal", "yes_no", "number", "text", "span")
LABELS = ("calm", "angry", "none", "Sí", "支持", "1", "-1", "Calm", " ")
TEXTS = ("caption", "transcript")


@st.composite
def codebooks(draw: Any) -> dict[str, Any]:
    """Variables, most of whose parts fit together."""
    random = draw(st.randoms(use_true_random=False))
    made: dict[str, Any] = {}
    for name in random.sample(["a", "b", "c", "d", "tone"], random.randint(1, 4)):
        slips = random.random() < 0.15
        made[_slip(random, name) if slips and random.random() < 0.3 else name] = _variable(
            random, made, slips=slips
        )
    return made


def _slip(random: Random, name: str) -> str:
    return random.choice(["Tone", "missing", "username", f"{name}_confidence", "no_a_because", ""])


def _variable(random: Random, before: Mapping[str, Any], *, slips: bool) -> dict[str, Any]:
    kind = random.choice(KINDS)
    count = random.randint(0, 5) if slips else random.randint(2, 5) if kind in KINDS[:3] else 0
    labels = random.sample(LABELS if slips else LABELS[:7], count)
    made = {"question": "Which?", "kind": kind, "labels": labels, "abstain": random.random() < 0.5}
    made["inputs"] = list(random.choice([TEXTS, EVERYTHING]) if slips else TEXTS)
    closed = [name for name in before if before[name]["labels"]]
    others = [each for each in before.values() if "group" in each]
    if others and random.random() < 0.5:  # a variable more of a group
        made |= {key: value for key, value in random.choice(others).items() if key in ("group", "applies_if")}
    else:
        made["group"] = f"g{len(before)}"
        if closed and random.random() < 0.5:
            made["applies_if"] = _condition(random, before, closed)
    if slips:
        made["applies_if"] = {"variable": random.choice([*before, "a", "b"]), "has": [random.choice(LABELS)]}
    elif inner := [
        name for name in closed if before[name]["group"] == made["group"] and random.random() < 0.5
    ]:
        made["applies_if"] = _condition(random, before, inner)
    return made


def _condition(random: Random, before: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    name = random.choice(names)
    labels = before[name]["labels"]
    return {"variable": name, "has": random.sample(labels, random.randint(1, min(2, len(labels))))}


@dataclass(frozen=True)
class Answers:
    """Answers each call with what a model may write, well-formed or not."""

    random: Random

    def run(
        self, step: AnnotateStep, items: Iterable[Item[Any]], _: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        for item in items:
            conversation = step.conversation(item.content)
            calls = next(conversation)
            try:
                while True:
                    calls = conversation.send([self._reply(step.group) for _ in calls])
            except StopIteration as done:
                yield item, done.value

    def _reply(self, group: Group) -> Reply:
        if (fate := self.random.random()) < 0.05:
            return Reply(200, completion(None, refusal="no").decode())
        if fate < 0.1:
            return Reply(400, json.dumps({"error": {"code": "content_filter", "message": "no"}}))
        if fate < 0.15:
            return Reply(200, completion('{"a": ', finish="length").decode())
        if fate < 0.2:
            return Reply(200, completion(self.random.choice(["", "no", "[]", "{}", "null"])).decode())
        return Reply(200, completion(self._filled(group.schema)).decode())

    def _filled(self, node: Mapping[str, Any]) -> Any:
        if self.random.random() < 0.05:
            return self.random.choice(
                [None, "none", "unknown", "CALM", 3, 1.5, True, [], {}, "\ud83d", "two", "1.234"]
            )
        if choices := node.get("enum"):
            return self.random.choice(choices)
        kind = node["type"] if isinstance(node["type"], str) else self.random.choice(node["type"])
        if kind == "object":
            return {name: self._filled(part) for name, part in node["properties"].items()}
        if kind == "array":
            return [self._filled(node["items"]) for _ in range(self.random.randrange(3))]
        return {"string": "Lima", "number": 3, "null": None}[kind]


def annotated(codebook: Codebook, seed: int, votes: int, folder: Path) -> Annotations:
    made, built = Annotations(codebook), StageShards(folder / "shards", "")
    (folder / "annotations").mkdir()
    with Store(folder / "store") as store:
        answers: Any = Answers(Random(seed))
        for name, group in codebook.groups.items():
            asks = step(group=Group(name, group, "X"), votes=votes)
            items = [Item(str(n), "2022-12-07", {"n": str(n)}, inputs(f"Lima {n}")) for n in range(4)]
            days = made.applying(asks.group, [Day("2022-12-07", None, lambda items=items: items)])
            shards = DayShards(Shards(built, name, None), folder / "annotations" / name)
            made.add(Asking(asks, store, answers, Event()), asks, days, shards)
    return made


def checked(params: dict[str, Any]) -> tuple[Codebook | None, str]:
    """The codebook, or why it is refused."""
    try:
        return check(params, "params").codebook, ""
    except BadSettings as refused:
        return None, refused.what


@pytest.mark.slow
def test_a_random_codebook_is_refused_in_a_sentence_or_asked_read_and_balanced(
    params: dict[str, Any],
) -> None:
    params["prompts"]["codebook"]["texts"] = {}
    outcomes = {"refused": 0, "asked": 0}

    @settings(max_examples=200, derandomize=True, deadline=None, database=None)
    @given(codebooks(), st.integers(0, 2**32), st.sampled_from([1, 1, 3]))
    def compose_and_ask(raw: dict[str, Any], seed: int, votes: int) -> None:
        codebook, refusal = checked({**params, "codebook": {**params["codebook"], "variables": raw}})
        if codebook is None:
            outcomes["refused"] += 1
            assert "codebook.variables." in refusal
            assert not {"pydantic", "Error", "Value"} & set(refusal.split())
            return
        outcomes["asked"] += 1
        with TemporaryDirectory() as folder:
            books = annotated(codebook, seed, votes, Path(folder)).books()
            rows = ANNOTATIONS.read(Path(folder) / "annotations").to_dicts()
        assert {(row["video_id"], row["variable"]) for row in rows} == {
            (str(n), name) for n in range(4) for name in codebook.variables
        }
        assert len(rows) == 4 * len(codebook.variables)
        books.check("annotate")
        assert list(books.variables) == list(codebook.variables)
        for name, of_variable in books.variables.items():
            own = [row for row in rows if row["variable"] == name]
            assert of_variable.ok == sum(row["status"] == "ok" for row in own)
            assert of_variable.unusable.keys() <= REASONS.keys()
            for row in own:
                assert_sound(codebook, row)

    compose_and_ask()
    assert min(outcomes.values()) > 40, outcomes


def assert_sound(codebook: Codebook, row: dict[str, Any]) -> None:
    """A value is one of its variable; without one, there is a reason or the model cannot tell."""
    variable = codebook.variables[row["variable"]]
    values = [row[column] for column in ("label", "labels", "number", "text", "quotes")]
    assert sum(value is not None for value in values) == (row["status"] == "ok" and not row["abstained"])
    assert not row["abstained"] or variable.abstain
    given_labels = [row["label"]] if row["label"] is not None else row["labels"] or []
    assert set(given_labels) <= set(variable.label_names or YES_NO)
