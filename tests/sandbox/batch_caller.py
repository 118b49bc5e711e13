"""Uses the Batch API with OpenAI's own client."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openai
from openai.types import Batch

from sandbox.server import Sandbox

PATH = "/v1/chat/completions"


def line(number: int, text: str = "viva", **body: Any) -> dict[str, Any]:
    """One request of a batch; its custom id is `video-NUMBER`."""
    messages = [{"role": "user", "content": f"Classify video {number}:\n{text}"}]
    whole = {"model": "sandbox-vision", "messages": messages} | body
    return {"custom_id": f"video-{number}", "method": "POST", "url": PATH, "body": whole}


class BatchCaller:
    def __init__(self, sandbox: Sandbox, client: openai.OpenAI) -> None:
        self.sandbox = sandbox
        self.client = client

    def upload(self, lines: Iterable[Mapping[str, Any] | str], name: str = "in.jsonl") -> str:
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        content = io.BytesIO("\n".join(texts).encode())
        return self.client.files.create(file=(name, content), purpose="batch").id

    def create(self, lines: Iterable[Mapping[str, Any] | str], **more: Any) -> Batch:
        file = self.upload(lines)
        return self.client.batches.create(input_file_id=file, endpoint=PATH, completion_window="24h", **more)

    def poll(self, batch: Batch, times: int = 1) -> Batch:
        """The batch after that many polls."""
        for _ in range(times):
            batch = self.client.batches.retrieve(batch.id)
        return batch

    def run(self, lines: Iterable[Mapping[str, Any] | str]) -> Batch:
        return self.poll(self.create(lines))

    def output(self, batch: Batch) -> list[dict[str, Any]]:
        return self._lines(batch.output_file_id)

    def errors(self, batch: Batch) -> list[dict[str, Any]]:
        return self._lines(batch.error_file_id)

    def paid(self) -> list[dict[str, Any]]:
        """The log entries of answers within batches."""
        return [entry for entry in self.sandbox.requests() if entry["via"] == "batch"]

    def _lines(self, file_id: str | None) -> list[dict[str, Any]]:
        if file_id is None:
            return []
        return [json.loads(text) for text in self.client.files.content(file_id).text.splitlines()]


def ids(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(each["custom_id"]) for each in lines]
