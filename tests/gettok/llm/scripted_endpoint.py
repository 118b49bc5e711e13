"""A model endpoint on loopback that answers by a script, and the settings to ask it."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Self

import yaml
from loopback_server import LoopbackServer, respond
from PIL import Image, ImageDraw, ImageFont

from gettok.media.images import Picture
from gettok.settings import Llm, Prices

CONF = Path(__file__).parents[3] / "conf"
CANARY = "sk-canary-5f0c1e7a9b"


#: How videos and sounds are sent, as the settings have it by default.
CLIP = {
    "max_side": 480,
    "fps": 2.0,
    "max_s": 180,
    "with_sound": False,
    "tokens_per_frame": 258,
    "tokens_per_s_of_sound": 32,
}


def llm(**changes: Any) -> Llm:
    chosen = {
        "base_url": "https://models.example/v1",
        "api_key_env": "GETTOK_TEST_KEY",
        "model": "model-a",
        "temperature": 0.0,
        "max_tokens": 300,
        "max_tokens_param": "max_completion_tokens",
        "structured_output": "strict",
        "sees": ["frames"],
        "clip": CLIP,
        "max_frames": 4,
        "image_detail": "low",
        "votes": 1,
        "confidence": "votes",
        "extra_models": [],
        "cascade": None,
        "timeout_s": 20,
        "max_attempts": 3,
        "max_concurrency": 2,
        "budget_usd": None,
        "batch": None,
        "image_tokens": {"low": 85, "base": 85, "square": 170},
        "prices": Prices(input_usd_per_million=1.0, output_usd_per_million=10.0),
    }
    return Llm.model_validate(chosen | changes)


_FOLDERS = TemporaryDirectory()


def new_folder() -> Path:
    """A folder for an empty call log, deleted at the end of the tests."""
    return Path(mkdtemp(dir=_FOLDERS.name))


@dataclass(frozen=True)
class Scripted:
    """One reply: sent, `cut` in half without a length, or none if the server is to `hang` or `hang_up`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    does: str = "answer"


def completion(content: Any, *, finish: str = "stop", model: str = "model-a-2026-09", **extra: Any) -> bytes:
    """A chat completion as an endpoint sends it; content that is not text is sent as JSON."""
    text = content if isinstance(content, str | None) else json.dumps(content)
    message = {"role": "assistant", "content": text, "refusal": extra.pop("refusal", None)}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
    return json.dumps(body | extra).encode()


def says(content: Any, **options: Any) -> Scripted:
    return Scripted(body=completion(content, **options))


def fails(status: int, code: str = "", message: str = "it went wrong", **headers: str) -> Scripted:
    error = {"message": message, "type": None, "param": None, "code": code or None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Scripted(status, json.dumps({"error": error}).encode(), named)


class Endpoint:
    """Answers requests one after the other by a script, and keeps them."""

    def __init__(self) -> None:
        self.script: list[Scripted] = []
        self.asked: list[dict[str, Any]] = []
        #: The path and the headers of each request.
        self.paths: list[str] = []
        self.headers: list[Message] = []
        self._over = threading.Event()
        self._server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return f"{self._server.url}/v1"

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def keys(self) -> list[str | None]:
        """The header that has the key, of each request."""
        return [headers["Authorization"] for headers in self.headers]

    def plays(self, *script: Scripted) -> None:
        self.script = list(script)

    def _answer(self, handler: BaseHTTPRequestHandler, asked: bytes) -> None:
        self.paths.append(handler.path)
        self.headers.append(handler.headers)
        if asked:
            self.asked.append(json.loads(asked))
        scripted = self.script.pop(0)
        if scripted.does == "hang":
            self._over.wait()
        if scripted.does in {"hang", "hang_up"}:
            return
        is_cut = scripted.does == "cut"
        body = scripted.body[: len(scripted.body) // 2] if is_cut else scripted.body
        respond(handler, scripted.status, body, scripted.headers, with_length=not is_cut)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.__exit__()


def jpeg(*lines: str, ground: str = "white") -> bytes:
    """A picture with large text on it."""
    picture = Image.new("RGB", (720, 480), ground)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(48)
        ImageDraw.Draw(picture).text((40, 60 + 90 * number), line, fill="black", font=font)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def pictures(count: int) -> tuple[Picture, ...]:
    return tuple(Picture(300 * number, 10.0 * number, jpeg(str(number))) for number in range(count))


def conf(path: str) -> Any:
    """A file under conf/ as plain data, on top of the files of its group that its defaults name."""
    data: dict[str, Any] = {}
    for file in conf_files(CONF / path):
        data |= yaml.safe_load(file.read_text("utf-8"))
    data.pop("defaults", None)
    return data


def conf_files(file: Path) -> Iterator[Path]:
    """The files of its group that a choice is composed of, each overriding those before it."""
    defaults = yaml.safe_load(file.read_text("utf-8")).get("defaults", [])
    for name in defaults:
        if isinstance(name, str) and name != "_self_":
            yield from conf_files(file.with_name(f"{name}.yaml"))
    yield file
