"""The files of a model endpoint: the inputs and the results of batches."""

import hashlib
import threading
from dataclasses import dataclass

from sandbox.exchange import JsonObject, Refusal, Reply, Request, json_reply
from sandbox.model.chat import invalid
from sandbox.model.multipart import parts_of
from sandbox.world import World

FILES_PATH = "/v1/files"
CONTENT = "/content"
PURPOSES = frozenset({"assistants", "batch", "fine-tune", "vision", "user_data", "evals"})


@dataclass(frozen=True, slots=True)
class File:
    id: str
    filename: str
    purpose: str
    created_at: int
    content: bytes

    def to_json(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "expires_at": None,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class ModelFiles:
    """The endpoint's files, in memory."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._files: dict[str, File] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        name = request.path.removeprefix(FILES_PATH).strip("/")
        match request.method:
            case "POST" if not name:
                return json_reply(200, self._upload(request).to_json())
            case "GET" if name.endswith(CONTENT):
                return Reply(200, self.file(name.removesuffix(CONTENT)).content, "application/octet-stream")
            case "GET" if name:
                return json_reply(200, self.file(name).to_json())
            case "DELETE" if name:
                return json_reply(200, self._delete(name))
            case _:
                raise Refusal(404, "unknown_url", f"Unknown request URL: {request.method} {request.path}.")

    def file(self, name: str) -> File:
        with self._lock:
            stored = self._files.get(name)
        if stored is None:
            raise Refusal(404, "", f"No such File object: {name}", "id")
        return stored

    def add(self, content: bytes, filename: str, purpose: str) -> File:
        """Add a file; its id follows from the order of uploads and the content."""
        number = self._world.attempts.next("file")
        digest = hashlib.sha256(f"{self._world.profile.seed}/{number}/".encode() + content).hexdigest()
        file = File(f"file-{digest[:22]}", filename, purpose, self._world.clock.timestamp(), content)
        with self._lock:
            self._files[file.id] = file
        return file

    def _upload(self, request: Request) -> File:
        form = parts_of(request)
        if "file" not in form:
            raise invalid("'file' is a required property", "file")
        purpose = form["purpose"].content.decode("utf-8", "replace") if "purpose" in form else ""
        if purpose not in PURPOSES:
            raise invalid(f"'{purpose}' is not one of {sorted(PURPOSES)} - 'purpose'", "purpose")
        content = form["file"].content
        if purpose == "batch" and len(content) > self._world.profile.batch_max_bytes:
            raise Refusal(400, "", "File is too large.")
        return self.add(content, form["file"].filename or "upload", purpose)

    def _delete(self, name: str) -> JsonObject:
        self.file(name)
        with self._lock:
            self._files.pop(name, None)
        return {"id": name, "object": "file", "deleted": True}
