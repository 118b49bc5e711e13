"""Asks models behind OpenAI-compatible endpoints: what is said, what it costs, and how fast."""

from gettok.llm.call_log import Calls
from gettok.llm.client import Asker, asker_for, pause_s
from gettok.llm.question import Call, Question, Talk, digest, replies_to
from gettok.llm.rate_limit import CLOCK, Clock, heeding

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
