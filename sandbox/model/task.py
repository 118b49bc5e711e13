"""A request as the sandbox's model takes it: what is to be judged, and how."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.exchange import JsonObject
from sandbox.model.evidence import evidence, instructions, is_marked
from sandbox.model.hearing import HeardSound
from sandbox.model.injection import forged_answer
from sandbox.model.stance_lexicon import LexiconScore, lexicon_score
from sandbox.model.vision import SeenPicture, texts


@dataclass(frozen=True)
class Task:
    """A request: the texts of the user's messages, and the measured pictures."""

    parts: Sequence[str]
    pictures: Sequence[SeenPicture]
    gullible: str = "no"
    """`no`, `careless` or `always`, as the switch of that name."""
    picture_number: int | None = None
    """The number, from 1, of the only picture that this part of the answer is about; 0 for one of a video."""
    system: Sequence[str] = ()
    """The texts of the system's messages."""
    film: int = 0
    """How many of the pictures, the last ones, are of videos, and so have no number."""
    sounds: Sequence[HeardSound] = ()
    words_read: int | None = None
    """How many words of the text to be judged the model reads; None: all."""
    prefers_first: bool = False
    """Whether the model takes the label shown first where it is unsure."""

    @cached_property
    def evidence(self) -> str:
        """The text to be judged, with the text in the pictures and the words in the sounds."""
        given = "\n".join(part for part in (evidence(self.parts), self.shown) if part)
        return given if self.words_read is None else _beginning(given, self.words_read)

    @cached_property
    def shown(self) -> str:
        """The text in the pictures, and the words in the sounds."""
        heard = [sound.words for sound in self.sounds if sound.words]
        return "\n".join([*texts(self.pictures), *heard])

    @cached_property
    def judged(self) -> str:
        """The same, but of unmarked texts beside pictures or sounds, which are instructions, none."""
        if (self.pictures or self.sounds) and not is_marked(self.parts):
            return self.shown
        return self.evidence

    @cached_property
    def instructions(self) -> str:
        return instructions(self.parts)

    @cached_property
    def score(self) -> LexiconScore:
        return lexicon_score(self.evidence)

    @cached_property
    def injectable(self) -> str:
        """Text whose orders the model obeys; marks around it protect from a careless model only."""
        if self.gullible == "no":
            return ""
        if self.gullible == "careless" and is_marked(self.parts):
            return self.shown
        return self.evidence

    @cached_property
    def forged(self) -> JsonObject:
        return forged_answer(self.injectable)


def _beginning(text: str, words: int) -> str:
    found = re.match(rf"(?:\s*\S+){{0,{words}}}", text)
    return found[0] if found else ""
