"""Batch Compliance: hand in a file of ids, get back those that are still there. Four requests for 10,000 ids.

Source: TikTok Research API documentation, "Batch Compliance" (2025). How long a task lives, and what it costs of the
quota, is not documented.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gettok.collect.journal import STAGE
from gettok.errors import NotNow
from gettok.research_api import Call, Failing, Page, ResearchApi, come_back
from gettok.step import Answer, Json
from gettok.store import Key, Store

IDS_PER_TASK = 10_000
#: Create, status twice, download.
REQUESTS_PER_TASK = 4
_VERSION = 1
_CREATE, _STATUS, _DOWNLOAD = (f"validation_task{step}" for step in ("/create", "_status/get", "/download"))
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
            task = self._task(ids)
            self._await(task, len(ids))
            call = Call(_DOWNLOAD, {"task_id": task}, "refresh", str(task), plain=True)
            return Answer(self.api.ask(call).to_json())
        except Failing as error:
            raise come_back(error) from error

    def _task(self, ids: tuple[str, ...]) -> int:
        """The task of these ids; its number is kept, so that a run that is cut short does not hand them in twice."""
        key = self._key("task", {"ids": list(ids)})
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

    def _await(self, task: int, count: int) -> None:
        for wait_s in _WAITS_S:
            self.api.wait(wait_s)
            call = Call(_STATUS, {"task_id": task}, "refresh", str(task), shape={"task_status": str})
            status = self.api.ask(call).data["task_status"]
            if status == "Completed":
                return
            if status == "Failed":
                raise NotNow(
                    f"TikTok's check of {count} ids failed (task {task})",
                    "nothing was taken for missing",
                    "run `gettok refresh --way ids` instead, which looks the videos up by id",
                )
        raise NotNow(
            f"TikTok is still checking {count} ids (task {task})",
            "kept the task's number",
            "run the same command again later; it asks for the same task",
        )

    def _key(self, what: str, inputs: Mapping[str, Json]) -> Key:
        return Key.of(STAGE, _VERSION, {**self.settings, "compliance": what}, inputs)


def _chunks(ids: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(ids), IDS_PER_TASK):
        yield ids[first : first + IDS_PER_TASK]
