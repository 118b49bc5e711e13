"""Changes one bit of a file of a finished run, and runs what reads the file."""

import difflib
import filecmp
import hashlib
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flipped import flip
from preloaded import run_module
from repository import Repository, files

from gettok.tables import PAIRS

_VERIFY = "store verify --deep"
_STRANGER = "7000000000000000001"  # in no table
#: Each kind of file, and what reads it: stages, and commands as they are typed.
READERS = {
    "data/code": ("stages.transcribe", "summary"),
    "data/pages": ("stages.tabulate", "store refill", "show {stranger}"),
    "data/windows.parquet": ("stages.release", "store refill", "plan"),
    "data/coverage.parquet": ("stages.release", "summary"),
    "data/ids.parquet": ("show {stranger}",),
    "data/videos": (
        "stages.download",
        "stages.compare_transcripts",
        "differences {video}",
        "plan",
        "refresh",
        "show {video}",
        "runs",
        "multiverse",
        "erase {video} --dry-run",
    ),
    "data/counts": ("show {video}", "release write team"),
    "data/comments": ("show {video}",),
    "data/users.parquet": ("show {video}",),
    "data/rejects.parquet": ("show {stranger}",),
    "data/fields.parquet": (_VERIFY,),
    "data/captions.parquet": ("stages.compare_transcripts", "differences {video}", "show {video}"),
    "data/media.parquet": ("stages.extract_frames", "stages.transcribe", "store refill", "status"),
    "data/frames": ("stages.describe", "plan", "store refill", "summary"),
    "data/transcripts": (
        "stages.annotate",
        "stages.compare_transcripts",
        "differences {video}",
        "summary",
    ),
    "data/descriptions": ("stages.annotate", "stages.release", "summary"),
    "data/screen_texts": ("stages.release", "store refill", "summary"),
    "data/annotations": ("stages.release", "summary", "store refill", "runs", "multiverse"),
    "data/prompt_injection.parquet": ("stages.report", "summary", "status"),
    "data/cascade": ("stages.release", "summary"),
    "data/comparison": ("stages.release", "stages.report", "show {video}"),
    "data/books": ("stages.release", "summary", _VERIFY),
    "data/release": ("stages.report", "release check data/release"),
    "data/report": (_VERIFY,),
    "data/plots": (_VERIFY,),
    "data/metrics.json": (_VERIFY,),
    ".dvc/gettok-store/answers.sqlite": (
        "stages.transcribe",
        "stages.describe",
        "stages.annotate",
        "store verify",
        "store stats",
    ),
    ".dvc/gettok-store/requests.sqlite": ("stages.collect", "quota", "store verify"),
    ".dvc/gettok-store/calls.sqlite": ("stages.annotate", "plan", "store verify"),
}
#: Media, captions and the store's copies of them, and what reads them. `fresh` is a store without answers: all is asked
#: again.
MEDIA_READERS = {
    "data/media": ("fresh stages.extract_frames", "fresh store refill", _VERIFY),
    # the stage that only links a stored file does not read it; the next one does
    ".dvc/gettok-store/blobs": ("stages.download then fresh stages.extract_frames",),
}
#: How commands that report all they can find out, such as `status` and `runs`, name what they could not.
_NAMED = re.compile(r"is not what dvc\.lock records|differs from dvc\.lock|is not what its last run made")


class Outcome(NamedTuple):
    """How a reader ended: its exit code, what it printed, and the files under `data/`."""

    code: int
    printed: str
    data: dict[str, bytes]
    errors: str


