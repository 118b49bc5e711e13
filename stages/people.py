"""The comments below a study's videos and the profiles of their authors, where the settings ask for them."""

from collections.abc import Iterator
from pathlib import Path

from gettok.collect import Kept, PageFiles, People, Seen
from gettok.research_api import Denied, Failing, ResearchApi
from stages.progress import Progress
from stages.searching import seen_in_study
from stages.shell import Stage, say


class Crowd:
    """Meets the pages of videos as they come, and asks about the people on them afterwards."""

    def __init__(self, stage: Stage, api: ResearchApi, folder: Path) -> None:
        self._settings, self._wanted = stage.settings, stage.settings.collect
        self._people = People(stage.store, api, stage.settings.source.name)
        self._comments, self._users = folder / "comments", folder / "users"
        self._seen: dict[str, Seen] = {}

    def meet(self, kept: Kept) -> None:
        if self._wanted.comments or self._wanted.users:
            self._seen.update({one.video_id: one for one in seen_in_study(kept.page, self._settings)})

    def ask(self) -> None:
        """Ask for what the settings want. The folders are there in any case."""
        videos = sorted(self._seen.values(), key=lambda one: (one.day, one.video_id))
        with PageFiles(self._comments) as files:
            if self._wanted.comments:
                self._each("comments", videos, files)
        with PageFiles(self._users) as files:
            if self._wanted.users:
                named = sorted({one.username: one for one in videos if one.username}.items())
                self._each("users", [one for _, one in named], files)

    def _each(self, what: str, subjects: list[Seen], files: PageFiles) -> None:
        failing: list[str] = []
        with Progress(f"collect {what}", len(subjects), 0, what.removesuffix("s")) as progress:
            for one in subjects:
                try:
                    for kept in self._pages(what, one):
                        files.add(one.day if what == "comments" else what, kept)
                    progress.add("ok")
                except Failing as error:
                    failing.append(f"{one.video_id}: {error}")
                    progress.add("failing")
                except Denied as error:
                    say(f"collect: this client may not ask for {what}: {error.what}")
                    return
        if failing:
            say(
                f"collect: no {what} for {len(failing)} videos, the first of them {failing[0]}; run it again for them"
            )

    def _pages(self, what: str, one: Seen) -> Iterator[Kept]:
        if what == "comments":
            assert self._wanted.comments is not None
            yield from self._people.comments(
                one.video_id, self._wanted.comments.per_video, self._wanted.comments.requests_per_day
            )
        else:
            assert self._wanted.users is not None
            yield self._people.user(one.username, self._wanted.users.requests_per_day)
