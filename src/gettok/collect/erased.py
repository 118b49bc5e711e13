"""Leaves what people asked to be erased out of the pages that `collect` writes.

Pages are verbatim, and `dvc push` shares them: an erased video must not go out with them. In its place on a page is a
mark with the SHA-256 of its id, so that the other rows keep their positions and the books can count it. Everything else
on the page stays as it was received. The answer store keeps the page as it came.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gettok.collect.search import StoredPage
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.collect.zeeschuimer import ENDPOINT as CAPTURES
from gettok.collect.zeeschuimer import as_video
from gettok.http.json_elements import elements_at, replaced
from gettok.http.json_guards import to_mapping, to_mappings, to_text
from gettok.research_api import Page, sent_video_id
from gettok.step import Answer, Json, canonical

_MARK = "erased_sha256"
_ID = re.compile(r"[0-9]{6,20}")


@dataclass(frozen=True)
class Erased:
    """The digests of what people asked to be erased: ids of videos and comments, and usernames in small letters."""

    videos: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    @staticmethod
    def of(folder: Path) -> "Erased":
        """What the lists in a folder have."""
        lists = [RefreshLists(folder, "video"), RefreshLists(folder, "comment"), RefreshLists(folder, "user")]
        return Erased(*(frozenset(each.erased()) for each in lists))

    def __bool__(self) -> bool:
        return bool(self.videos or self.comments or self.users)

    def has_user(self, name: str | None) -> bool:
        return bool(self.users) and name is not None and user_digest(name) in self.users

    def video_digest(self, video: Json) -> str | None:
        """The digest of a video in the Research API's field names, if it or its author is erased."""
        sent = sent_video_id(to_mapping(video))
        digest = sha256(canonical(video) if sent is None else str(sent))
        is_erased = digest in self.videos or self.has_user(to_text(to_mapping(video).get("username")))
        return digest if is_erased else None

    def ids_on(self, page: Page) -> set[str]:
        """The ids of the erased videos on a page."""
        found = (video for video in to_mappings(page.videos) if self.video_digest(video))
        return {str(sent_video_id(video)) for video in found}

    def page(self, stored: StoredPage) -> StoredPage:
        """The page without what is erased."""
        if not self:
            return stored
        before = stored.page
        page = replace(before, request=self._request(before.request), text=self._text(before), content=None)
        return stored if page == before else replace(stored, page=page, answer=Answer(page.to_json()))

    def _text(self, page: Page) -> str:
        path, digest_of = self._list_on(page)
        try:
            elements = elements_at(page.text, path)
        except ValueError:  # nothing on it goes into a table
            return "" if self._names(page.text) else page.text
        marked = [(element, digest) for element in elements if (digest := digest_of(element.value))]
        marks = [json.dumps({_MARK: digest}) for _, digest in marked]
        return replaced(page.text, [element for element, _ in marked], marks)

    def _list_on(self, page: Page) -> tuple[tuple[str, ...], Callable[[Json], str | None]]:
        """Where a page has its rows, and what tells whether a row is erased."""
        path = str(page.request.get("path"))
        if path == CAPTURES:
            return ("items",), self._captured_digest
        if "comment" in path:
            return ("data", "comments"), self._comment_digest
        return ("data", "videos"), self.video_digest

    def _captured_digest(self, capture: Json) -> str | None:
        try:
            return self.video_digest(as_video(to_mapping(capture)))
        except ValueError:
            return None

    def _comment_digest(self, comment: Json) -> str | None:
        digest = sha256(str(to_mapping(comment).get("id")))
        return digest if digest in self.comments else None

    def _names(self, text: str) -> bool:
        """Whether a text that cannot be parsed has an erased id, or may be about an erased user."""
        listed = self.videos | self.comments
        return bool(self.users) or any(sha256(number) in listed for number in _ID.findall(text))

    def _request(self, sent: Mapping[str, Json]) -> dict[str, Json]:
        """A page's request, with the mark instead of the id of each erased video that it asks for."""
        return {name: self._marked(value) for name, value in sent.items()}

    def _marked(self, value: Json) -> Json:
        if isinstance(value, dict):
            return self._request(value)
        if isinstance(value, list):
            return [self._marked(part) for part in value]
        is_id = isinstance(value, str | int) and _ID.fullmatch(str(value))
        return {_MARK: digest} if is_id and (digest := sha256(str(value))) in self.videos else value


NONE_ERASED = Erased()


def user_digest(name: str) -> str:
    """How the lists name an erased user: TikTok does not tell usernames apart by their capitals."""
    return sha256(name.lower())


def marked_digest(content: Json) -> str | None:
    """The digest of a row that was erased from a page; None for any other row."""
    is_mark = isinstance(content, dict) and content.keys() == {_MARK}
    return str(content[_MARK]) if is_mark else None
