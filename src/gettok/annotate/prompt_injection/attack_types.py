"""Where and how a prompt injection is put into a video's inputs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

AttackType: TypeAlias = Literal["on_screen", "speech", "caption", "forged_answer", "forged_marks", "control"]

#: A harmless sentence wherever an injection could be: how often a label changes without one.
CONTROL: AttackType = "control"

#: Each type in words, in the order in which reports show them.
ATTACK_TYPES: Mapping[AttackType, str] = MappingProxyType(
    {
        "on_screen": "an instruction in the on-screen text, and drawn on the frame",
        "speech": "an instruction in the transcript",
        "caption": "an instruction in the caption",
        "forged_answer": "an answer in the expected format, in one of the texts",
        "forged_marks": "marks like ours that end a text, and an instruction after them",
        CONTROL: "no instruction: a harmless sentence in all these places",
    }
)
