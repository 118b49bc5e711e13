"""Batch Compliance: takes a file of ids, and returns the ids that may still be kept.

The documentation does not say what separates the ids (a newline, here), how long a task is kept (as long as this server
runs), or what a download before the task's end returns.
"""

import hashlib
import re
import threading
from dataclasses import dataclass
from email import message_from_bytes

from sandbox.chance import digits
from sandbox.exchange import JsonObject, Refusal, Reply, Request, text_reply
from sandbox.faults import Fault
from sandbox.research_api.comments import Comments
from sandbox.research_api.oddities import ABOVE_INT64
from sandbox.research_api.parameters import invalid_params, read_body, required_id
from sandbox.research_api.visibility import is_available
from sandbox.world import World

CREATE_PATH = "/v2/research/validation_task/create/"
MAX_IDS = 10_000
CATEGORIES = frozenset({"video", "comment"})


@dataclass(frozen=True, slots=True)
class _File:
    category: str
    ids: tuple[str, ...]


@dataclass(slots=True)
class _Task:
    file: _File
    polls: int = 0
    is_failed: bool = False


class Compliance:
    """A task's id follows from its file, so the same file has the same task."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._comments = Comments(world)
        self._tasks: dict[str, _Task] = {}
        self._lock = threading.Lock()

    def subject(self, request: Request) -> str:
        """The id of the task that an uploaded file creates."""
        try:
            return self._task_id(_parse_file(request)) if request.path == CREATE_PATH else ""
        except Refusal:
            return ""

    def create(self, request: Request, _: Fault) -> JsonObject:
        file = _parse_file(request)
        task_id = self._task_id(file)
        with self._lock:
            self._tasks[task_id] = _Task(file)
        return {"task_id": int(task_id)}

    def status(self, request: Request, fault: Fault) -> JsonObject:
        """`Processing` as often as the switch says, then `Completed`; `Failed` for ever once the script says so."""
        task = self._task(request)
        with self._lock:
            task.is_failed = task.is_failed or fault.do == "task_failed"
            state = self._state(task)
            task.polls += 1
            return {"task_status": state}

    def download(self, request: Request, _: Fault) -> Reply:
        """A text file of the valid ids, one per line, in the order of the uploaded file."""
        task = self._task(request)
        if self._state(task) != "Completed":
            raise invalid_params("The validation task is not completed")
        valid = [number for number in task.file.ids if self._is_valid(task.file.category, number)]
        return text_reply(200, "".join(f"{number}\n" for number in valid))

    def _state(self, task: _Task) -> str:
        if task.is_failed:
            return "Failed"
        return "Completed" if task.polls >= self._world.profile.compliance_polls else "Processing"

    def _task(self, request: Request) -> _Task:
        task_id = required_id(read_body(request, self._world.profile), "task_id")
        with self._lock:
            task = self._tasks.get(task_id)
        if task is None:
            raise invalid_params(f"Task {task_id} cannot be found")
        return task

    def _is_valid(self, category: str, number: str) -> bool:
        if category == "comment":
            return self._comments.is_valid(number)
        video = self._world.corpus.videos.get(number)
        return video is not None and is_available(self._world, video)

    def _task_id(self, file: _File) -> str:
        content = hashlib.sha256("\n".join(file.ids).encode()).hexdigest()
        task_id = digits(19, self._world.profile.seed, "task", file.category, content)
        return str(int(task_id) + ABOVE_INT64) if self._world.profile.huge_ids else task_id


def _parse_file(request: Request) -> _File:
    """The parts `file_data` and `category` of a multipart form."""
    parts = _parts(request)
    category = parts.get("category", b"").decode("utf-8", "replace").strip()
    if category not in CATEGORIES:
        raise invalid_params(f"Invalid category: {category}")
    lines = parts.get("file_data", b"").decode("utf-8", "replace").split()
    if not lines or not all(re.fullmatch(r"[0-9]{1,20}", line) for line in lines):
        raise _invalid_file("file_data must hold ids, one a line")
    if len(lines) > MAX_IDS:
        raise _invalid_file(f"file_data must hold at most {MAX_IDS} ids")
    return _File(category, tuple(lines))


def _parts(request: Request) -> dict[str, bytes]:
    content_type = request.headers.get("content-type", "")
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + request.body)
    if message.get_content_type() != "multipart/form-data" or not message.is_multipart():
        raise _invalid_file("The request must be multipart/form-data")
    parts = {}
    for part in message.walk():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content
    return parts


def _invalid_file(message: str) -> Refusal:
    return Refusal(400, "invalid_file_upload", message)
