"""The stages, and the books that each keeps: asked = ok + each reason."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Literal, NamedTuple

from gettok.errors import BadInput, Damaged
from gettok.step import Json
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
    StageEntry("annotate", table="annotations"),
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
    """How many videos a stage was asked about, and what became of them; for each variable of a codebook, too."""

    asked: int
    ok: int
    unusable: Mapping[str, int] = field(default_factory=dict)
    variables: Mapping[str, "Books"] = field(default_factory=dict)

    @staticmethod
    def of(reasons: Iterable[str | None], asked: int) -> "Books":
        """Count one reason for each video, None for ok; raises `Damaged` unless the sum is what was asked."""
        counts = Counter(reasons)
        ok = counts.pop(None, 0)
        books = Books(asked, ok, {str(reason): count for reason, count in sorted(counts.items(), key=str)})
        books.check("this stage")
        return books

    def __add__(self, other: "Books") -> "Books":
        """Of both together; for books without variables."""
        unusable = Counter(self.unusable) + Counter(other.unusable)
        return Books(self.asked + other.asked, self.ok + other.ok, dict(sorted(unusable.items())))

    def check(self, stage: str) -> None:
        for name, of_variable in self.variables.items():
            of_variable.check(f"{stage} on {name}")
        accounted = self.ok + sum(self.unusable.values())
        if accounted != self.asked:
            raise Damaged(
                f"the books of {stage} do not balance: asked {self.asked}, accounted for {accounted}",
                "stopped; the answers are kept",
                "run the stage again; if it happens twice, report it with the run log beside the store",
            )

    def write(self, path: Path) -> None:
        write_json(path, self.stored())

    def stored(self) -> dict[str, Json]:
        """As files have it."""
        content = {"asked": self.asked, "ok": self.ok, "unusable": dict(self.unusable)}
        variables = {name: books.stored() for name, books in self.variables.items()}
        return content | ({"variables": variables} if variables else {})

    @staticmethod
    def read(path: Path) -> "Books":
        try:
            return Books.of_stored(json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            raise BadInput(
                f"{path.stem} has no results: its last run did not finish, or it has not run",
                "read no further",
                f"run `dvc repro {path.stem}`",
            ) from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise BadInput(
                f"the books {path} cannot be read: {error}",
                "read no further",
                f"run `dvc repro {path.stem}`",
            ) from error

    @staticmethod
    def of_stored(content: Json) -> "Books":
        """From what files have."""
        variables = {name: Books.of_stored(books) for name, books in content.get("variables", {}).items()}
        return Books(content["asked"], content["ok"], content["unusable"], variables)
