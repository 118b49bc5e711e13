"""Batch Compliance: submit a file of ids, get back those that are still available. Four requests for 10,000 ids.

Source: TikTok Research API documentation, "Batch Compliance" (2025). How long a task exists, and how much of the quota
it costs, is not documented.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gettok.collect.journal import STAGE
from gettok.errors import NotNow
from gettok.research_api import ApiCall, BadQuestion, Page, RequestFailing, ResearchApi, as_not_now
from gettok.step import Answer, Json
from gettok.store import Key, Store

IDS_PER_TASK = 10_000
#: Create, status twice, download.
REQUESTS_PER_TASK = 4
_VERSION = 1
_CREATE, _STATUS, _DOWNLOAD = (f"validation_task{step}" for step in ("/create", "_status/get", "/download"))
#: How often a run submits the ids, where the server forgets the task at once.
_MAX_TASKS = 2
_WAITS_S = (0.0, 2.0, 5.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True)
class Compliance:
    """Asks which ids of videos or comments are available, through the store.

    `settings` distinguish one round from another.
    """

    store: Store
    api: ResearchApi
    settings: Mapping[str, Json]
    category: Literal["video", "comment"] = "video"

    def valid(self, ids: tuple[str, ...]) -> set[str]:
        """The ids that TikTok says are available; raises `NotNow` while it is still checking."""
        return {valid for chunk in _chunks(ids) for valid in self._valid_in(chunk)}

    def _valid_in(self, ids: tuple[str, ...]) -> Iterator[str]:
        inputs = {"ids": list(ids)}
        answer = self.store.get(self._key("valid", inputs).digest)
        if answer is None:
            answer = self._ask(ids)
            self.store.put(self._key("valid", inputs), f"{len(ids)} ids", answer)
        submitted = set(ids)
        yield from (line for line in Page.from_json(answer.body).text.split() if line in submitted)

    def _ask(self, ids: tuple[str, ...]) -> Answer:
        try:
            for _ in range(_MAX_TASKS):
                task = self._task(ids)
                try:
                    return self._download(task, ids)
                except BadQuestion as error:
                    self._drop(ids, str(error.what))
        except RequestFailing as error:
            raise as_not_now(error) from error
        raise NotNow(
            f"TikTok does not know the check of {len(ids)} ids that was just submitted (task {task})",
            "counted none of the ids as missing",
            "run the same command again later, which submits them again, or, for videos, `gettok refresh --method ids`",
        )

    def _download(self, task: int, ids: tuple[str, ...]) -> Answer:
        self._wait_for(task, ids)
        call = ApiCall(_DOWNLOAD, {"task_id": task}, "refresh", str(task), is_id_list=True)
        return Answer(self.api.ask(call).to_json())

    def _dropped(self, ids: tuple[str, ...]) -> int:
        """How many tasks of these ids were dropped."""
        count = 0
        while self.store.known([self._key("dropped", _inputs(ids, count)).digest]):
            count += 1
        return count

    def _drop(self, ids: tuple[str, ...], why: str) -> None:
        """Record that the task gave no result: the server has forgotten it, or says that it failed."""
        inputs = _inputs(ids, self._dropped(ids))
        self.store.put(self._key("dropped", inputs), f"{len(ids)} ids", Answer({"why": why}))

    def _task(self, ids: tuple[str, ...]) -> int:
        """The task of these ids; its number is stored, so that an interrupted run does not submit them twice."""
        key = self._key("task", _inputs(ids, self._dropped(ids)))
        answer = self.store.get(key.digest)
        if answer is None:
            file = ("ids.txt", "\n".join(ids).encode())
            call = ApiCall(
                _CREATE,
                {"category": self.category},
                "refresh",
                f"{len(ids)} ids",
                shape={"task_id": int},
                file=file,
            )
            answer = Answer(self.api.ask(call).to_json())
            self.store.put(key, f"{len(ids)} ids", answer)
        return int(Page.from_json(answer.body).data["task_id"])

    def _wait_for(self, task: int, ids: tuple[str, ...]) -> None:
        for wait_s in _WAITS_S:
            self.api.wait(wait_s)
            call = ApiCall(_STATUS, {"task_id": task}, "refresh", str(task), shape={"task_status": str})
            status = self.api.ask(call).data["task_status"]
            if status == "Completed":
                return
            if status == "Failed":
                self._drop(ids, status)
                raise NotNow(
                    f"TikTok's check of {len(ids)} ids failed (task {task})",
                    "counted none of the ids as missing",
                    "submit them again by the same command, or run `gettok refresh --method ids`, which looks videos "
                    "up by id",
                )
        raise NotNow(
            f"TikTok is still checking {len(ids)} ids (task {task})",
            "kept the task's number",
            "run the same command again later; it asks for the same task",
        )

    def _key(self, what: str, inputs: Mapping[str, Json]) -> Key:
        return Key.of(STAGE, _VERSION, {**self.settings, "compliance": what}, inputs)


def _inputs(ids: tuple[str, ...], dropped: int) -> dict[str, Json]:
    """What distinguishes a task of these ids from those that were dropped before."""
    return {"ids": list(ids)} | ({"again": dropped} if dropped else {})


def _chunks(ids: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(ids), IDS_PER_TASK):
        yield ids[first : first + IDS_PER_TASK]
