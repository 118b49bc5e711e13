"""A hub of models on this machine: folders under a name, as huggingface_hub asks for them."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub.utils import reset_sessions


class Hub(ThreadingHTTPServer):
    """`repositories` holds the commits of each name, the newest last; `asked` are the files that were requested."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, Path]] = {}
        self.asked: list[str] = []

    def put(self, name: str, folder: Path, letter: str = "a") -> str:
        """Publish a folder under a name, and give back its commit."""
        commit = letter * 40
        self.repositories.setdefault(name, {})[commit] = folder
        return commit


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        parts = self.path.strip("/").removeprefix("api/models/").split("/")
        name = "/".join(parts[:2])
        if name not in self.server.repositories:
            return self._said(404, b"", {"X-Error-Code": "RepoNotFound"})
        commits = self.server.repositories[name]
        commit = list(commits)[-1] if parts[3] == "main" else parts[3]
        if commit not in commits:
            return self._said(404, b"", {"X-Error-Code": "RevisionNotFound"})
        folder = commits[commit]
        if parts[2] == "revision":
            files = [{"rfilename": file.name} for file in sorted(folder.iterdir())]
            repository = {"id": name, "sha": commit, "siblings": files}
            return self._said(200, json.dumps(repository).encode(), {"Content-Type": "application/json"})
        content = (folder / parts[4]).read_bytes()
        if self.command == "GET":
            self.server.asked.append(parts[4])
        digest = hashlib.sha256(content).hexdigest()
        return self._said(200, content, {"ETag": f'"{digest}"', "X-Repo-Commit": commit})

    def _said(self, code: int, content: bytes, headers: dict[str, str]) -> bytes:
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        return content

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def loopback_hub(patch: pytest.MonkeyPatch, cache: Path) -> Iterator[Hub]:
    """The hub that huggingface_hub asks, with an empty cache."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{hub.server_port}"
    patch.setattr("huggingface_hub.constants.ENDPOINT", base)
    patch.setattr(
        "huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE",
        base + "/{repo_id}/resolve/{revision}/{filename}",
    )
    patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    reset_sessions()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
        reset_sessions()
