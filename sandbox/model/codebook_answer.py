"""Answers a codebook's questions: each variable by itself, on its condition, or as a prompt injection wants."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.codebook import MISSING, Asked, asked_variables, is_alone
from sandbox.model.coding import Code, code
from sandbox.model.evidence import instructions, missing, word_set
from sandbox.model.injection import fits, ordered_label
from sandbox.model.logprobs import Decision
from sandbox.model.schema import kind_of, resolved
from sandbox.model.task import Task

GIVEN = re.compile(r"\bonly from what is given of it: ([^.\n]*)")


@dataclass(frozen=True)
class _Answered:
    """A variable, the object of its answer, and how sure the model is."""

    asked: Asked
    fields: JsonObject
    confidence: float


def coded_answer(task: Task, schema: JsonObject) -> JsonObject:
    """The fields of the only variable, or an object for each; and what was missing."""
    answered = list(_answered(task, schema))
    shown = answered[0].fields if is_alone(schema) else {each.asked.name: each.fields for each in answered}
    given = {**shown, MISSING: _missing(task)}
    return {name: given[name] for name in schema["properties"]}


def coded_decisions(task: Task, schema: JsonObject) -> list[Decision]:
    """The labels in the answer: the chosen one as sure as the model is, the others share the rest."""
    return [
        _decision(each, alone=is_alone(schema))
        for each in _answered(task, schema)
        if isinstance(each.fields.get("label"), str)
    ]


def _decision(answered: _Answered, *, alone: bool) -> Decision:
    chosen, names = answered.fields["label"], [meaning.name for meaning in answered.asked.labels]
    confidence = min(answered.confidence, 0.99) if len(names) > 1 else 1.0
    rest = (1 - confidence) / max(1, len(names) - 1)
    within = "" if alone else rf"{re.escape(json.dumps(answered.asked.name))}:\s*\{{[^{{}}]*?"
    probabilities = {name: confidence if name == chosen else rest for name in names}
    return Decision(rf'{within}"label":\s*"', chosen, probabilities, '"')


def _answered(task: Task, schema: JsonObject) -> Iterator[_Answered]:
    """Each variable, in the order of the schema: a condition is about one before."""
    instructing = [
        "\n".join(task.system),
        "\n".join(map(_instructions, task.parts)),
        _instructions(task.parts[0]),
    ]
    variables = asked_variables(schema, instructing)
    values: dict[str, Any] = {}
    for asked in variables:
        node = schema if is_alone(schema) else resolved(schema["properties"][asked.name], schema)
        obeyed = _obeyed(task, asked, node, [other.name for other in variables])
        found = code(asked, task) if _applies(asked, values) else Code(None)
        given = {asked.field: found.value, "evidence": found.evidence} | obeyed
        values[asked.name] = given[asked.field]
        yield _Answered(
            asked, {name: given.get(name) for name in node["properties"] if name != MISSING}, found.confidence
        )


def _instructions(part: str) -> str:
    return instructions([part])


def _applies(asked: Asked, values: Mapping[str, Any]) -> bool:
    if asked.condition is None or asked.condition[0] not in values:
        return True
    other, wanted = asked.condition
    value = values[other]
    return any(label in wanted for label in (value if isinstance(value, list) else [value]))


def _obeyed(task: Task, asked: Asked, node: JsonObject, names: list[str]) -> JsonObject:
    """The fields that an injected order or a forged answer fills."""
    of_variable = task.forged.get(asked.name)
    forged = {**task.forged, **(of_variable if isinstance(of_variable, dict) else {})}
    properties = {name: resolved(part, node) for name, part in node["properties"].items()}
    obeyed = {
        name: forged[name]
        for name, part in properties.items()
        if name in forged and fits(forged[name], part, kind_of(part))
    }
    if asked.field == "label" and "label" not in obeyed:
        labels = [meaning.name for meaning in asked.labels]
        order = ordered_label(task.injectable, labels, asked.name, names)
        return obeyed if order is None else obeyed | {"label": order}
    return obeyed


def _missing(task: Task) -> str:
    """The inputs that the instructions speak of, or the usual ones, that the request lacks."""
    lacking = [*missing(task.parts), *([] if len(task.pictures) > task.film else ["frame"])]
    spoken_of = GIVEN.search("\n".join([*task.system, task.instructions]))
    if spoken_of:
        lacking += [*([] if task.film else ["video"]), *([] if task.sounds else ["sound"])]
        words = word_set(re.sub(r"\W", " ", spoken_of[1]))
        lacking = [name for name in lacking if words & {*re.split(r"\W", name), f"{name}s"}]
    return ", ".join(lacking)
