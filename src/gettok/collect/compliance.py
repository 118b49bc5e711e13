"""Batch Compliance: hand in a file of ids, get back those that are still there. Four requests for 10,000 ids.

Source: TikTok Research API documentation, "Batch Compliance" (2025). How long a task lives, and what it costs of the
quota, is not documented.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gettok.collect.journal import STAGE
from gettok.errors import NotNow
from gettok.research_api import BadQuestion, Call, Page, RequestFailing, ResearchApi, quota_exhausted
from gettok.step import Answer, Json
from gettok.store import Key, Store

IDS_PER_TASK = 10_000
#: Create, status twice, download.
REQUESTS_PER_TASK = 4
_VERSION = 1
_CREATE, _STATUS, _DOWNLOAD = (f"validation_task{step}" for step in ("/create", "_status/get", "/download"))
#: How often in a run the ids are handed in, where the server forgets the task at once.
_MOST_TASKS = 2
_WAITS_S = (0.0, 2.0, 5.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True)
class Compliance:
    """Asks which of some ids are available, through the store. `settings` tell one time of asking from another."""

    store: Store
    api: ResearchApi
    settings: Mapping[str, Json]

    def valid(self, ids: tuple[str, ...]) -> set[str]:
        """The ids that TikTok says are available; raises `NotNow` while it is still at it."""
        return {video_id for chunk in _chunks(ids) for video_id in self._of_chunk(chunk)}

    def _of_chunk(self, ids: tuple[str, ...]) -> Iterator[str]:
        inputs = {"ids": list(ids)}
        answer = self.store.get(self._key("valid", inputs).digest)
        if answer is None:
            answer = self._asked(ids)
            self.store.put(self._key("valid", inputs), f"{len(ids)} ids", answer)
        asked = set(ids)
        yield from (line for line in Page.from_json(answer.body).text.split() if line in asked)

    def _asked(self, ids: tuple[str, ...]) -> Answer:
        try:
            for _ in range(_MOST_TASKS):
                task = self._task(ids)
                try:
                    return self._list(task, ids)
                except BadQuestion as error:
                    self._drop(ids, str(error.what))
        except RequestFailing as error:
            raise quota_exhausted(error) from error
        raise NotNow(
            f"TikTok does not know the check of {len(ids)} ids that was just handed in (task {task})",
            "nothing was taken for missing",
            "run the same command again later, which hands them in again, or `gettok refresh --way ids`",
        )

    def _list(self, task: int, ids: tuple[str, ...]) -> Answer:
        self._await(task, ids)
        call = Call(_DOWNLOAD, {"task_id": task}, "refresh", str(task), plain=True)
        return Answer(self.api.ask(call).to_json())

    def _dropped(self, ids: tuple[str, ...]) -> int:
        """How many tasks of these ids came to nothing."""
        count = 0
        while self.store.known([self._key("dropped", _again(ids, count)).digest]):
            count += 1
        return count

    def _drop(self, ids: tuple[str, ...], why: str) -> None:
        """Note that the task came to nothing: the server has forgotten it, or says that it failed."""
        inputs = _again(ids, self._dropped(ids))
        self.store.put(self._key("dropped", inputs), f"{len(ids)} ids", Answer({"why": why}))

    def _task(self, ids: tuple[str, ...]) -> int:
        """The task of these ids; its number is kept, so that a run that is cut short does not hand them in twice."""
        key = self._key("task", _again(ids, self._dropped(ids)))
        answer = self.store.get(key.digest)
        if answer is None:
            file = ("ids.txt", "\n".join(ids).encode())
            call = Call(
                _CREATE,
                {"category": "video"},
                "refresh",
                f"{len(ids)} ids",
                shape={"task_id": int},
                file=file,
            )
            answer = Answer(self.api.ask(call).to_json())
            self.store.put(key, f"{len(ids)} ids", answer)
        return int(Page.from_json(answer.body).data["task_id"])

    def _await(self, task: int, ids: tuple[str, ...]) -> None:
        for wait_s in _WAITS_S:
            self.api.wait(wait_s)
            call = Call(_STATUS, {"task_id": task}, "refresh", str(task), shape={"task_status": str})
            status = self.api.ask(call).data["task_status"]
            if status == "Completed":
                return
            if status == "Failed":
                self._drop(ids, status)
                raise NotNow(
                    f"TikTok's check of {len(ids)} ids failed (task {task})",
                    "nothing was taken for missing",
                    "run `gettok refresh --way ids` instead, which looks the videos up by id; or hand them in again by "
                    "the same command",
                )
        raise NotNow(
            f"TikTok is still checking {len(ids)} ids (task {task})",
            "kept the task's number",
            "run the same command again later; it asks for the same task",
        )

    def _key(self, what: str, inputs: Mapping[str, Json]) -> Key:
        return Key.of(STAGE, _VERSION, {**self.settings, "compliance": what}, inputs)


def _again(ids: tuple[str, ...], count: int) -> dict[str, Json]:
    """What tells a task of these ids from those that came to nothing before."""
    return {"ids": list(ids)} | ({"again": count} if count else {})


def _chunks(ids: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(ids), IDS_PER_TASK):
        yield ids[first : first + IDS_PER_TASK]
