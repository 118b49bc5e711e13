"""The comments below a study's videos and the profiles of their authors, where the settings ask for them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gettok.books import Books
from gettok.collect import Canary, PageFiles, People, Seen, StoredPage
from gettok.collect.people import COMMENTS, USERS
from gettok.pipeline.collecting.searching import seen_in_study
from gettok.pipeline.paths import DATA
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Stage, say
from gettok.research_api import AccessDenied, QuotaExhausted, RequestFailing, ResearchApi


def keep_books(what: str, books: Books) -> None:
    """Write what became of the questions about comments or users."""
    books.write(DATA / "books" / f"{what}.json")


class CommentsAndProfiles:
    """Meets the pages of videos as they come, and asks about the people on them afterwards."""

    def __init__(self, stage: Stage, api: ResearchApi, folder: Path) -> None:
        self._settings, self._wanted = stage.settings, stage.settings.collect
        self._api, self._folder = api, folder
        words, patience_days = self._wanted.canary, self._wanted.patience_days
        canary = Canary(api, words) if words else None
        self._people = People(stage.store, api, stage.settings.source.name, patience_days, canary)
        self._seen: dict[str, Seen] = {}

    def meet(self, kept: StoredPage) -> None:
        if self._wanted.comments or self._wanted.users:
            self._seen.update({one.video_id: one for one in seen_in_study(kept.page, self._settings)})

    def ask(self) -> None:
        """Ask for what the settings want. The folders and the books are there in any case.

        Raises `QuotaExhausted` when questions failed that are to be asked on another day, after everything else.
        """
        while failing := self._asked():
            self._api.on_quota(self._come_back(failing))

    def _asked(self) -> int:
        """Ask for everything that can be asked now; returns how many questions are to be asked on another day."""
        videos = sorted(self._seen.values(), key=lambda one: (one.day, one.video_id))
        named = sorted({one.username: one for one in videos if one.username}.items())
        comments = self._each("comments", videos if self._wanted.comments else [])
        users = self._each("users", [one for _, one in named] if self._wanted.users else [])
        return comments + users

    def _each(self, what: str, subjects: list[Seen]) -> int:
        counts: Counter[str] = Counter()
        with (
            PageFiles(self._folder / what) as files,
            Progress(f"collect {what}", len(subjects), 0, what.removesuffix("s")) as progress,
        ):
            for one in subjects:
                outcome = self._one(what, one, files)
                counts[outcome] += 1
                progress.add(outcome)
        tomorrow = counts.pop("tomorrow", 0)
        lost = {reason: counts[reason] for reason in sorted(counts.keys() - {"ok"})}
        if lost:
            said = ", ".join(f"{reason} {count}" for reason, count in lost.items())
            say(f"collect: no {what}, or not all, for some of {len(subjects)}: {said}")
        if not tomorrow:
            keep_books(what, Books(len(subjects), counts["ok"], lost))
        return tomorrow

    def _one(self, what: str, one: Seen, files: PageFiles) -> str:
        """Keep the pages about one video or user; returns what became of the question."""
        endpoint, subject = (COMMENTS, one.video_id) if what == "comments" else (USERS, one.username)
        try:
            for kept in self._pages(what, one):
                files.add(one.day if what == "comments" else what, kept)
        except RequestFailing:
            return "failing" if self._people.is_given_up(endpoint, subject) else "tomorrow"
        except AccessDenied:
            return "denied"
        return "ok"

    def _come_back(self, failing: int) -> QuotaExhausted:
        back_at = self._api.server.next_day()
        return QuotaExhausted(
            f"the Research API fails on every try for the comments or the author of {failing} videos",
            "kept every other page. Each is given up, with a reason in the books, after "
            f"{self._wanted.patience_days} such days",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC, or go on now with collect.patience_days=0",
            back_at,
        )

    def _pages(self, what: str, one: Seen) -> Iterator[StoredPage]:
        if what == "comments":
            assert self._wanted.comments is not None
            yield from self._people.comments(
                one.video_id, self._wanted.comments.per_video, self._wanted.comments.requests_per_day
            )
        else:
            assert self._wanted.users is not None
            yield self._people.user(one.username, self._wanted.users.requests_per_day)
