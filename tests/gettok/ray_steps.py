"""A small step for Ray's workers, which import this module."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gettok.engine.cores import cores
from gettok.errors import NotNow, Unusable
from gettok.media import MediaFile
from gettok.step import Answer, Blob, Item, Row, Workers
from gettok.tabulate.pages import PageFile


class OddNotNow(NotNow):
    """An error of a subclass, with an `__init__` of its own."""

    def __init__(self, page: int, size: int, host: str) -> None:
        super().__init__(f"page {page} of {size}", f"asked {host}", "come back")


@dataclass(frozen=True)
class Deed:
    """What a worker is to do about one video: `fast`, `slow`, or one of the ways to fail."""

    what: str
    number: int = 0


@dataclass(frozen=True)
class Deeds:
    """Does as each content says, and notes in the folder what it began, and in which process."""

    folder: str
    workers: Workers = Workers("threads", 1)
    stage: str = "deeds"
    version: int = 1
    settings: Mapping[str, object] = field(default_factory=lambda: {"of": ("the", "test")})

    def open(self) -> None:
        self._note("opened", str(os.getpid()))

    def ask(self, content: Deed) -> Answer:
        self._note(f"began-{content.what}-{content.number}", str(os.getpid()))
        deed = getattr(self, f"_{content.what}")
        return deed(content)

    def read(self, answer: Answer) -> list[Row]:
        return [{"text": str(answer.body["twice"])}]

    def _fast(self, deed: Deed) -> Answer:
        return Answer({"twice": 2 * deed.number}, {"proof": Blob.of_bytes(b"%d" % deed.number)})

    def _slow(self, deed: Deed) -> Answer:
        time.sleep(1.5)
        return self._fast(deed)

    def _unusable(self, _: Deed) -> Answer:
        raise Unusable("no_speech", "quiet", {"sound_s": 1.5})

    def _later(self, _: Deed) -> Answer:
        raise OddNotNow(1, 2, "there")

    def _bug(self, _: Deed) -> Answer:
        raise ZeroDivisionError("a bug of ours")

    def _deadly(self, _: Deed) -> Answer:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)
        raise AssertionError

    def _deadly_once(self, deed: Deed) -> Answer:
        if len(list(Path(self.folder).glob(f"began-deadly_once-{deed.number}-*"))) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return self._fast(deed)

    def _note(self, what: str, text: str) -> None:
        path = Path(self.folder) / f"{what}-{time.monotonic_ns()}"
        path.with_name(f".{path.name}").write_text(text, "ascii")
        path.with_name(f".{path.name}").rename(path)


def deed_items(*deeds: tuple[str, int]) -> list[Item[Deed]]:
    return [
        Item(f"{what}{number}", "2022-12-07", {"deed": f"{what}{number}"}, Deed(what, number))
        for what, number in deeds
    ]


@dataclass(frozen=True)
class Digests:
    """The digest of a video's bytes, and where they are."""

    workers: Workers = Workers("threads", 1)
    stage: str = "digests"
    version: int = 1

    @property
    def settings(self) -> Mapping[str, object]:
        """What they mean is up to the machine."""
        return {"decoder": os.environ.get("DECODER", "usual")}

    def open(self) -> None: ...

    def ask(self, content: MediaFile) -> Answer:
        content.check()
        data = Path(content.path).read_bytes()
        return Answer({"sha256": hashlib.sha256(data).hexdigest(), "path": content.path, "at": time.time()})

    def read(self, answer: Answer) -> list[Row]:
        return [{"text": answer.body["sha256"]}]


@dataclass(frozen=True)
class Cores:
    """How many cores a worker takes, and a process that it starts."""

    workers: Workers = Workers("threads", 1)
    stage: str = "cores"
    version: int = 1
    settings: Mapping[str, object] = field(default_factory=dict)

    def open(self) -> None: ...

    def ask(self, _: Deed) -> Answer:
        program = "from gettok.engine.cores import cores; print(cores())"
        child = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
        return Answer({"here": cores(), "child": int(child.stdout)})

    def read(self, answer: Answer) -> list[Row]:
        raise NotImplementedError


@dataclass(frozen=True)
class Doubled:
    """A function of numbers, to be mapped. Each one in `deadly` ends its worker so many times."""

    folder: str
    deadly: Mapping[int, int] = field(default_factory=dict)

    def __call__(self, number: int) -> tuple[int, int]:
        """Twice the number, and where that was found out; earlier numbers take longer."""
        if number < 0:
            raise OddNotNow(1, 2, "there")
        tries = len(list(Path(self.folder).glob(f"{number}-*")))
        Path(self.folder, f"{number}-{tries}").touch()
        if tries < self.deadly.get(number, 0):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        time.sleep(0.2 if number % 4 == 0 else 0)
        return 2 * number, os.getpid()


def first_bytes(file: PageFile) -> tuple[bytes, str]:
    """Of a file, with its path."""
    return file.path.read_bytes()[:5], str(file.path)
