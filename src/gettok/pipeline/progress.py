"""Progress of a long stage: a bar on a terminal, a plain line every half minute elsewhere."""

import sys
import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tqdm import tqdm

_PLAIN_EVERY_S = 30.0


class Progress:
    """Counts outcomes and shows them, with the rate and the time left."""

    def __init__(self, stage: str, total: int, answered: int, unit: str = "video") -> None:
        self._stage, self._total = stage, total
        self.counts: Counter[str] = Counter()
        self._began = self._last_line = time.monotonic()
        self._bar = _bar(total, stage, unit) if sys.stderr.isatty() else None
        if total and self._bar is None:
            self._say(f"{total} to ask" + (f", {answered} answered before" if answered else ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, outcome: str, count: int = 1) -> None:
        self.counts[outcome] += count
        if self._bar is None:
            self._say_now_and_then()
        else:
            self._bar.set_postfix_str(self._outcomes(), refresh=False)
            self._bar.update(count)

    def _say_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._last_line >= _PLAIN_EVERY_S:
            self._last_line = now
            self._say(self._line(now - self._began))

    def _line(self, elapsed_s: float) -> str:
        done = self.counts.total()
        rate = done / elapsed_s if elapsed_s else 0.0
        left_s = (self._total - done) / rate if rate else 0.0
        return f"{done} of {self._total}, {rate:.2f} a second, about {left_s / 60:.0f} min left; {self._outcomes()}"

    def _outcomes(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))

    def _say(self, text: str) -> None:
        print(f"{self._stage}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the progress of a stage


def _bar(total: int, stage: str, unit: str) -> "tqdm[Any]":
    from tqdm import tqdm  # noqa: PLC0415 - reads the metadata of its package, and only a terminal has a bar

    return tqdm(total=total, desc=stage, unit=unit, dynamic_ncols=True)
