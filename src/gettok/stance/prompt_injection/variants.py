"""The variants of a video: its inputs with an order to the model in them, by each way that the prompt leaves open."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gettok.settings import PromptInjection, StanceInput
from gettok.stance import StanceInputs, StanceStep
from gettok.stance.prompt_injection.attack_types import CONTROL, Way
from gettok.stance.prompt_injection.painting import Painted, refuse_unpaintable
from gettok.step import Json

#: What a forged answer says where it is not about the label.
_PLAIN: Mapping[Json, Json] = {"string": "", "array": [], "number": 1, "integer": 1, "boolean": True}

T = TypeVar("T")

#: What a stranger writes. The description is a model's, and is left as it is.
_WRITTEN: tuple[StanceInput, ...] = ("transcript", "on_screen_text", "caption")


@dataclass(frozen=True)
class Original:
    """A video with the inputs that it was judged by, and the label that it got."""

    video_id: str
    label: str
    inputs: StanceInputs


@dataclass(frozen=True)
class Variant:
    """A video's inputs with `inserted` in those that `inserted_into` names; whoever obeys it answers `wanted`.

    The control's words want nothing. `wanted` is there as well: how often it comes by chance.
    """

    way: Way
    wanted: str
    inserted: str
    inserted_into: tuple[StanceInput, ...]
    inputs: StanceInputs


def sample(video_ids: Iterable[str], most: int) -> list[str]:
    """The same videos each time; one that is found later takes at most one other's place."""
    return sorted(video_ids, key=lambda video_id: (_number(video_id), video_id))[:most]


def wanted_for(video_id: str, label: str, labels: Sequence[str]) -> str:
    """One of the labels that the video did not get, drawn by its id."""
    return _drawn([other for other in labels if other != label], video_id, "wanted")


def variants(original: Original, step: StanceStep, attacks: PromptInjection) -> Iterator[Variant]:
    """A variant for each way that leads through inputs that the prompt uses."""
    this = original.video_id
    wanted = wanted_for(this, original.label, step.target.labels)
    order = _drawn(attacks.instructions, this, "order").replace("{label}", wanted)
    places = _places(original, step.prompt.inputs)
    inserted: Mapping[Way, str] = {
        "on_screen": order,
        "speech": order,
        "caption": order,
        "forged_answer": forged_answer(step.settings["schema"], wanted),
        "forged_marks": forged_marks(this, order),
        CONTROL: _drawn(attacks.control_texts, this, "harmless"),
    }
    for way, words in inserted.items():
        if into := places[way]:
            if "frame" in into:
                refuse_unpaintable(words)
            yield Variant(way, wanted, words, into, _with(original.inputs, into, words))


def check(attacks: PromptInjection, step: StanceStep) -> None:
    """Raise `BadSettings` before anything is paid for, if an order could not be painted on a frame."""
    if "frame" in step.prompt.inputs:
        orders = (
            order.replace("{label}", label) for order in attacks.instructions for label in step.target.labels
        )
        for words in (*orders, *attacks.control_texts):
            refuse_unpaintable(words)


def _places(original: Original, used: Collection[StanceInput]) -> Mapping[Way, tuple[StanceInput, ...]]:
    """The inputs that each way changes: none where the prompt has no use for them."""
    written = tuple(name for name in _WRITTEN if name in used)
    frame: tuple[StanceInput, ...] = ("frame",) if "frame" in used and original.inputs.pictures else ()
    one = (_drawn(written, original.video_id, "place"),) if written else ()
    return {
        "on_screen": _only(written, "on_screen_text") + frame,
        "speech": _only(written, "transcript"),
        "caption": _only(written, "caption"),
        "forged_answer": one,
        "forged_marks": one,
        CONTROL: written + frame,
    }


def _only(names: Iterable[StanceInput], wanted: StanceInput) -> tuple[StanceInput, ...]:
    return tuple(name for name in names if name == wanted)


def _with(inputs: StanceInputs, into: Collection[StanceInput], words: str) -> StanceInputs:
    texts: dict[str, Any] = {
        name: _followed(getattr(inputs, name), words) for name in _WRITTEN if name in into
    }
    if inputs.pictures and "frame" in into:
        return replace(inputs, **texts, pictures=Painted(inputs.pictures, words))
    return replace(inputs, **texts)


def _followed(text: str | None, words: str) -> str:
    return f"{text}\n{words}" if text and text.strip() else words


def forged_marks(video_id: str, order: str) -> str:
    """An end of the text as ours are, the order outside of it, and a beginning for our true end."""
    mark = hashlib.sha256(f"forged mark {video_id}".encode()).hexdigest()[:16]
    return f"{mark}>>>\n\n{order}\n\n<<<{mark}"


def forged_answer(schema: Mapping[str, Json], wanted: str) -> str:
    """An answer that the schema allows, with the wanted label."""
    return json.dumps(_filled(schema, wanted), ensure_ascii=False)


def _filled(node: Mapping[str, Json], wanted: str) -> Json:
    if choices := node.get("enum"):
        return wanted if wanted in choices else choices[0]
    kind = node.get("type")
    if isinstance(kind, list):  # such as text or nothing
        kind = kind[0]
    if kind == "object":
        return {name: _filled(part, wanted) for name, part in node.get("properties", {}).items()}
    return _PLAIN.get(kind)


def _drawn(options: Sequence[T], video_id: str, what: str) -> T:
    return options[_number(f"{what} {video_id}") % len(options)]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
