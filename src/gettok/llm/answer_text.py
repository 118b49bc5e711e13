"""Finds the answer in what a chat model sent: one JSON object, whatever thoughts and words are around it.

Models write their thoughts before the answer, fences or a sentence around it, and end tokens after it; hosts pass these
on, or put the thoughts, and sometimes the whole answer, into a field of their own.
"""

import json
import re
from collections.abc import Mapping

from gettok.http.json_guards import to_mapping, to_mappings
from gettok.step import Json


def _unambiguous(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The object; raises `ValueError` if it has a key twice with different values: which is meant, none can know."""
    found: dict[str, Json] = {}
    for key, value in pairs:
        if repr(found.setdefault(key, value)) != repr(value):
            raise ValueError(f"it has {key!r} twice, with different values")
    return found


#: Raw line breaks and tabs in a string are not JSON, and small models write them.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_unambiguous)
_OBJECT = re.compile(r'\{\s*"')
_FENCED = re.compile(r"\A(```+|~~~+)[^`~\n]*?\s*(\{.*\})\s*\1\Z", re.DOTALL)

_NAMES = r"(?:\w+:)?(?:think\w*|thoughts?|reason\w*|reflection|analysis|scratchpad)"
#: Where thoughts begin and end, as models and their servers mark them: tags of any of these names (Qwen, DeepSeek and
#: most others), Magistral, Kimi, gpt-oss (with its tokens and without), Command A, Sky-T1, MedGemma, Gemma 4.
_BEGIN = re.compile(
    rf"<\s*{_NAMES}\b[^<>]*>|\[THINK\w*\]|◁think▷|<\|channel\|?>\s*(?:analysis|commentary|thought)"
    r"|\Aanalysis(?=[A-Z])|<\|(?:START_THINKING|begin_of_thought|think)\|>|<unused94>",
    re.IGNORECASE,
)
_END = re.compile(
    rf"<\s*/\s*{_NAMES}\s*>|\[/THINK\w*\]|◁/think▷|<\|channel\|>\s*final|<channel\|>"
    r"|assistantfinal|<\|(?:END_THINKING|end_of_thought|/think)\|>|<unused95>",
    re.IGNORECASE,
)
#: Thoughts may have some objects that are invalid. A model that writes them without end takes too long to read.
_MOST_INVALID = 100
_TEXT_PARTS = frozenset({None, "text", "output_text"})
#: Where vLLM, SGLang and llama.cpp, OpenRouter, and Ollama put thoughts.
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


def content_text(message: Mapping[str, Json]) -> str | None:
    """The content of a message as text, without the parts that are thoughts; `None` if it has no content."""
    content = message.get("content")
    if content is None or content == []:
        return None
    return "".join(map(_part_text, content)) if isinstance(content, list) else str(content)


def refusal_text(message: Mapping[str, Json]) -> str | None:
    """What the model says in refusing, in a field of its own or as a part of the content."""
    parts = [part.get("refusal") for part in to_mappings(message.get("content"))]
    said = [str(refusal) for refusal in (message.get("refusal"), *parts) if refusal]
    return said[0] if said else None


def answer_text(message: Mapping[str, Json]) -> str | None:
    """The text to look for the answer in.

    That is the content, or a field for thoughts if there is no content and the field is one JSON object, in a fence or
    not, and nothing else: some servers take a whole answer for thoughts. `None` if the message has neither content nor
    thoughts.
    """
    content = content_text(message)
    if content and not content.isspace():
        return content
    thoughts = [message[field] for field in _THOUGHT_FIELDS if message.get(field)]
    whole = [text for text in thoughts if isinstance(text, str) and _is_object(text)]
    return whole[0] if whole else "" if thoughts or message.get("tool_calls") else content


def find_object(text: str) -> str:
    """The one JSON object in a text, as it is written there; an object that is repeated counts once.

    Objects in thoughts are not looked at. Raises `ValueError` if there is no object, if there are several that differ,
    or if one is cut off, invalid, or part of something larger.
    """
    words, objects = _behind_thoughts(*_split(text))
    if any(map(_OBJECT.search, words)):
        raise ValueError("a JSON object in it is cut off or invalid")
    if not objects:
        raise ValueError("there is no JSON object in it")
    if len({json.dumps(parse_object(each), sort_keys=True) for each in objects}) > 1:
        raise ValueError("there are several JSON objects in it, which differ")
    if any(map(_is_enclosed, words, words[1:])):
        raise ValueError("the JSON object is part of something larger")
    return objects[-1]


def parse_object(source: str) -> dict[str, Json]:
    """The object that `find_object` has found."""
    return to_mapping(_DECODER.decode(source))


def _part_text(part: Json) -> str:
    if isinstance(part, dict):
        text = part.get("text") if part.get("type") in _TEXT_PARTS else None
        return text if isinstance(text, str) else ""
    return part if isinstance(part, str) else ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(_DECODER.decode(_FENCED.sub(r"\2", text.strip())), dict)
    except (ValueError, RecursionError):
        return False


def _split(text: str) -> tuple[list[str], list[str]]:
    """The JSON objects in a text, and the words before, between and behind them: one more than there are objects."""
    words: list[str] = []
    objects: list[str] = []
    begin = at = invalid = 0
    while start := _OBJECT.search(text, at):
        try:
            _, at = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at, invalid = start.end(), invalid + 1
            if invalid > _MOST_INVALID:
                at, invalid = _last_end(text, at), 0
            continue
        words.append(text[begin : start.start()])
        objects.append(text[start.start() : at])
        begin = at
    return [*words, text[begin:]], objects


def _last_end(text: str, at: int) -> int:
    """Where the last thoughts end; raises `ValueError` if that is before `at`."""
    ends = [mark.end() for mark in _END.finditer(text, at)]
    if not ends:
        raise ValueError("most JSON objects in it are cut off or invalid")
    return ends[-1]


def _behind_thoughts(words: list[str], objects: list[str]) -> tuple[list[str], list[str]]:
    """What follows the last end of thoughts, up to where new ones begin. Marks within an object are its content."""
    for number in reversed(range(len(words))):
        if ends := list(_END.finditer(words[number])):
            words, objects = [words[number][ends[-1].end() :], *words[number + 1 :]], objects[number:]
            break
    for number, part in enumerate(words):
        if begin := _BEGIN.search(part):
            return [*words[:number], part[: begin.start()]], objects[:number]
    return words, objects


def _is_enclosed(before: str, after: str) -> bool:
    return before.rstrip().endswith(("[", "{")) or after.lstrip().startswith(("]", "}"))
