"""The stages, and the books that each keeps: asked = ok + each reason."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Literal, NamedTuple

from gettok.errors import BadInput, Damaged
from gettok.store.atomic_write import write_json


class StageEntry(NamedTuple):
    """A stage: its name (the module is `stages.<name>`), what its books count, and the table that it fills."""

    name: str
    counts: Literal["videos", "days"] | None = "videos"
    #: With at least one row for every video of the study.
    table: str | None = None


#: Every stage, in the order of the pipeline. This is the one place where they are listed.
STAGES = (
    StageEntry("code", counts=None),
    StageEntry("collect", counts="days"),
    StageEntry("tabulate"),
    StageEntry("download", table="media"),
    StageEntry("extract_frames", table="frames"),
    StageEntry("transcribe", table="transcripts"),
    StageEntry("describe", table="descriptions"),
    StageEntry("detect_stance", table="stances"),
    StageEntry("compare_transcripts"),
    StageEntry("release"),
    StageEntry("report"),
)
#: The stages before the release whose books count videos. The release and the report contain their books.
COUNTED = tuple(
    stage.name
    for stage in takewhile(lambda stage: stage.name != "release", STAGES)
    if stage.counts == "videos"
)


@dataclass(frozen=True)
class Books:
    """How many videos a stage was asked about, and what became of them."""

    asked: int
    ok: int
    unusable: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(reasons: Iterable[str | None], asked: int) -> "Books":
        """Count one reason for each video, None for ok; raises `Damaged` unless the sum is what was asked."""
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
                "stopped; the answers are kept",
                "run the stage again; if it happens twice, report it with the run log beside the store",
            )

    def write(self, path: Path) -> None:
        content = {"asked": self.asked, "ok": self.ok, "unusable": dict(self.unusable)}
        write_json(path, content)

    @staticmethod
    def read(path: Path) -> "Books":
        try:
            content = json.loads(path.read_text("utf-8"))
            return Books(content["asked"], content["ok"], content["unusable"])
        except FileNotFoundError:
            raise BadInput(
                f"{path.stem} has no results: its last run did not finish, or it has not run",
                "read no further",
                f"run `dvc repro {path.stem}`",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"the books {path} cannot be read: {error}",
                "read no further",
                f"run `dvc repro {path.stem}`",
            ) from error
