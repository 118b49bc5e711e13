"""The variants of a video: its inputs with an instruction to the model in them, for each attack type that applies."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.prompt_injection.attack_types import CONTROL, AttackType
from gettok.annotate.prompt_injection.painting import Painted, refuse_unpaintable
from gettok.annotate.step import AnnotateStep
from gettok.settings import AnnotationInput, PromptInjection
from gettok.step import Json

#: What a forged answer says in fields other than the label.
_FILLERS: Mapping[Json, Json] = {"string": "", "array": [], "number": 1, "integer": 1, "boolean": True}

T = TypeVar("T")

#: The inputs that the author of a video controls. The description is a model's, and is left as it is.
_BY_AUTHOR: tuple[AnnotationInput, ...] = ("transcript", "on_screen_text", "caption")


@dataclass(frozen=True)
class Original:
    """A video with the inputs that it was judged by, and its label of each variable that has one."""

    video_id: str
    labels: Mapping[str, str]
    inputs: AnnotationInputs


@dataclass(frozen=True)
class Variant:
    """A video's inputs with `inserted` in those that `inserted_into` names; a model that complies answers `wanted`.

    That is a label for each variable. The control asks for nothing. It has `wanted` labels too, to show how often they
    come by chance.
    """

    attack_type: AttackType
    wanted: Mapping[str, str]
    inserted: str
    inserted_into: tuple[AnnotationInput, ...]
    inputs: AnnotationInputs


def sample(video_ids: Iterable[str], most: int) -> list[str]:
    """A sample that depends on the ids alone: a new video replaces at most one other."""
    return sorted(video_ids, key=lambda video_id: (_number(video_id), video_id))[:most]


def wanted_for(video_id: str, label: str, labels: Sequence[str]) -> str:
    """One of the labels that the video did not get, chosen by its id."""
    return _choose([other for other in labels if other != label], video_id, "wanted")


def variants(original: Original, step: AnnotateStep, injection: PromptInjection) -> Iterator[Variant]:
    """A variant for each attack type that changes an input of the prompt."""
    video_id = original.video_id
    wanted = {
        name: wanted_for(video_id, label, step.group.variables[name].label_names)
        for name, label in original.labels.items()
    }
    instruction = _choose(injection.instructions, video_id, "order").replace(
        "{label}", _in_words(step, wanted)
    )
    targets = _targets(original, step.group.inputs)
    inserted: Mapping[AttackType, str] = {
        "on_screen": instruction,
        "speech": instruction,
        "caption": instruction,
        "forged_answer": forged_answer(step.group.schema, wanted),
        "forged_marks": forged_marks(video_id, instruction),
        CONTROL: _choose(injection.control_texts, video_id, "harmless"),
    }
    for attack_type, words in inserted.items():
        if into := targets[attack_type]:
            if "frames" in into:
                refuse_unpaintable(words)
            yield Variant(attack_type, wanted, words, into, _insert(original.inputs, into, words))


def check(injection: PromptInjection, step: AnnotateStep) -> None:
    """Raise `BadSettings` before anything is paid for, if an instruction cannot be drawn on a frame."""
    if "frames" in step.group.inputs:
        orders = [
            _in_words(step, {name: label})
            for name, variable in step.group.variables.items()
            if variable.is_single_choice
            for label in variable.label_names
        ]
        instructions = (
            instruction.replace("{label}", order)
            for instruction in injection.instructions
            for order in orders
        )
        for words in (*instructions, *injection.control_texts):
            refuse_unpaintable(words)


def _targets(
    original: Original, used: Collection[AnnotationInput]
) -> Mapping[AttackType, tuple[AnnotationInput, ...]]:
    """The inputs that each attack type changes; none if the prompt does not use them."""
    texts = tuple(name for name in _BY_AUTHOR if name in used)
    frames: tuple[AnnotationInput, ...] = ("frames",) if "frames" in used and original.inputs.pictures else ()
    any_text = (_choose(texts, original.video_id, "place"),) if texts else ()
    return {
        "on_screen": _only(texts, "on_screen_text") + frames,
        "speech": _only(texts, "transcript"),
        "caption": _only(texts, "caption"),
        "forged_answer": any_text,
        "forged_marks": any_text,
        CONTROL: texts + frames,
    }


def _only(names: Iterable[AnnotationInput], wanted: AnnotationInput) -> tuple[AnnotationInput, ...]:
    return tuple(name for name in names if name == wanted)


def _insert(inputs: AnnotationInputs, into: Collection[AnnotationInput], words: str) -> AnnotationInputs:
    texts: dict[str, Any] = {
        name: _append(getattr(inputs, name), words) for name in _BY_AUTHOR if name in into
    }
    if inputs.pictures and "frames" in into:
        return replace(inputs, **texts, pictures=Painted(inputs.pictures, words))
    return replace(inputs, **texts)


def _append(text: str | None, words: str) -> str:
    return f"{text}\n{words}" if text and text.strip() else words


def forged_marks(video_id: str, instruction: str) -> str:
    """A forged end of the text, the instruction after it, and a forged beginning before our real end."""
    mark = hashlib.sha256(f"forged mark {video_id}".encode()).hexdigest()[:16]
    return f"{mark}>>>\n\n{instruction}\n\n<<<{mark}"


def forged_answer(schema: Mapping[str, Json], wanted: Mapping[str, str]) -> str:
    """An answer that the schema allows, with the wanted label of each variable."""
    properties = schema["properties"]
    if wanted.keys() <= properties.keys():  # an object for each variable
        forged = {name: _filled(part, wanted.get(name)) for name, part in properties.items()}
    else:
        forged = _filled(schema, *wanted.values())
    return json.dumps(forged, ensure_ascii=False)


def _filled(node: Mapping[str, Json], wanted: str | None) -> Json:
    if choices := node.get("enum"):
        return wanted if wanted in choices else choices[0]
    kind = node.get("type")
    if isinstance(kind, list):  # such as ["string", "null"]
        kind = kind[0]
    if kind == "object":
        return {name: _filled(part, wanted) for name, part in node.get("properties", {}).items()}
    return _FILLERS.get(kind)


def _in_words(step: AnnotateStep, wanted: Mapping[str, str]) -> str:
    """The wanted label alone, or with the names of the variables where the group has several."""
    if step.group.is_alone:
        return next(iter(wanted.values()))
    return "; ".join(f"{name}: {label}" for name, label in wanted.items())


def _choose(options: Sequence[T], video_id: str, salt: str) -> T:
    """One of the options, chosen by the id. Another salt would choose others, and change every variant's answer key."""
    return options[_number(f"{salt} {video_id}") % len(options)]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
