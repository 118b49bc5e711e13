"""Asks models behind OpenAI-compatible endpoints: what is said, what it costs, and how fast."""

from gettok.llm.call_log import Calls
from gettok.llm.client import Asker, asker_for, pause_s
from gettok.llm.question import Call, Conversation, Question, digest, replies_to
from gettok.llm.rate_limit import CLOCK, Clock, interruptible_clock

__all__ = [
    "CLOCK",
    "Asker",
    "Call",
    "Calls",
    "Clock",
    "Conversation",
    "Question",
    "asker_for",
    "digest",
    "interruptible_clock",
    "pause_s",
    "replies_to",
]
