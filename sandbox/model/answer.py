"""The answers of the sandbox's model, made only from what the request contains."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.codebook import is_codebook
from sandbox.model.codebook_answer import coded_answer, coded_decisions
from sandbox.model.evidence import language, missing, word_set
from sandbox.model.injection import fits, ordered_label
from sandbox.model.logprobs import Decision, quoted
from sandbox.model.schema import kind_of, resolved
from sandbox.model.stance_side import label_of_side
from sandbox.model.task import Task
from sandbox.model.vision import describe, texts

LANGUAGE = word_set("language lang idioma")
CONFIDENCE = word_set("confidence probability certainty score")
EVIDENCE = word_set("evidence reason reasons rationale explanation justification quote quotes phrases")
DESCRIPTION = word_set("description describe summary scene caption")
LABEL = word_set("label stance position")
TEXT = word_set("text texts ocr words writing lettering")
BEEPS = word_set("beep beeps")
MISSING = word_set("missing lacking lacks absent")
PICTURE = word_set("picture pictures frame frames image images photo photos screen")

DEFAULT_LABELS = ("support", "no support", "neutral")


def answer(task: Task, schema: JsonObject | None) -> str:
    """Plain text, or JSON if there is a schema, even an empty one."""
    if schema is None:
        return _prose(task)
    if is_codebook(schema):
        return json.dumps(coded_answer(task, schema), ensure_ascii=False)
    value = _filled(task, "", schema, schema) if schema else _free_object(task)
    return json.dumps(value, ensure_ascii=False)


def decisions(task: Task, schema: JsonObject | None) -> list[Decision]:
    """The labels in the answer, with the probabilities of all alternatives."""
    if schema is None:
        before, labels = r"classified as '", _quoted_labels(task)
        return [] if _is_about_pictures(task) else [_decision(task, before, labels, "'")]
    if not schema:
        return [_decision(task, quoted("label"), _quoted_labels(task), '"')]
    if is_codebook(schema):
        return coded_decisions(task, schema)
    return [_decision(task, quoted(name), labels, '"') for name, labels in _choices(schema, schema)]


def _choices(node: JsonObject, root: JsonObject) -> Iterator[tuple[str, Sequence[str]]]:
    """The properties of a schema whose value is one of several labels."""
    for name, part in resolved(node, root).get("properties", {}).items():
        labels = resolved(part, root).get("enum")
        if labels and not _is_named(name, LANGUAGE) and all(isinstance(label, str) for label in labels):
            yield name, labels
        else:
            yield from _choices(part, root)


def _decision(task: Task, before: str, labels: Sequence[str], closing: str) -> Decision:
    """The chosen label has the lexicon's confidence; the others share the rest."""
    chosen, others = label_of(task, labels), len(set(labels)) - 1
    confidence = min(task.score.confidence, 0.99) if others else 1.0
    probabilities = {name: confidence if name == chosen else (1 - confidence) / others for name in labels}
    return Decision(before, chosen, probabilities, closing)


def _is_about_pictures(task: Task) -> bool:
    return bool(task.pictures) and "classif" not in task.instructions.lower()


def _prose(task: Task) -> str:
    if _is_about_pictures(task):
        return f"{_described(task)}\n\n{_text_paragraph(task)}"
    return f"The input is classified as '{label_of(task, _quoted_labels(task))}': {_reason(task)}"


def _free_object(task: Task) -> JsonObject:
    if _is_about_pictures(task):
        return {"description": _described(task), "text": "\n".join(texts(task.pictures))}
    stance = label_of(task, _quoted_labels(task))
    return {"label": stance, "confidence": task.score.confidence, "evidence": _reason(task)}


def _described(task: Task) -> str:
    """What is seen, and what is heard."""
    heard = [f"A voice says: {sound.words}" for sound in task.sounds if sound.words]
    seen = [describe(task.pictures)] if task.pictures or not task.sounds else []
    return " ".join([*seen, *heard]) or "Nothing is said."


def _text_paragraph(task: Task) -> str:
    shown = texts(task.pictures)
    return "The text in the video reads: " + "\n".join(shown) if shown else "There is no text in the video."


def _quoted_labels(task: Task) -> Sequence[str]:
    """The labels in quotation marks in the instructions."""
    quoted = re.findall(r"['\"‘“]([\w ]{2,30})['\"’”]", task.instructions)
    return tuple(dict.fromkeys(quoted)) or DEFAULT_LABELS


