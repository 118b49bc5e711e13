"""Models behind OpenAI-compatible endpoints: what they are asked, what it costs, and how fast."""

from gettok.llm.call_log import CallLog
from gettok.llm.question import Conversation, ModelCall, Question, replies_to, request_digest
from gettok.llm.rate_limit import CLOCK, Clock, interruptible_clock

__all__ = [
    "CLOCK",
    "CallLog",
    "Clock",
    "Conversation",
    "ModelCall",
    "Question",
    "interruptible_clock",
    "replies_to",
    "request_digest",
]
