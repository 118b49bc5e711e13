"""The comments on a study's videos and the profiles of their authors, where the settings ask for them."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from gettok.books import Books
from gettok.collect import Canary, PageFiles, People, StoredPage, VideoOnPage
from gettok.collect.erased import Erased
from gettok.collect.people import COMMENTS, USERS, stored_users
from gettok.collect.refresh import round_settings
from gettok.collect.refresh_people import round_looks
from gettok.collect.tombstones import RefreshLists
from gettok.errors import counted
from gettok.pipeline.collecting.searching import videos_in_study
from gettok.pipeline.paths import DATA, REFRESH_LISTS
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Stage, say
from gettok.research_api import AccessDenied, QuotaExhausted, RequestFailing, ResearchApi


def keep_books(what: str, books: Books) -> None:
    """Write the books of the questions about comments or users."""
    books.write(DATA / "books" / f"{what}.json")


class CommentsAndProfiles:
    """Reads the pages of videos as they come, and asks for the comments and authors of these videos afterwards."""

    def __init__(self, stage: Stage, api: ResearchApi, folder: Path, left_out: Erased) -> None:
        self._settings, self._wanted = stage.settings, stage.settings.collect
        self._api, self._folder, self._store = api, folder, stage.store
        self._left_out = left_out
        words, patience_days = self._wanted.canary, self._wanted.patience_days
        canary = Canary(api, words) if words else None
        self._people = People(stage.store, api, stage.settings.source.name, patience_days, canary)
        self._videos: dict[str, VideoOnPage] = {}

    def add_page(self, stored: StoredPage, only: Collection[str] | None = None) -> None:
        """Note the videos on a page, or only some of them, if anything is to be asked about them."""
        if self._wanted.comments or self._wanted.users:
            videos = videos_in_study(stored.page, self._settings)
            self._videos |= {
                video.video_id: video for video in videos if only is None or video.video_id in only
            }

    def collect(self) -> None:
        """Ask for what the settings want, and write the folders and the books in any case.

        Raises `QuotaExhausted` at the end if questions failed that are to be asked again on another day.
        """
        while failing := self._ask_all():
            self._api.on_quota(self._questions_failing(failing))

    def _ask_all(self) -> int:
        """Ask everything that can be asked now; returns how many questions are left for another day."""
        videos = sorted(self._videos.values(), key=lambda video: (video.day, video.video_id))
        by_author = sorted({video.username: video for video in videos if video.username}.items())
        comments = self._ask_each("comments", videos if self._wanted.comments else [])
        users = self._ask_each("users", [video for _, video in by_author] if self._wanted.users else [])
        return comments + users

    def _ask_each(self, what: str, videos: list[VideoOnPage]) -> int:
        counts: Counter[str] = Counter()
        with (
            PageFiles(self._folder / what) as files,
            Progress(f"collect {what}", len(videos), 0, what.removesuffix("s")) as progress,
        ):
            for video in videos:
                outcome = self._ask(what, video, files)
                counts[outcome] += 1
                progress.add(outcome)
            if what == "users":
                self._add_refreshed(files, {video.username for video in videos})
        tomorrow = counts.pop("tomorrow", 0)
        lost = {reason: counts[reason] for reason in sorted(counts.keys() - {"ok"})}
        if lost:
            reasons = ", ".join(f"{reason} {count}" for reason, count in lost.items())
            say(f"collect: {what} are missing or incomplete for some of {len(videos)}: {reasons}")
        if not tomorrow:
            keep_books(what, Books(len(videos), counts["ok"], lost))
        return tomorrow

    def _ask(self, what: str, video: VideoOnPage, files: PageFiles) -> str:
        """Write the pages about one video or author; returns the outcome for the books, or `tomorrow`."""
        endpoint, subject = (COMMENTS, video.video_id) if what == "comments" else (USERS, video.username)
        try:
            for stored in self._pages(what, video):
                files.add(video.day if what == "comments" else what, self._left_out.page(stored))
        except RequestFailing:
            return "failing" if self._people.is_given_up(endpoint, subject) else "tomorrow"
        except AccessDenied:
            return "denied"
        return "ok"

    def _add_refreshed(self, files: PageFiles, usernames: Collection[str]) -> None:
        """Write what the rounds of refreshing that are on the list received about these users."""
        source = self._settings.source.name
        for name in RefreshLists(REFRESH_LISTS, "user").rounds(source):
            for settings in round_looks(round_settings(source, name, "user")):
                for stored in stored_users(self._store, source, settings):
                    if stored.subject in usernames:
                        files.add("users", stored)

    def _pages(self, what: str, video: VideoOnPage) -> Iterator[StoredPage]:
        if what == "comments":
            assert self._wanted.comments is not None
            yield from self._people.comments(
                video.video_id, self._wanted.comments.per_video, self._wanted.comments.requests_per_day
            )
        else:
            assert self._wanted.users is not None
            yield self._people.user(video.username, self._wanted.users.requests_per_day)

    def _questions_failing(self, failing: int) -> QuotaExhausted:
        back_at = self._api.server.next_day()
        return QuotaExhausted(
            f"the Research API fails on every try for the comments or the author of {counted(failing, 'video')}",
            "kept every other page. Each question is given up, with a reason in the books, after "
            f"{counted(self._wanted.patience_days, 'such day')}",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC, or continue now with "
            "collect.patience_days=0",
            back_at,
        )