@dataclass
class Disturbed:
    """A copy of a finished run, of which one bit at a time is changed, and changed back."""

    repository: Repository
    video: str
    _undisturbed: dict[str, Outcome] = field(default_factory=dict)

    @staticmethod
    def of(repository: Repository) -> "Disturbed":
        """With the run saved as an experiment, too, for what compares experiments."""
        repository.dvc("exp", "save", "--name", "saved")
        compared = PAIRS.read(repository.data / "comparison" / "pairs")
        return Disturbed(repository, compared["video_id"][0])

    def flips(
        self, kinds: Sequence[str], count: int, *, in_cache: bool = False
    ) -> Iterator[tuple[str, str, str]]:
        """So many changed bits, with what read each file, and `right`, `refused` or what is wrong.

        With `in_cache`, the file that DVC's cache has of the output is changed, and DVC checks it out.
        """
        chosen = random.Random(count)
        for number in range(count):
            kind = kinds[number % len(kinds)]
            file = chosen.choice(self.files(kind))
            reader = chosen.choice((READERS | MEDIA_READERS)[kind])
            at, bit = chosen.randrange(file.stat().st_size), 1 << chosen.randrange(8)
            right, place = self.undisturbed(reader), file.relative_to(self.repository.folder)
            with self._restored(), self._flipped(file, at, bit, in_cache=in_cache):
                outcome = judged(self.read(reader), right, place)
            yield f"{place} at {at}, bit {bit}", reader, outcome

    def files(self, kind: str) -> list[Path]:
        """The files of a kind that have a bit to change."""
        path = self.repository.folder / kind
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        return [file for file in found if file.is_file() and file.stat().st_size]

    @contextmanager
    def _flipped(self, file: Path, at: int, bit: int, *, in_cache: bool) -> Iterator[None]:
        if not in_cache:
            flip(file, at, bit)
            yield
            return
        md5 = hashlib.md5(file.read_bytes()).hexdigest()
        copy = self.repository.folder / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
        flip(copy, at, bit)
        file.unlink()
        self.repository.dvc("checkout", str(file.relative_to(self.repository.folder)))
        yield
        flip(copy, at, bit)

    @contextmanager
    def _restored(self) -> Iterator[None]:
        """Put everything back as it was, afterwards: a reader may write."""
        kept = self.repository.folder.with_name("kept")
        for name in ("data", ".dvc/gettok-store"):
            shutil.copytree(self.repository.folder / name, kept / name)
        yield
        for name in ("data", ".dvc/gettok-store"):
            put_back(kept / name, self.repository.folder / name)
        shutil.rmtree(kept)

    def undisturbed(self, reader: str) -> Outcome:
        if reader not in self._undisturbed:
            self._undisturbed[reader] = self.read(reader)
            expected = 66 if "{stranger}" in reader else 0
            assert self._undisturbed[reader].code == expected, self._undisturbed[reader].errors
        return self._undisturbed[reader]

    def read(self, reader: str) -> Outcome:
        first, _, second = reader.partition(" then ")
        outcome = self._read(first)
        return self._read(second) if second and outcome.code == 0 else outcome

    def _read(self, reader: str) -> Outcome:
        store = self.repository.folder.with_name("fresh-store")
        shutil.rmtree(store, ignore_errors=True)
        environment = {"GETTOK_STORE": str(store)} if reader.startswith("fresh ") else {}
        module, *arguments = (
            reader.removeprefix("fresh ").format(video=self.video, stranger=_STRANGER).split()
        )
        if not module.startswith("stages."):
            module, arguments = "gettok.cli.app", [module, *arguments]
        done = run_module(
            module,
            tuple(arguments),
            self.repository.folder,
            {**self.repository.environment, **environment},
        )
        return Outcome(done.returncode, done.stdout, files(self.repository.data), done.stderr)


def put_back(kept: Path, folder: Path) -> None:
    """Give a folder the files of another, with their times.

    A file keeps its inode: where a new one has the number of one that was damaged, DVC takes the file for the damaged
    one, whose MD5 it may have noted.
    """
    for file in folder.rglob("*"):
        if file.is_file() and not (kept / file.relative_to(folder)).exists():
            file.unlink()
    for copy in kept.rglob("*"):
        file = folder / copy.relative_to(kept)
        if copy.is_file() and not (file.is_file() and filecmp.cmp(copy, file, shallow=False)):
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                file.chmod(0o644)
            shutil.copyfile(copy, file)
            shutil.copystat(copy, file)


def judged(outcome: Outcome, right: Outcome, damaged: Path) -> str:
    """Whether a reader refused, or gave what it gives without the damage."""
    if outcome.code in {65, 66} - {right.code} or _NAMED.search(" ".join(outcome.printed.split())):
        return "refused"
    if outcome.code != right.code:
        return f"exit code {outcome.code}: {outcome.errors}"
    name = damaged.relative_to("data").as_posix() if damaged.parts[0] == "data" else ""
    made = {path for path in right.data if path != name and outcome.data.get(path) != right.data[path]}
    if made or outcome.printed != right.printed or (right.code and outcome.errors != right.errors):
        changed = "\n".join(difflib.ndiff(right.printed.splitlines(), outcome.printed.splitlines()))
        return f"other output: {sorted(made)}\n{changed}\n{outcome.errors}"
    return "right"
