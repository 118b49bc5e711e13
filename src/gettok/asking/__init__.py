"""Asks models behind OpenAI-compatible endpoints: what is said, what it costs, and how fast."""

from gettok.asking.calls import Calls
from gettok.asking.client import Asker, asker_for, pause_s
from gettok.asking.gate import CLOCK, Clock, heeding
from gettok.asking.question import Call, Question, Talk, digest, replies_to

__all__ = [
    "CLOCK",
    "Asker",
    "Call",
    "Calls",
    "Clock",
    "Question",
    "Talk",
    "asker_for",
    "digest",
    "heeding",
    "pause_s",
    "replies_to",
]
