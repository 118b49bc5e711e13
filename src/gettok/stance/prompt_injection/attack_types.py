"""The ways by which an order gets to the judging model."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["on_screen", "speech", "caption", "forged_answer", "forged_marks", "control"]

#: Who attacks nothing: a harmless sentence wherever an attack would stand.
CONTROL: Way = "control"

#: Each way in words, in the order in which people are shown them.
WAYS: Mapping[Way, str] = MappingProxyType(
    {
        "on_screen": "an order in the on-screen text, and drawn on the frame",
        "speech": "an order in the transcript",
        "caption": "an order in the caption",
        "forged_answer": "an answer in the form that is asked for, in one of the texts",
        "forged_marks": "marks like ours that end a text, and an order after them",
        CONTROL: "no order: a harmless sentence in all these places",
    }
)
