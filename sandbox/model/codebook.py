"""Reads a codebook out of a request: what is asked about each variable, its labels and their meanings, its condition.

It is in the instructions, in the form of our own prompts (`## variable`, the question, `- "label": …`) or in a
caller's own words, and in the schema of the answer: an object for each variable, or the fields of the only one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.exchange import JsonObject
from sandbox.model.schema import kind_of, resolved

VALUES = ("label", "labels", "number", "text", "quotes")
"""The fields that can have the value of a variable; an object with one of them is a variable's."""
MISSING = "missing"

SECTION = re.compile(r"^## (\S+)[ \t]*\n(.*?)(?=^[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
LABEL = re.compile(
    r'^- "(?P<name>[^"\n]+)"(?::(?P<definition>.*?))?(?:[ ]Such as: (?P<examples>.*))?$', re.MULTILINE
)
EXAMPLES = re.compile(r"^Such as: (.*)$", re.MULTILINE)
CONDITION = re.compile(r"\bonly if (\w+) is ((?:\"[^\"\n]+\"(?: or )?)+)")
QUESTION = re.compile(r"[^.?!\n]*\?")
QUOTED = re.compile(r'"([^"\n]+)"')
ABSTAIN = re.compile(r"\b(?:cannot|can't|can not) (?:tell|be told|judge|be judged)\b")


@dataclass(frozen=True)
class Meaning:
    """When a label holds, or what a variable without labels is about."""

    name: str
    definition: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A variable as it is asked about."""

    name: str
    field: str
    """One of `VALUES`."""
    question: str
    meaning: Meaning
    labels: tuple[Meaning, ...]
    """In the order in which the instructions show them."""
    can_abstain: bool
    condition: tuple[str, tuple[str, ...]] | None = None
    """Another variable, and the labels of it with which this one is to be answered."""


def is_codebook(schema: JsonObject | None) -> bool:
    """Whether a schema is that of a codebook's answer."""
    return bool(schema) and MISSING in (schema or {}).get("properties", {}) and bool(_nodes(schema or {}))


def is_alone(schema: JsonObject) -> bool:
    """Whether the answer has the fields of its only variable."""
    return not schema["properties"].keys().isdisjoint(VALUES)


def asked_variables(schema: JsonObject, instructions: Sequence[str]) -> list[Asked]:
    """The variables of an answer. The first of the instructions that has sections of them counts, else the last."""
    shown = next((found for text in instructions if (found := dict(SECTION.findall(text)))), {})
    free = instructions[-1]
    if is_alone(schema):
        name, section = next(iter(shown.items()), ("", None))
        return [_asked(name, schema, section, free)]
    return [_asked(name, node, shown.get(name), _about(name, free)) for name, node in _nodes(schema).items()]


def _nodes(schema: JsonObject) -> Mapping[str, JsonObject]:
    """The object of each variable; that of the only one is the whole schema."""
    properties = {name: resolved(node, schema) for name, node in schema.get("properties", {}).items()}
    if not properties.keys().isdisjoint(VALUES):
        return {"": schema}
    others = {name: node for name, node in properties.items() if name != MISSING}
    if all(not node.get("properties", {}).keys().isdisjoint(VALUES) for node in others.values()):
        return others
    return {}


def _asked(name: str, node: JsonObject, section: str | None, free: str) -> Asked:
    field = next(name for name in VALUES if name in node["properties"])
    value = resolved(node["properties"][field], node)
    choices = [label for label in (value.get("enum") or _items(value).get("enum") or []) if label is not None]
    text = free if section is None else section
    condition = CONDITION.search(text)
    return Asked(
        name,
        field,
        *_meaning(name, text, in_section=section is not None),
        _labels(choices, _defined(text) if section is not None else _described(choices, free)),
        _is_nullable(value) and (bool(ABSTAIN.search(text)) or not condition),
        (condition[1], tuple(QUOTED.findall(condition[2]))) if condition else None,
    )


def _items(value: JsonObject) -> JsonObject:
    items: JsonObject = value.get("items", {}) if kind_of(value) == "array" else {}
    return items


def _is_nullable(value: JsonObject) -> bool:
    return isinstance(value.get("type"), list) and "null" in value["type"]


def _meaning(name: str, text: str, *, in_section: bool) -> tuple[str, Meaning]:
    """The question, and the definition and examples of the variable itself."""
    if not in_section:
        asked = QUESTION.search(text)
        return asked[0].strip() if asked else text, Meaning(name)
    question, *others = text.strip().splitlines()
    definition = [
        line
        for line in others
        if not line.startswith(("Answer ", "Such as: ", '- "')) and not ABSTAIN.search(line)
    ]
    examples = EXAMPLES.search(text)
    return question, Meaning(name, " ".join(definition), _quoted(examples[1] if examples else ""))


def _defined(section: str) -> list[Meaning]:
    return [
        Meaning(label["name"], (label["definition"] or "").strip(), _quoted(label["examples"] or ""))
        for label in LABEL.finditer(section)
    ]


def _described(choices: Iterable[str], text: str) -> list[Meaning]:
    """Labels in a caller's own words: what follows the quoted label, to the next quotation or the sentence's end."""
    places = {
        label: re.search(rf"['\"‘“]{re.escape(label)}['\"’”]([^'\"‘“.;\n]*)", text) for label in choices
    }
    shown = sorted((match.start(), label, match[1]) for label, match in places.items() if match)
    return [Meaning(label, _without_joint(words)) for _, label, words in shown]


def _without_joint(words: str) -> str:
    return re.sub(r",? (?:or|and)(?: as)?\s*$", "", words).strip(" ,:")


def _labels(choices: Sequence[str], meanings: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """The labels that the schema has, in the order shown; those without a meaning last."""
    known = [meaning for meaning in meanings if meaning.name in choices]
    names = {meaning.name for meaning in known}
    return (*known, *(Meaning(label) for label in choices if label not in names))


def _quoted(text: str) -> tuple[str, ...]:
    return tuple(QUOTED.findall(text))


def _about(name: str, text: str) -> str:
    """The lines of a caller's own text that begin with the variable's name, else all of it."""
    lines = re.findall(rf"^\W*{re.escape(name)}\W.*$", text, re.MULTILINE)
    return "\n".join(lines) or text
