"""One batch: its requests, their results, and its JSON."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.chance import fraction, happens
from sandbox.exchange import JsonObject, as_json
from sandbox.faults import Fault
from sandbox.model.batch_input import Line, Problem
from sandbox.model.models import MODEL

WINDOW_S = 24 * 3600
STAGES = ("validating", "in_progress", "finalizing")
FINAL = frozenset({"completed", "failed", "expired", "cancelled"})
LATE_POLLS = 2
"""How many polls of a late batch show it as completed without its files."""
TIMES = (
    "in_progress_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
)
NOT_RUN = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}


@dataclass(frozen=True, slots=True)
class Result:
    custom_id: str
    status: int
    body: JsonObject


@dataclass(slots=True, eq=False)
class Batch:
    """Hold `lock` to change a batch; a single worker adds the results in order."""

    id: str
    created_at: int
    input_file_id: str
    lines: Sequence[Line]
    """In the order of their answers and results, which is not that of the file."""
    problems: Sequence[Problem]
    metadata: Mapping[str, str] | None
    fault: Fault
    affected: frozenset[str]
    """Custom ids of the requests that get the fault."""
    prompt_tokens: int
    status: str = STAGES[0]
    polls: int = 0
    polls_since_final: int = 0
    times: dict[str, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    worker: threading.Thread | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def runnable(self) -> Sequence[Line]:
        """The lines that will be answered."""
        if self.fault.do != "batch_expired":
            return self.lines
        return [line for line in self.lines if line.custom_id not in self.affected]

    def move_to(self, status: str, now: int) -> None:
        """Move to a status, through the skipped ones in between."""
        passed: Sequence[str] = STAGES[1:] if status in {"completed", "expired"} else ()
        if status in STAGES:
            passed = STAGES[1 : STAGES.index(status) + 1]
        for stage in (*passed, *({status} - set(STAGES))):
            self.times.setdefault(f"{stage}_at", now)
        self.status = status

    def to_json(self, *, with_usage: bool) -> JsonObject:
        is_late = self.fault.do == "batch_late" and self.polls_since_final <= LATE_POLLS
        answered = [result.status for result in self.results]
        failed = sum(status != 200 for status in answered) + (len(self._not_run()) if self.is_final else 0)
        described: JsonObject = {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "model": self.lines[0].body["model"] if self.lines else MODEL,
            "errors": None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": None if is_late else self.output_file_id,
            "error_file_id": None if is_late else self.error_file_id,
            "created_at": self.created_at,
            "expires_at": self.created_at + WINDOW_S,
            **{name: self.times.get(name) for name in TIMES},
            "request_counts": {
                "total": 0 if self.status in {"validating", "failed"} else len(self.lines),
                "completed": answered.count(200),
                "failed": failed,
            },
            "metadata": self.metadata,
        }
        if self.status == "failed":
            described["errors"] = {"object": "list", "data": [problem.to_json() for problem in self.problems]}
        return described | ({"usage": self._usage()} if with_usage else {})

    def output(self) -> tuple[bytes, bytes]:
        """The contents of the output file and of the error file, with the fault's damage."""
        good: list[tuple[str, bytes]] = []
        bad: list[tuple[str, bytes]] = []
        for result in self.results:
            (good if result.status == 200 else bad).append((result.custom_id, self._line(result)))
        bad += [(line.custom_id, self._line_not_run(line)) for line in self._not_run()]
        return self._joined(good), self._joined(bad)

    def _not_run(self) -> Sequence[Line]:
        if self.status not in NOT_RUN:
            return []
        answered = {result.custom_id for result in self.results}
        return [line for line in self.lines if line.custom_id not in answered]

    def _joined(self, lines: Sequence[tuple[str, bytes]]) -> bytes:
        output = [
            line for name, line in lines if self.fault.do != "batch_missing" or name not in self.affected
        ]
        if self.fault.do == "batch_doubled":
            output += [line for name, line in lines if name in self.affected]
        return b"".join(output)

    def _line(self, result: Result) -> bytes:
        response = {
            "status_code": result.status,
            "request_id": self._name("req", result.custom_id),
            "body": result.body,
        }
        return self._output_line(result.custom_id, response, None)

    def _line_not_run(self, line: Line) -> bytes:
        code, message = NOT_RUN[self.status]
        return self._output_line(line.custom_id, None, {"code": code, "message": message})

    def _output_line(self, custom_id: str, response: JsonObject | None, error: JsonObject | None) -> bytes:
        entry = {
            "id": self._name("batch_req", custom_id),
            "custom_id": custom_id,
            "response": response,
            "error": error,
        }
        return as_json(entry) + b"\n"

    def _name(self, kind: str, custom_id: str) -> str:
        return f"{kind}_{int(fraction(kind, self.id, custom_id) * 16**13):013x}"

    def _usage(self) -> JsonObject:
        counted = [result.body["usage"] for result in self.results if "usage" in result.body]
        sent, written = (
            sum(usage[kind] for usage in counted) for kind in ("prompt_tokens", "completion_tokens")
        )
        return {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sent + written,
        }


def shuffled(lines: Sequence[Line], *seed: object) -> Sequence[Line]:
    """The lines in another order, always the same for the same seed."""
    mixed = sorted(lines, key=lambda line: fraction("batch order", *seed, line.custom_id))
    return mixed if mixed != list(lines) else mixed[::-1]


def affected_by(fault: Fault, lines: Sequence[Line], seed: str) -> frozenset[str]:
    """The ids of the requests that get the fault: those that it names, or a share by chance and at least one."""
    if fault.custom_ids or not lines:
        return frozenset(fault.custom_ids)
    by_chance = {line.custom_id for line in lines if happens(fault.share, seed, "befalls", line.custom_id)}
    first = min((line.custom_id for line in lines), key=lambda name: fraction(seed, "befalls", name))
    return frozenset(by_chance | {first})
