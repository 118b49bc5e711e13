"""Leaves what people asked to be erased, and what refreshes no longer found, out of the pages that `collect` writes.

Pages are verbatim, and `dvc push` shares them: neither must go out with them. In the place of such a video on a page is
a mark with the SHA-256 of its id, so that the other rows keep their positions and the books can count it. Everything
else on the page stays as it was received. The answer store keeps the page as it came, so that a video comes back whose
line is taken off the list of tombstones.
"""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from gettok.collect.people import COMMENTS
from gettok.collect.search import StoredPage
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.collect.zeeschuimer import ENDPOINT as CAPTURES
from gettok.collect.zeeschuimer import as_video
from gettok.http.json_elements import elements_at, replaced
from gettok.http.json_guards import to_mapping, to_mappings, to_text
from gettok.research_api import Page, sent_video_id
from gettok.step import Answer, Json, canonical

#: The marks of what was erased, and of what is gone.
_ERASED, _GONE = "erased_sha256", "gone_sha256"
_ID = re.compile(r"[0-9]{6,20}")


@dataclass(frozen=True)
class Erased:
    """The digests of what people asked to be erased: ids of videos and comments, and usernames in small letters."""

    videos: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    #: Of the ids of other videos and comments that pages must not have either: refreshes no longer found them.
    gone: frozenset[str] = frozenset()

    @staticmethod
    def of(folder: Path) -> "Erased":
        """What the lists in a folder have."""
        lists = [RefreshLists(folder, "video"), RefreshLists(folder, "comment"), RefreshLists(folder, "user")]
        return Erased(*(frozenset(each.erased()) for each in lists))

    @staticmethod
    def or_gone(folder: Path) -> "Erased":
        """The same, and what refreshes no longer found: TikTok's terms ask to delete what is deleted there."""
        listed = RefreshLists(folder, "video").gone() | RefreshLists(folder, "comment").gone()
        erased = Erased.of(folder)
        return replace(erased, gone=frozenset(listed) - erased.videos - erased.comments)

    def __bool__(self) -> bool:
        return bool(self.videos or self.comments or self.users or self.gone)

    def has_user(self, name: str | None) -> bool:
        return bool(self.users) and name is not None and user_digest(name) in self.users

    def video_digest(self, video: Json) -> str | None:
        """The digest of a video in the Research API's field names, if it is gone, or it or its author is erased."""
        sent = sent_video_id(to_mapping(video))
        digest = sha256(canonical(video) if sent is None else str(sent))
        is_listed = digest in self.videos or digest in self.gone
        return digest if is_listed or self.has_user(to_text(to_mapping(video).get("username"))) else None

    def ids_on(self, page: Page) -> set[str]:
        """The ids of the erased videos on a page."""
        found = (video for video in to_mappings(page.videos) if self.video_digest(video))
        return {str(sent_video_id(video)) for video in found}

    def page(self, stored: StoredPage) -> StoredPage:
        """The page without what is erased or gone."""
        if not self:
            return stored
        before = stored.page
        text, marked = self._text(before)
        request = self._without_ids(before.request, self.videos | self.gone | marked)
        page = replace(before, request=request, text=text, content=None)
        return stored if page == before else replace(stored, page=page, answer=Answer(page.to_json()))

    def _text(self, page: Page) -> tuple[str, set[str]]:
        """The page's text without what is erased, and the digests of what was on it."""
        path, digest_of = self._list_on(page)
        try:
            elements = elements_at(page.text, path)
        except ValueError:  # nothing on it goes into a table
            return "" if self._names(page.text) else page.text, set()
        marked = [(element, digest) for element in elements if (digest := digest_of(element.value))]
        marks = [json.dumps(self._mark(digest)) for _, digest in marked]
        text = replaced(page.text, [element for element, _ in marked], marks)
        return text, {digest for _, digest in marked}

    def _list_on(self, page: Page) -> tuple[tuple[str, ...], Callable[[Json], str | None]]:
        """Where a page has its rows, and what tells whether a row is erased."""
        endpoint = str(page.request.get("path")).partition("?")[0]  # the fields behind it name comments, too
        if endpoint == CAPTURES:
            return ("items",), self._captured_digest
        if COMMENTS in endpoint:
            return ("data", "comments"), self._comment_digest
        return ("data", "videos"), self.video_digest

    def _captured_digest(self, capture: Json) -> str | None:
        try:
            return self.video_digest(as_video(to_mapping(capture)))
        except ValueError:
            return None

    def _comment_digest(self, comment: Json) -> str | None:
        digest = sha256(str(to_mapping(comment).get("id")))
        return digest if digest in self.comments or digest in self.gone else None

    def _mark(self, digest: str) -> dict[str, str]:
        return {_GONE if digest in self.gone else _ERASED: digest}

    def _names(self, text: str) -> bool:
        """Whether a text that cannot be parsed has an id that is erased or gone, or may be about an erased user."""
        listed = self.videos | self.comments | self.gone
        return bool(self.users) or any(sha256(number) in listed for number in _ID.findall(text))

    def _without_ids(self, sent: Json, digests: Collection[str]) -> Json:
        """A page's request, with the mark instead of each id with one of these digests that it asks for."""
        if isinstance(sent, dict):
            return {name: self._without_ids(value, digests) for name, value in sent.items()}
        if isinstance(sent, list):
            return [self._without_ids(value, digests) for value in sent]
        is_id = isinstance(sent, str | int) and _ID.fullmatch(str(sent))
        return self._mark(digest) if is_id and (digest := sha256(str(sent))) in digests else sent


NONE_ERASED = Erased()


def user_digest(name: str) -> str:
    """How the lists name an erased user: TikTok does not tell usernames apart by their capitals."""
    return sha256(name.lower())


def marked_digest(content: Json) -> str | None:
    """The digest of a row that is erased or gone, from its mark on a page; None for any other row."""
    if isinstance(content, dict) and len(content) == 1:
        return next((str(content[mark]) for mark in (_ERASED, _GONE) if mark in content), None)
    return None
