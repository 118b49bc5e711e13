"""What the sandbox's model answers: from what it was sent, and from nothing else."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.evidence import evidence, instructions, is_marked, language, missing, word_set
from sandbox.model.injection import fits, forged_answer, ordered
from sandbox.model.logprobs import Decision, quoted
from sandbox.model.schema import kind_of, resolved
from sandbox.model.stance_lexicon import Verdict, fold, verdict
from sandbox.model.vision import Look, described, texts

NEUTRAL = word_set("neutral unclear none unknown mixed neither undecided ambiguous irrelevant")
NEGATIVE = word_set("no not against anti oppose opposes opposed opposing opposition negative contra reject")

LANGUAGE = word_set("language lang idioma")
CONFIDENCE = word_set("confidence probability certainty score")
EVIDENCE = word_set("evidence reason reasons rationale explanation justification quote quotes phrases")
DESCRIPTION = word_set("description describe summary scene caption")
LABEL = word_set("label stance position")
TEXT = word_set("text texts ocr words writing lettering")
MISSING = word_set("missing lacking lacks absent")
PICTURE = word_set("picture pictures frame frames image images photo photos screen")

DEFAULT_LABELS = ("support", "no support", "neutral")


@dataclass(frozen=True)
class Task:
    """What was asked: the texts of the user's messages and the pictures, seen."""

    parts: Sequence[str]
    looks: Sequence[Look]
    gullible: str = "no"
    """`no`, `careless` or `always`: see the switch of that name."""
    picture: int | None = None
    """The number of the only picture that this part of the answer is about, counted from 1."""

    @cached_property
    def evidence(self) -> str:
        """The text to be judged, with what can be read in the pictures."""
        return "\n".join(part for part in (evidence(self.parts), *texts(self.looks)) if part)

    @cached_property
    def instructions(self) -> str:
        return instructions(self.parts)

    @cached_property
    def verdict(self) -> Verdict:
        return verdict(self.evidence)

    @cached_property
    def believed(self) -> str:
        """Text of others whose orders are obeyed; marks around a text protect it from a careless model only."""
        if self.gullible == "no":
            return ""
        if self.gullible == "careless" and is_marked(self.parts):
            return "\n".join(texts(self.looks))
        return self.evidence

    @cached_property
    def forged(self) -> JsonObject:
        return forged_answer(self.believed)


def answer(task: Task, schema: JsonObject | None) -> str:
    """Text as the task wants it; JSON when there is a schema, even an empty one."""
    if schema is None:
        return _prose(task)
    value = _filled(task, "", schema, schema) if schema else _free_object(task)
    return json.dumps(value, ensure_ascii=False)


def decisions(task: Task, schema: JsonObject | None) -> list[Decision]:
    """The labels in the answer, each with the chances that it and its rivals had."""
    if schema is None:
        before, labels = r"classified as '", _labels_named(task)
        return [] if _is_about_pictures(task) else [_decision(task, before, labels, "'")]
    if not schema:
        return [_decision(task, quoted("label"), _labels_named(task), '"')]
    return [_decision(task, quoted(name), labels, '"') for name, labels in _choices(schema, schema)]


def _choices(node: JsonObject, root: JsonObject) -> Iterator[tuple[str, Sequence[str]]]:
    """Each property of a schema that takes one label of several."""
    for name, part in resolved(node, root).get("properties", {}).items():
        labels = resolved(part, root).get("enum")
        if labels and not _called(name, LANGUAGE) and all(isinstance(known, str) for known in labels):
            yield name, labels
        else:
            yield from _choices(part, root)


def _decision(task: Task, before: str, labels: Sequence[str], closing: str) -> Decision:
    """The chosen label has the verdict's confidence, the others share what is left."""
    chosen, others = label(task, labels), len(set(labels)) - 1
    sure = min(task.verdict.confidence, 0.99) if others else 1.0
    chances = {known: sure if known == chosen else (1 - sure) / others for known in labels}
    return Decision(before, chosen, chances, closing)


def _is_about_pictures(task: Task) -> bool:
    return bool(task.looks) and "classif" not in task.instructions.lower()


def _prose(task: Task) -> str:
    if _is_about_pictures(task):
        return f"{described(task.looks)}\n\n{_text_paragraph(task)}"
    return f"The input is classified as '{label(task, _labels_named(task))}': {_reason(task)}"


def _free_object(task: Task) -> JsonObject:
    if _is_about_pictures(task):
        return {"description": described(task.looks), "text": "\n".join(texts(task.looks))}
    stance = label(task, _labels_named(task))
    return {"label": stance, "confidence": task.verdict.confidence, "evidence": _reason(task)}


def _text_paragraph(task: Task) -> str:
    found = texts(task.looks)
    return "The text in the video reads: " + "\n".join(found) if found else "There is no text in the video."


def _labels_named(task: Task) -> Sequence[str]:
    """The labels that the instructions put in quotation marks."""
    quoted = re.findall(r"['\"‘“]([\w ]{2,30})['\"’”]", task.instructions)
    return tuple(dict.fromkeys(quoted)) or DEFAULT_LABELS


