"""The TikTok Research API v2: one client, its pages, its quota.

Source: TikTok's "Research API" documentation, and what its clients have observed
(https://github.com/CybersecurityForDemocracy/tiktok-library, https://github.com/JBGruber/traktok).
"""

from gettok.research_api.backoff import Backoff, span
from gettok.research_api.call import ApiCall
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
    as_not_now,
)
from gettok.research_api.page import FIELDS, PAGE_ROWS, Page, parse_json, sent_video_id, whole_number
from gettok.research_api.retry import RetryPolicy
from gettok.research_api.server_clock import ServerClock

__all__ = [
    "FIELDS",
    "PAGE_ROWS",
    "AccessDenied",
    "ApiCall",
    "Backoff",
    "BadQuestion",
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
    "as_not_now",
    "parse_json",
    "sent_video_id",
    "span",
    "whole_number",
]
