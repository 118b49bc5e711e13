"""The TikTok Research API v2: a token, and one page of a video query, verbatim.

Source: TikTok's "Research API" documentation, and what its clients have seen
(https://github.com/CybersecurityForDemocracy/tiktok-library, https://github.com/JBGruber/traktok).
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from gettok.errors import BadCredentials, BadSettings, NotNow
from gettok.secrets import Secret
from gettok.step import Json

#: All fields that "Query Videos" documents.
FIELDS = (
    "id,video_description,create_time,region_code,share_count,view_count,like_count,comment_count,music_id,"
    "hashtag_names,username,effect_ids,playlist_id,voice_to_text,is_stem_verified,favorites_count,video_duration,"
    "hashtag_info_list,sticker_info_list,effect_info_list,video_mention_list,video_label,video_tag"
)
#: The most rows that a page may have.
PAGE_ROWS = 100
#: A request that hangs ends in 504 after about 4 minutes (traktok#17).
_TIMEOUT_S = (10, 300)
_TRIES = 6
_LONGEST_WAIT_S = 60.0
_RENEW_EARLY_S = 300
_FATAL_OAUTH = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "access_denied",
    }
)


class SearchLost(Exception):
    """The server no longer knows the search; its window must be asked again from the start."""


@dataclass(frozen=True)
class Page:
    """One response to a video query, verbatim, with what was asked and when the server says it answered."""

    request: Mapping[str, Json]
    status: int
    headers: Mapping[str, str]
    observed_at: datetime
    text: str

    @property
    def data(self) -> Mapping[str, Json]:
        content: Mapping[str, Json] = json.loads(self.text)["data"]
        return content

    def to_json(self) -> dict[str, Json]:
        return {
            "request": dict(self.request),
            "status": self.status,
            "headers": dict(self.headers),
            "observed_at": self.observed_at.isoformat(),
            "text": self.text,
        }

    @staticmethod
    def from_json(body: Mapping[str, Json]) -> "Page":
        observed_at = datetime.fromisoformat(body["observed_at"])
        return Page(body["request"], body["status"], body["headers"], observed_at, body["text"])


@dataclass
class ResearchApi:
    """A client with one token, renewed five minutes early, and once when the server refuses it."""

    base: str
    client_key: str
    client_secret: Secret
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _session: requests.Session = field(default_factory=requests.Session)
    _token: Secret | None = None
    _token_ends: float = 0.0

    def query(self, body: Mapping[str, Json]) -> Page:
        """One page of `POST /research/video/query/`.

        Waits and asks again, a bounded number of times, on server trouble. Raises `SearchLost`, `NotNow` (trouble
        that lasts, quota spent), `BadCredentials`, or `BadSettings` for a query that the server does not accept.
        """
        renewed = False
        trouble = ""
        for tried in range(_TRIES):
            response, trouble = self._post(f"/research/video/query/?fields={FIELDS}", body)
            code, message = _error(response)
            if response is not None and code == "ok":
                return _page(response, body)
            trouble = (
                trouble or f"HTTP {response.status_code if response is not None else '?'} {code}: {message}"
            )
            if code in ("access_token_invalid", "invalid_token"):
                if renewed:
                    raise _bad_credentials(message)
                self._token, renewed = None, True
                continue
            _raise_if_final(code, message, body)
            if tried + 1 < _TRIES:
                self.sleep(_wait_s(response, tried))
        if "Search Id" in trouble or "Invalid count or cursor" in trouble:
            raise SearchLost(trouble)
        raise NotNow(
            f"the Research API fails: {trouble}",
            f"asked {_TRIES} times; every page received before is kept",
            "run the same command again later; it goes on from this page",
        )

    def _post(self, path: str, body: Mapping[str, Json]) -> tuple[requests.Response | None, str]:
        headers = {"Authorization": f"Bearer {self._valid_token().reveal()}"}
        try:
            return self._session.post(
                self.base + path, json=dict(body), headers=headers, timeout=_TIMEOUT_S
            ), ""
        except requests.RequestException as error:
            return None, f"{type(error).__name__}: {error}"

    def _valid_token(self) -> Secret:
        if self._token is None or self.clock() > self._token_ends:
            content = self._new_token()
            self._token = Secret(str(content["access_token"]))
            self._token_ends = self.clock() + float(content.get("expires_in", 7200)) - _RENEW_EARLY_S
        return self._token

    def _new_token(self) -> dict[str, Any]:
        form = {
            "client_key": self.client_key,
            "client_secret": self.client_secret.reveal(),
            "grant_type": "client_credentials",
        }
        trouble = ""
        for tried in range(_TRIES):
            try:
                response = self._session.post(f"{self.base}/oauth/token/", data=form, timeout=_TIMEOUT_S)
                content = response.json()
            except requests.RequestException as error:  # a body that is no JSON is one of them
                trouble = type(error).__name__
            else:
                if isinstance(content, dict) and "access_token" in content:
                    return content
                # the HTTP status of a refused token is not documented: the body decides
                trouble = str(
                    content.get("error_description", content.get("error", "no token in the answer"))
                )
                if content.get("error") in _FATAL_OAUTH:
                    raise _bad_credentials(trouble)
            self.sleep(_wait_s(None, tried))
        raise NotNow(
            f"the Research API gives no access token: {trouble}",
            f"asked {_TRIES} times",
            "run the command again later",
        )


def _error(response: requests.Response | None) -> tuple[str, str]:
    """The error's code and message; `ok` only for a 2xx whose body is a whole JSON page."""
    if response is None:
        return "unreachable", "no answer"
    try:
        content = response.json()
    except requests.JSONDecodeError:
        return "not_json", response.text[:200]
    error = content.get("error", {}) if isinstance(content, dict) else {}
    code, message = str(error.get("code", "ok" if response.ok else "unknown")), str(error.get("message", ""))
    if code == "ok" and not (response.ok and isinstance(content.get("data"), dict)):
        return "no_data", message
    return code, message


def _raise_if_final(code: str, message: str, body: Mapping[str, Json]) -> None:
    """Raise for what waiting within this run does not mend."""
    if code == "daily_quota_limit_exceeded":
        raise NotNow(
            "the day's quota of the Research API is spent",
            "kept every page received before",
            "run the same command again after 00:00 UTC, when TikTok renews the quota",
        )
    if code in ("scope_not_authorized", "scope_permission_missed"):
        raise _bad_credentials(message)
    lost = "Search Id" in message or "Invalid count or cursor" in message
    if code == "invalid_params" and not lost and "omething" not in message:
        raise BadSettings(
            f"the Research API does not accept the query: {message}",
            f"sent {json.dumps(dict(body), ensure_ascii=False)}",
            "correct study.query, study.start or study.end under conf/study/",
        )


def _wait_s(response: requests.Response | None, tried: int) -> float:
    told = response.headers.get("Retry-After", "") if response is not None else ""
    backoff = 2.0**tried * random.uniform(0.5, 1.0)
    return min(float(told) if told.isdecimal() else backoff, _LONGEST_WAIT_S)


def _page(response: requests.Response, body: Mapping[str, Json]) -> Page:
    told = response.headers.get("Date")
    observed_at = parsedate_to_datetime(told) if told else datetime.now(UTC).replace(microsecond=0)
    headers = {name: value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    request = {"path": f"/research/video/query/?fields={FIELDS}", "body": dict(body)}
    return Page(request, response.status_code, headers, observed_at, response.text)


def _bad_credentials(message: str) -> BadCredentials:
    return BadCredentials(
        f"the Research API refuses the credentials: {message}",
        "stopped; nothing was collected with them",
        "check TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET in the environment",
    )