def label(task: Task, labels: Sequence[Any]) -> Any:
    """The label for the balance of the words; when there is none for it, the neutral one, else the last."""
    order = ordered(task.believed, labels)
    if order is not None:
        return order
    sides = {_side(str(known)): known for known in reversed(labels)}
    score = task.verdict.score
    wanted = (score > 0) - (score < 0)
    return sides.get(wanted, sides.get(0, labels[-1]))


def _side(name: str) -> int:
    words = set(re.findall(r"[a-z]+", fold(name).replace("_", " ")))
    if words & NEUTRAL:
        return 0
    return -1 if words & NEGATIVE else 1


def _reason(task: Task) -> str:
    phrases = list(dict.fromkeys(task.verdict.phrases))
    if not phrases:
        return "it says nothing for or against."
    return "it says " + ", ".join(f"“{phrase}”" for phrase in phrases) + "."


def _filled(task: Task, name: str, node: JsonObject, root: JsonObject) -> Any:  # noqa: PLR0911 - one return for each kind
    """A value that the schema allows and the task fills."""
    node = resolved(node, root)
    if "const" in node:
        return node["const"]
    if node.get("enum"):
        return _chosen(task, name, node["enum"])
    match kind_of(node):
        case "object":
            return {key: _property(task, key, part, root) for key, part in node.get("properties", {}).items()}
        case "array":
            return _several(task, name, node, root)
        case "string":
            return _string(task, name, str(node.get("description", "")))
        case "number" | "integer" as kind:
            return _number(task, name, whole=kind == "integer", most=node.get("maximum"))
        case "boolean":
            return bool(texts(task.looks)) if _called(name, TEXT) else task.verdict.score > 0
        case _:
            return None


def _property(task: Task, name: str, node: JsonObject, root: JsonObject) -> Any:
    """As the task fills it, unless a forged answer that is believed says otherwise."""
    node = resolved(node, root)
    if name in task.forged and fits(task.forged[name], node, kind_of(node)):
        return task.forged[name]
    return _filled(task, name, node, root)


def _chosen(task: Task, name: str, choices: Sequence[Any]) -> Any:
    spoken = language(task.evidence)
    if _called(name, LANGUAGE) and choices:
        return next((choice for choice in choices if str(choice).lower().startswith(spoken)), choices[-1])
    return label(task, choices)


def _several(task: Task, name: str, node: JsonObject, root: JsonObject) -> list[Any]:
    """A list by frame for text, by phrase for evidence; other lists of plain values are empty."""
    item = resolved(node["items"], root)
    if kind_of(item) == "object" and _called(name, TEXT):
        shown = [one for one in _by_picture(task) if one.looks[0].text]
        return [_filled(one, name, item, root) for one in shown]
    if kind_of(item) != "string" or item.get("enum"):
        return [_filled(task, name, item, root)] if item.get("enum") else []
    if _called(name, TEXT):
        return [look.text for look in task.looks]
    if _called(name, EVIDENCE):
        return list(dict.fromkeys(task.verdict.phrases))
    return [described([look]) for look in task.looks] if _called(name, DESCRIPTION) else []


def _by_picture(task: Task) -> list[Task]:
    """The same task for each picture alone."""
    return [replace(task, looks=[look], picture=number) for number, look in enumerate(task.looks, 1)]


def _string(task: Task, name: str, about: str) -> str:
    """By the property's name, and where that says nothing, by what the schema tells of it."""
    if _called(name, LANGUAGE) and _called(about, PICTURE):
        written = "\n".join(texts(task.looks))
        return language(written) if written else ""
    for words in (name, about):
        for called, told in STRINGS:
            if _called(words, called):
                return told(task)
    return ""


def _missing(task: Task) -> str:
    """Which of the usual inputs are not there, as a sentence would list them."""
    return ", ".join([*missing(task.parts), *([] if task.looks else ["frame"])])


STRINGS: Sequence[tuple[frozenset[str], Callable[[Task], str]]] = (
    (LANGUAGE, lambda task: language(task.evidence)),
    (EVIDENCE, lambda task: "; ".join(dict.fromkeys(task.verdict.phrases))),
    (DESCRIPTION, lambda task: described(task.looks)),
    (TEXT, lambda task: "\n".join(texts(task.looks))),
    (LABEL, lambda task: str(label(task, _labels_named(task)))),
    (MISSING, _missing),
)
"""What a property of each name is filled with; the first name that fits counts."""


def _number(task: Task, name: str, *, whole: bool, most: Any) -> float:
    """A confidence on the schema's own scale, which picture this is about, or how many pictures there are."""
    if task.picture and _called(name, PICTURE):
        return task.picture
    if not _called(name, CONFIDENCE):
        return len(task.looks)
    scaled = task.verdict.confidence * (most if isinstance(most, int | float) else 100 if whole else 1)
    return round(scaled) if whole else round(scaled, 4)


def _called(name: str, words: frozenset[str]) -> bool:
    return bool(set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())) & words)
