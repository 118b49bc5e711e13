"""Prompt injections in the text to be judged, which a gullible model obeys.

There are three kinds: words that set the task aside ("ignore the above"), a forged end of the text or change of
speaker, and JSON in the form of the answer. Only the texts in the request count, and the on-screen text that OCR reads.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.stance_lexicon import fold

REJECTS = re.compile(
    r"\b(?:ignor\w*|disregard|forget|override|olvid\w*)\b[^.!?\n]{0,60}?"
    r"\b(?:above|previous|prior|all|everything|instructions?|rules?|anterior\w*|arriba|todo|instrucciones)\b"
)
FORGED_END = re.compile(
    r"^[ \t]*(?:\w{0,40}>>>|<<<\w{0,40}|```|\"\"\"|-{3,}|={3,}|#{2,}|</?\w+>|<\|\w+\|>|\[/?inst\]"
    r"|(?:system|assistant|user|developer|sistema)[ \t]*:)",
    re.MULTILINE,
)
VERBS = (
    "answer|respond|reply|say|output|write|return|label|classify|choose|pick"
    "|responde|contesta|di|escribe|clasifica|etiqueta|elige"
)
SCHEMA_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def ordered_label(text: str, labels: Sequence[Any], name: str = "", names: Sequence[str] = ()) -> Any:
    """The label that an injected order asks for; None if there is no such order.

    An order can name variables, as in `answer "stance: support; topic: work"`: each then gets the label behind it.
    """
    plain = _plain(text)
    openings = [match.end() for pattern in (REJECTS, FORGED_END) for match in pattern.finditer(plain)]
    if not openings or not labels:
        return None
    label_of = {_plain(str(label)): label for label in labels}
    choices = "|".join(re.escape(label) for label in sorted(label_of, key=lambda label: (-len(label), label)))
    variables = "|".join(re.escape(_plain(other)) for other in names if other)
    verb = re.search(rf"\b(?:{VERBS})\b", plain[min(openings) :])
    if variables and verb and re.search(rf"\b(?:{variables}) ?: ?\w", plain[min(openings) + verb.end() :]):
        order = re.compile(rf"\b{re.escape(_plain(name))} ?: ?({choices})\b")
    else:
        order = re.compile(rf"\b(?:{VERBS})\b[^\w.!?]+(?:\w+[^\w.!?]+){{0,6}}?({choices})\b")
    match = order.search(plain, min(openings))
    return label_of[match.group(1)] if match else None


def forged_answer(text: str) -> JsonObject:
    """The JSON objects in the text, merged; the last one wins."""
    merged: JsonObject = {}
    for value in objects_in(text.translate(str.maketrans("“”„", '"""'))):
        merged |= value
    return merged


def objects_in(text: str) -> Iterator[JsonObject]:
    """The outermost JSON objects in a text."""
    at = text.find("{")
    while at >= 0:
        try:
            value, end = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        if isinstance(value, dict):
            yield value
        at = text.find("{", end)


def fits(value: Any, node: JsonObject, kind: str) -> bool:
    """Whether a forged value is valid for this node of the schema."""
    if node.get("enum"):
        return value in node["enum"]
    if kind == "array" and isinstance(value, list) and (choices := node.get("items", {}).get("enum")):
        return all(item in choices for item in value)
    if kind in {"number", "integer"}:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, SCHEMA_TYPES.get(kind, ()))


def _plain(text: str) -> str:
    """The folded text; `NO_SUPPORT` and `no support` become the same."""
    return fold(text).replace("_", " ")
