"""Orders that hide in the text to be judged: what a model that believes everything would take for its own.

Three ways in: words that set the task aside ("ignore the above"), an end of the text or a change of speaker that is
forged, and JSON that passes for the answer. Only the words that were sent count, and the text on screen as read.
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


def ordered(text: str, labels: Sequence[Any]) -> Any:
    """The label that an order in the text wants, None without such an order."""
    plain = _plain(text)
    openings = [found.end() for pattern in (REJECTS, FORGED_END) for found in pattern.finditer(plain)]
    if not openings or not labels:
        return None
    known = {_plain(str(label)): label for label in labels}
    names = "|".join(re.escape(name) for name in sorted(known, key=lambda name: (-len(name), name)))
    order = re.compile(rf"\b(?:{VERBS})\b[^\w.!?]+(?:\w+[^\w.!?]+){{0,6}}?({names})\b")
    found = order.search(plain, min(openings))
    return known[found.group(1)] if found else None


def forged_answer(text: str) -> JsonObject:
    """What the JSON objects in the text say, the last one loudest."""
    told: JsonObject = {}
    for value in objects_in(text.translate(str.maketrans("“”„", '"""'))):
        told |= value
    return told


def objects_in(text: str) -> Iterator[JsonObject]:
    """The JSON objects that stand in a text, the outermost of each."""
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
    """Whether a forged value would pass for one of the schema's."""
    if node.get("enum"):
        return value in node["enum"]
    if kind in {"number", "integer"}:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, SCHEMA_TYPES.get(kind, ()))


def _plain(text: str) -> str:
    """As fold does it, line by line; `NO_SUPPORT` and `no support` are the same."""
    return fold(text).replace("_", " ")
