"""The books: at every stage, asked = ok + each reason."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gettok.errors import BadInput, Damaged
from gettok.store.atomic_write import write_whole


@dataclass(frozen=True)
class Books:
    """How many videos a stage was asked about, and what became of them."""

    asked: int
    ok: int
    unusable: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(reasons: Iterable[str | None], asked: int) -> "Books":
        """Count one reason for each video, None for ok; raises `Damaged` unless all that was asked is accounted for."""
        counts = Counter(reasons)
        ok = counts.pop(None, 0)
        books = Books(asked, ok, {str(reason): count for reason, count in sorted(counts.items(), key=str)})
        books.check("this stage")
        return books

    def check(self, stage: str) -> None:
        accounted = self.ok + sum(self.unusable.values())
        if accounted != self.asked:
            raise Damaged(
                f"the books of {stage} do not balance: asked {self.asked}, accounted for {accounted}",
                "refused to go on; the answers are kept",
                "run the stage again; if it happens twice, report it with the run log beside the store",
            )

    def write(self, path: Path) -> None:
        content = {"asked": self.asked, "ok": self.ok, "unusable": dict(self.unusable)}
        write_whole(path, (json.dumps(content, indent=2) + "\n").encode())

    @staticmethod
    def read(path: Path) -> "Books":
        try:
            content = json.loads(path.read_text("utf-8"))
            return Books(content["asked"], content["ok"], content["unusable"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"the books {path} cannot be read: {error}",
                "nothing was written",
                "run `dvc repro` for that stage",
            ) from error
