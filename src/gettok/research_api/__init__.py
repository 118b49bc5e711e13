"""The TikTok Research API v2: one client, its pages, its quota.

Source: TikTok's "Research API" documentation, and what its clients have seen
(https://github.com/CybersecurityForDemocracy/tiktok-library, https://github.com/JBGruber/traktok).
"""

from gettok.research_api.call import Call
from gettok.research_api.client import Limits, ResearchApi
from gettok.research_api.credentials import Credentials
from gettok.research_api.error_mapping import Verdict
from gettok.research_api.ledger import Ledger
from gettok.research_api.outcomes import BadQuestion, ComeBack, Denied, Failing, SearchLost, come_back
from gettok.research_api.page import FIELDS, PAGE_ROWS, Page, parsed, whole_number
from gettok.research_api.retry import RetryPolicy
from gettok.research_api.server_clock import ServerClock

__all__ = [
    "FIELDS",
    "PAGE_ROWS",
    "BadQuestion",
    "Call",
    "ComeBack",
    "Credentials",
    "Denied",
    "Failing",
    "Ledger",
    "Limits",
    "Page",
    "ResearchApi",
    "RetryPolicy",
    "SearchLost",
    "ServerClock",
    "Verdict",
    "come_back",
    "parsed",
    "whole_number",
]
