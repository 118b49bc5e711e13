"""Fetches one video's files, as often as it makes sense, and notes their facts or the reason why there are none."""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from weakref import finalize

from gettok.download.backend import Backend, DownloadResult, NoFile, Try, VideoLink
from gettok.download.backends.local import ByFolder
from gettok.download.backends.page import ByPage
from gettok.download.backends.tool import ByTool
from gettok.download.breaker import Breaker
from gettok.download.captions import Fetched
from gettok.download.file_layout import CAPTIONS, PAGE, digest, files_of
from gettok.download.hosts import Site
from gettok.download.mirrors import DAMAGE, PASSING
from gettok.download.pace import Pace
from gettok.errors import Unusable
from gettok.settings import Download
from gettok.step import Answer, Blob, Json, Row, Workers

_LONGEST_PAUSE_S = 30.0
#: So many damaged files, or addresses without a file, are a fact about the video.
_ENOUGH = 2


@dataclass(frozen=True)
class DownloadStep:
    """The files of one video by the backend of the settings.

    `pages` is where the video's pages are and enters no key, since the name of the source says it. Files lie in the
    folder `spool` (the one for temporary files, if none is given) for as long as their answer is held.
    """

    download: Download
    source_name: str
    pages: str
    spool: Path | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    breaker: Breaker = field(default_factory=Breaker, compare=False)
    stage = "download"
    version = 2

    @property
    def settings(self) -> Mapping[str, Json]:
        if self.download.backend == "local":
            return {"backend": "local"}  # a file is the same whichever source named its video
        return {"source": self.source_name, "backend": self.download.backend}

    @property
    def workers(self) -> Workers:
        return Workers("threads", self.download.max_concurrency)

    def inputs(self, link: VideoLink) -> dict[str, str]:
        """What the answer about a video depends on: its id, and for files that are here already what they hold."""
        files = self._backend.digest(link)
        return {"video_id": link.video_id} | ({"files": files} if files else {})

    def open(self) -> None:
        """Raises `BadSettings` for pages that are not TikTok's, or a folder that is not there."""
        self._backend.check()

    def ask(self, content: VideoLink) -> Answer:
        """Raises `Unusable`, and `NotNow` after several pages in a row that could not be read."""
        return self._noted(content, lambda folder: self._answer(self._patiently(content, folder)))

    def ask_captions(self, content: VideoLink) -> Answer:
        """The captions alone of a video that is kept. Raises as `ask` does."""
        return self._noted(
            content, lambda folder: _with_captions({}, {}, self._page.captions(content, folder))
        )

    def read(self, answer: Answer) -> list[Row]:
        files = files_of(answer)
        size = sum(blob.size for blob in files.values())
        kept = {"sha256": digest(files), "bytes": size, "backend": answer.body["backend"]}
        troubles = {
            "sound_trouble": (answer.body["chosen"] or {}).get("sound_trouble"),
            "captions_trouble": (answer.body["captions"] or {}).get("trouble"),
        }
        return [{**kept, **troubles, **answer.body["facts"]}]

    def close(self) -> None:
        """End the processes of the backend, if it has any; they would end with this one anyway."""
        self._backend.close()

    @cached_property
    def _backend(self) -> Backend:
        if self.download.backend == "local":
            return ByFolder(self.download)
        if self.download.backend == "page":
            return self._page
        return ByTool(self.download.backend, self._page)

    @cached_property
    def _page(self) -> ByPage:
        return ByPage(Site(self.pages), self.download, Pace(self.download.pause_s, self.sleep))

    def _noted(self, link: VideoLink, ask: Callable[[Path], Answer]) -> Answer:
        """What is asked with a folder at hand, unless nobody may ask any more; the breaker hears how it went."""
        self.breaker.check()
        try:
            with self._folder() as folder:
                answer = ask(folder)
        except Unusable as trouble:
            self.breaker.note(link, trouble, self._trouble_with)
            raise
        self.breaker.note(link, None, self._trouble_with)
        return answer

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.spool is not None:
            self.spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gettok-", dir=self.spool) as folder:
            yield Path(folder)

    def _trouble_with(self, link: VideoLink) -> Unusable | None:
        """What is wrong with a video now; its files are let go."""
        try:
            with self._folder() as folder:
                self._backend.fetch(link, folder, Try(0, 0))
        except Unusable as trouble:
            return trouble
        return None

    def _patiently(self, link: VideoLink, folder: Path) -> DownloadResult:
        damaged = absent = 0
        for number in range(self.download.max_attempts):
            to = Path(tempfile.mkdtemp(dir=folder))
            try:
                return self._backend.fetch(link, to, Try(number, damaged + absent))
            except Unusable as trouble:
                shutil.rmtree(to)
                is_damaged, is_absent = trouble.reason in DAMAGE, isinstance(trouble, NoFile)
                damaged, absent = damaged + is_damaged, absent + is_absent
                # a damaged or absent file may be whole the second time; what a page says of its video stays said
                is_new = (is_damaged and damaged < _ENOUGH) or (is_absent and absent < _ENOUGH)
                if number + 1 == self.download.max_attempts or not (trouble.reason in PASSING or is_new):
                    if is_absent and is_new:  # one page whose addresses are dead is not enough for a fact
                        raise Unusable("unreachable", trouble.detail) from trouble
                    raise
                if trouble.reason in PASSING:
                    self.sleep(pause_s(number))
        raise AssertionError("tries is positive")

    def _answer(self, arrival: DownloadResult) -> Answer:
        body = {
            "backend": self.download.backend,
            "status_code": arrival.status_code,
            "status_msg": arrival.status_msg,
            "chosen": arrival.chosen,
            "facts": asdict(arrival.facts),
        }
        blobs = {name: self._kept(file) for name, file in arrival.files.items()}
        if arrival.page is not None:
            # its addresses are signed and change each time, so it must stay out of the body, which tables show
            blobs[PAGE] = Blob.of_bytes(arrival.page)
        return _with_captions(body, blobs, arrival.captions)

    def _kept(self, path: Path) -> Blob:
        """A file, however small, that goes when its blob does: by then the store has a link to it, or a copy."""
        handle, name = tempfile.mkstemp(prefix="gettok-", dir=self.spool)
        os.close(handle)
        kept = path.replace(name)
        blob = Blob.of_file(kept)
        finalize(blob, kept.unlink, missing_ok=True)
        return blob


def _with_captions(body: dict[str, Json], blobs: dict[str, Blob], captions: Fetched | None) -> Answer:
    verbatim = {} if captions is None or captions.data is None else {CAPTIONS: Blob.of_bytes(captions.data)}
    return Answer({**body, "captions": captions and captions.facts}, {**blobs, **verbatim})


def pause_s(attempt: int) -> float:
    """Seconds to wait after the attempt of this number: doubling from two, spread, and capped."""
    return min(2.0 ** (attempt + 1), _LONGEST_PAUSE_S) * random.uniform(0.5, 1)
