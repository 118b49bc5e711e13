"""Comments on the collected videos, and their authors' profiles: optional, each with its own part of the quota."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from gettok.collect.canary import Canary
from gettok.collect.journal import STAGE
from gettok.collect.search import StoredPage
from gettok.http.json_guards import to_mappings
from gettok.research_api import (
    AccessDenied,
    ApiCall,
    Page,
    RequestFailing,
    ResearchApi,
    Verdict,
    as_not_now,
    sent_video_id,
    whole_number,
)
from gettok.step import Answer, Json
from gettok.store import Key, Store

COMMENTS, USERS = "video/comment/list", "user/info"
_COMMENT_FIELDS = "id,video_id,text,like_count,reply_count,parent_comment_id,create_time"
_USER_FIELDS = (
    "display_name,bio_description,avatar_url,is_verified,follower_count,following_count,likes_count,video_count,"
    "bio_url"
)
_VERSION = 1
_PAGE_ROWS = 100
#: An older version of the documentation allows the top thousand comments only; the next cursor is refused.
_LAST_CURSOR = 1000
#: A refusal is a fact about the video or the user, and is stored as an answer.
_ACCEPTED = frozenset({Verdict.ACCEPTED, Verdict.DECLINED, Verdict.BAD_QUESTION})


class VideoOnPage(NamedTuple):
    """What a page shows of a video that is needed to ask about its comments and author."""

    video_id: str
    day: str
    username: str


def videos_on(page: Page) -> Iterator[VideoOnPage]:
    """The videos on a page that have an id and a time."""
    for video in to_mappings(page.videos):
        number, created = whole_number(sent_video_id(video)), whole_number(video.get("create_time"))
        if number is not None and created is not None and 0 <= created < 2**33:
            day = datetime.fromtimestamp(created, UTC).date().isoformat()
            yield VideoOnPage(str(number), day, str(video.get("username") or ""))


@dataclass(frozen=True)
class People:
    """Asks for comments and profiles, through the store.

    A failing question is asked once a day, and given up after `patience_days` such days; those of a round of refreshing
    count apart. When the server answers nothing else either, the question is not to blame and is asked again after a
    pause.
    """

    store: Store
    api: ResearchApi
    source: str
    patience_days: int = 3
    canary: Canary | None = None
    #: What distinguishes the questions of a round of refreshing from the first ones.
    round_settings: Mapping[str, Json] = field(default_factory=dict)
    _denied: dict[str, AccessDenied] = field(default_factory=dict)

    def comments(self, video_id: str, limit: int, requests_per_day: int) -> Iterator[StoredPage]:
        """The first `limit` comments on a video, page by page; a refusal is a page with status 400.

        Raises `RequestFailing` when the server does not answer for this video, and `AccessDenied` when this client
        may not ask.
        """
        cursor = 0
        while cursor < limit:
            call = _comments_call(video_id, cursor, limit)
            stored = self._stored(call, video_id, cursor, requests_per_day)
            yield stored
            data = stored.page.data
            following = whole_number(data.get("cursor"))
            if not data.get("has_more") or following is None or following <= cursor:
                return
            cursor = following

    def user(self, username: str, requests_per_day: int) -> StoredPage:
        """A user's profile, or the refusal as a page with status 400. Raises as `comments` does."""
        return self._stored(_user_call(username), username, 0, requests_per_day)

    def is_given_up(self, endpoint: str, subject: str) -> bool:
        """Whether a question failed on so many days that it is no longer asked."""
        failed_on = self._failures(endpoint, subject)
        return bool(failed_on) and len(failed_on) >= self.patience_days

    def has_comments(self, video_id: str, limit: int) -> bool:
        """Whether the store has the first comments on a video."""
        return self._has(_comments_call(video_id, 0, limit))

    def has_user(self, username: str) -> bool:
        """Whether the store has a user's profile, or the refusal."""
        return self._has(_user_call(username))

    def _has(self, call: ApiCall) -> bool:
        return bool(self.store.known([self._key(call).digest]))

    def _stored(self, call: ApiCall, subject: str, cursor: int, requests_per_day: int) -> StoredPage:
        key = self._key(call)
        answer = self.store.get(key.digest)
        if answer is not None:
            page = Page.from_json(answer.body)
        else:
            page = self._ask(call.within(requests_per_day), subject)
            answer = Answer(page.to_json())
            self.store.put(key, call.subject, answer)
        return StoredPage(call.endpoint, subject, 0, cursor, key.digest, answer, page)

    def _ask(self, call: ApiCall, subject: str) -> Page:
        if call.endpoint in self._denied:
            raise self._denied[call.endpoint]
        failed_on = self._failures(call.endpoint, subject)
        if failed_on and (self.is_given_up(call.endpoint, subject) or self.api.now().date() in failed_on):
            raise RequestFailing(failed_on[max(failed_on)])
        while True:
            try:
                return self.api.ask(call)
            except AccessDenied as error:
                self._denied[call.endpoint] = error
                raise
            except RequestFailing as error:
                if not self.canary or self.canary.is_answered():
                    self._note(call.endpoint, subject, str(error))
                    raise
                self.api.back_off(as_not_now(error))

    def _failures(self, endpoint: str, subject: str) -> Mapping[date, str]:
        """The days on which a question failed, each with the error."""
        scope = self._failure_key(endpoint, subject, {}).scope
        bodies = (entry.answer.body for entry in self.store.scan(scope))
        return {date.fromisoformat(body["day"]): body["why"] for body in bodies}

    def _note(self, endpoint: str, subject: str, why: str) -> None:
        day = self.api.now().date().isoformat()
        self.store.put(
            self._failure_key(endpoint, subject, {"day": day}), subject, Answer({"day": day, "why": why})
        )

    def _failure_key(self, endpoint: str, subject: str, inputs: Mapping[str, Json]) -> Key:
        settings = {**self.round_settings, "source": self.source, "endpoint": endpoint, "failing": subject}
        return Key.of(STAGE, _VERSION, settings, inputs)

    def _key(self, call: ApiCall) -> Key:
        return Key.of(STAGE, _VERSION, _key_settings(call, self.source, self.round_settings), call.body)


def stored_users(store: Store, source: str, round_settings: Mapping[str, Json]) -> Iterator[StoredPage]:
    """The profiles, and refusals, that a round of refreshing has received, in order of key."""
    settings = _key_settings(_user_call(""), source, round_settings)
    for entry in store.scan(Key.of(STAGE, _VERSION, settings, {}).scope):
        page = Page.from_json(entry.answer.body)
        username = str(page.request["body"]["username"])
        yield StoredPage(USERS, username, 0, 0, entry.key, entry.answer, page)


def _key_settings(call: ApiCall, source: str, round_settings: Mapping[str, Json]) -> dict[str, Json]:
    return {"source": source, "endpoint": call.endpoint, "fields": call.fields, **round_settings}


def _comments_call(video_id: str, cursor: int, limit: int) -> ApiCall:
    body = {"video_id": int(video_id), "max_count": min(_PAGE_ROWS, limit - cursor), "cursor": cursor}
    accepts = _ACCEPTED | {Verdict.CURSOR_REFUSED} if cursor >= _LAST_CURSOR else _ACCEPTED
    return ApiCall(
        COMMENTS, body, "comments", f"{video_id} {cursor}", fields=_COMMENT_FIELDS, accepts=accepts
    )


def _user_call(username: str) -> ApiCall:
    return ApiCall(USERS, {"username": username}, "users", username, fields=_USER_FIELDS, accepts=_ACCEPTED)
