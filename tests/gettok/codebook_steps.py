"""Groups of a codebook as tests need them, the steps that ask about them, and answers to them."""

from pathlib import Path
from typing import Any

from scripted_endpoint import llm, new_folder, says

from gettok.annotate.group import Group
from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.settings import AnnotationInput, Variable
from gettok.settings.secrets import Secret
from gettok.step import Item

#: All inputs but the video itself and its sound, which few models take.
EVERYTHING: tuple[AnnotationInput, ...] = ("transcript", "description", "on_screen_text", "caption", "frames")
LABELS = ("support", "no support", "neutral")
TARGET = "Pedro Castillo as President of Peru"
TEXT = "Towards {target}: {labels}? {as it is}"


def variable(kind: str = "one_of", **changes: Any) -> Variable:
    labels = LABELS if kind in ("one_of", "any_of", "ordinal") else ()
    given = {"question": f"Which {kind}?", "kind": kind, "labels": labels, "inputs": EVERYTHING}
    return Variable.model_validate(given | changes)


def stance(text: str | None = TEXT, target: str = TARGET, **changes: Any) -> Group:
    """The group of the stance alone."""
    return Group("stance", {"stance": variable(**changes)}, target, text)


def step(
    url: str = "http://x/v1",
    group: Group | None = None,
    folder: Path | None = None,
    *,
    frames: int = 1,
    **changes: Any,
) -> AnnotateStep:
    """`changes` are those of the settings of the model."""
    given = (url, Secret("sandbox"), folder or new_folder())
    return AnnotateStep(llm(**changes), group or stance(), frames, 1, *given)


def inputs(transcript: str | None, *others: Any) -> AnnotationInputs:
    """Description, on-screen text, caption and pictures are None unless they are given."""
    return AnnotationInputs(transcript, *others, *[None] * (4 - len(others)))


def item(number: int, transcript: str) -> Item[AnnotationInputs]:
    return Item(str(number), "d", {}, inputs(transcript))


def judges(label: Any, evidence: str = "", missing: str = "", **options: Any) -> Any:
    """What an endpoint replies to a group of one variable with labels."""
    return says({"label": label, "evidence": evidence, "missing": missing}, **options)
