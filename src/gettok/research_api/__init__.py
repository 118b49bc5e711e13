"""The TikTok Research API v2: one client, its pages, its quota.

Source: TikTok's "Research API" documentation, and what its clients have seen
(https://github.com/CybersecurityForDemocracy/tiktok-library, https://github.com/JBGruber/traktok).
"""

from gettok.research_api.call import Call
from gettok.research_api.client import Limits, ResearchApi
from gettok.research_api.credentials import Credentials
from gettok.research_api.error_mapping import Verdict
from gettok.research_api.ledger import Ledger
from gettok.research_api.outcomes import (
    AccessDenied,
    BadQuestion,
    QuotaExhausted,
    RequestFailing,
    SearchExpired,
    quota_exhausted,
)
from gettok.research_api.page import FIELDS, PAGE_ROWS, Page, parsed, whole_number
from gettok.research_api.retry import RetryPolicy
from gettok.research_api.server_clock import ServerClock

__all__ = [
    "FIELDS",
    "PAGE_ROWS",
    "AccessDenied",
    "BadQuestion",
    "Call",
    "Credentials",
    "Ledger",
    "Limits",
    "Page",
    "QuotaExhausted",
    "RequestFailing",
    "ResearchApi",
    "RetryPolicy",
    "SearchExpired",
    "ServerClock",
    "Verdict",
    "parsed",
    "quota_exhausted",
    "whole_number",
]