def label_of(task: Task, labels: Sequence[Any]) -> Any:
    """The label that matches the lexicon's balance, else the neutral one, else the last."""
    order = ordered_label(task.injectable, labels)
    if order is not None:
        return order
    return label_of_side(task.score.balance, labels)


def _reason(task: Task) -> str:
    phrases = list(dict.fromkeys(task.score.phrases))
    if not phrases:
        return "it says nothing for or against."
    return "it says " + ", ".join(f"“{phrase}”" for phrase in phrases) + "."


def _filled(task: Task, name: str, node: JsonObject, root: JsonObject) -> Any:  # noqa: PLR0911 - one return per type
    """A value that is valid for the schema and follows from the task."""
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
            return bool(texts(task.pictures)) if _is_named(name, TEXT) else task.score.balance > 0
        case _:
            return None


def _property(task: Task, name: str, node: JsonObject, root: JsonObject) -> Any:
    """The forged value if the model obeys one, else the value that follows from the task."""
    node = resolved(node, root)
    if name in task.forged and fits(task.forged[name], node, kind_of(node)):
        return task.forged[name]
    return _filled(task, name, node, root)


def _chosen(task: Task, name: str, choices: Sequence[Any]) -> Any:
    code = language(task.evidence)
    if _is_named(name, LANGUAGE) and choices:
        return next((choice for choice in choices if str(choice).lower().startswith(code)), choices[-1])
    return label_of(task, choices)


def _several(task: Task, name: str, node: JsonObject, root: JsonObject) -> list[Any]:
    """A list by frame for text, by phrase for evidence; other lists of strings are empty."""
    item = resolved(node["items"], root)
    if kind_of(item) == "object" and _is_named(name, TEXT):
        with_text = [part for part in _by_picture(task) if part.pictures[0].text]
        return [_filled(part, name, item, root) for part in with_text]
    if kind_of(item) != "string" or item.get("enum"):
        return [_filled(task, name, item, root)] if item.get("enum") else []
    if _is_named(name, TEXT):
        return [picture.text for picture in task.pictures]
    if _is_named(name, EVIDENCE):
        return list(dict.fromkeys(task.score.phrases))
    return [describe([picture]) for picture in task.pictures] if _is_named(name, DESCRIPTION) else []


def _by_picture(task: Task) -> list[Task]:
    """The task, once for each picture alone."""
    numbered = len(task.pictures) - task.film
    return [
        replace(task, pictures=[picture], picture_number=number if number <= numbered else 0)
        for number, picture in enumerate(task.pictures, 1)
    ]


def _string(task: Task, name: str, description: str) -> str:
    """By the property's name, or else by its description in the schema."""
    if _is_named(name, LANGUAGE) and _is_named(description, PICTURE):
        shown = "\n".join(texts(task.pictures))
        return language(shown) if shown else ""
    for words in (name, description):
        for keywords, fill in STRINGS:
            if _is_named(words, keywords):
                return fill(task)
    return ""


def _missing(task: Task) -> str:
    """The usual inputs that the request lacks, as a comma-separated list."""
    return ", ".join([*missing(task.parts), *([] if task.pictures else ["frame"])])


STRINGS: Sequence[tuple[frozenset[str], Callable[[Task], str]]] = (
    (LANGUAGE, lambda task: language(task.evidence)),
    (EVIDENCE, lambda task: "; ".join(dict.fromkeys(task.score.phrases))),
    (DESCRIPTION, _described),
    (TEXT, lambda task: "\n".join(texts(task.pictures))),
    (LABEL, lambda task: str(label_of(task, _quoted_labels(task)))),
    (MISSING, _missing),
)
"""How to fill a string property, by keywords in its name; the first match counts."""


def _number(task: Task, name: str, *, whole: bool, most: Any) -> float:
    """A confidence on the schema's scale, the beeps, the number of this picture, or the number of pictures."""
    if _is_named(name, BEEPS):
        return sum(sound.beeps for sound in task.sounds)
    if task.picture_number is not None and _is_named(name, PICTURE):
        return task.picture_number
    if not _is_named(name, CONFIDENCE):
        return len(task.pictures)
    scaled = task.score.confidence * (most if isinstance(most, int | float) else 100 if whole else 1)
    return round(scaled) if whole else round(scaled, 4)


def _is_named(name: str, words: frozenset[str]) -> bool:
    return bool(set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())) & words)
