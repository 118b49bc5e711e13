"""Fetches one video's files, retrying where that may help, and records their facts or the reason why there are none."""

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
from typing import TYPE_CHECKING
from weakref import finalize

from gettok.download.backend import Attempt, Backend, DownloadResult, NoFile, VideoLink, open_backend
from gettok.download.breaker import Breaker
from gettok.download.captions import FetchedCaptions
from gettok.download.credentials import credentials_of, credentials_row, read_trust_list
from gettok.download.file_layout import CAPTIONS, PAGE, files_digest, files_of
from gettok.download.hosts import Site
from gettok.download.mirrors import DAMAGE, TRANSIENT
from gettok.download.pace import Pace
from gettok.errors import Unusable
from gettok.http.page_labels import PageAiLabel
from gettok.settings import Download
from gettok.settings.registries import DOWNLOAD_BACKENDS
from gettok.step import Answer, Blob, Json, Row, Workers

if TYPE_CHECKING:
    from gettok.download.backends.page import PageBackend

_MAX_PAUSE_S = 30.0
#: A file that is damaged or missing so many times is a fact about the video, not an accident.
_ENOUGH = 2


@dataclass(frozen=True)
class DownloadStep:
    """Fetches the files of one video with the backend of the settings.

    `pages` is where TikTok's pages are. It is not in the answer's key, since the source's name is. Files stay in the
    folder `spool` (by default the one for temporary files) as long as their answer exists.
    """

    download: Download
    source_name: str
    pages: str
    spool: Path | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    breaker: Breaker = field(default_factory=Breaker, compare=False)
    stage = "download"
    version = 4

    @property
    def settings(self) -> Mapping[str, Json]:
        backend = self.download.backend
        if not self._reads_pages:
            return {"backend": backend}  # the files do not depend on the source of the ids
        return {"source": self.source_name, "backend": backend}

    @property
    def _reads_pages(self) -> bool:
        return DOWNLOAD_BACKENDS[self.download.backend].reads_pages

    @property
    def workers(self) -> Workers:
        return Workers("threads", self.download.max_concurrency, share_a_limit=True)

    def inputs(self, link: VideoLink) -> dict[str, str]:
        """What a video's answer depends on: its id, and the content of files that are on this machine already."""
        files = None if self._reads_pages else self._backend.digest(link)
        return {"video_id": link.video_id} | ({"files": files} if files else {})

    def open(self) -> None:
        """Raises `BadSettings` if the backend cannot fetch anything, for example because there is no such folder."""
        self._backend.check()
        _ = self.trust_list

    def ask(self, content: VideoLink) -> Answer:
        """Raises `Unusable`, and `NotNow` after several pages in a row that could not be read."""
        return self._with_breaker(content, lambda folder: self._answer(self._fetch(content, folder)))

    def ask_captions(self, content: VideoLink) -> Answer:
        """Only the captions, for a video that is in the store. Raises as `ask` does."""
        return self._with_breaker(
            content, lambda folder: _with_captions({}, {}, self._page.captions(content, folder))
        )

    def read(self, answer: Answer) -> list[Row]:
        files = files_of(answer)
        size = sum(blob.size for blob in files.values())
        stored = {"sha256": files_digest(files), "bytes": size, "backend": answer.body["backend"]}
        troubles = {
            "sound_trouble": (answer.body["chosen"] or {}).get("sound_trouble"),
            "captions_trouble": (answer.body["captions"] or {}).get("trouble"),
        }
        credentials = credentials_row(answer, self.trust_list)
        label = PageAiLabel(**answer.body["page_ai_label"])
        labels = {"page_ai_label": label.is_labelled, "page_ai_label_type": label.number}
        return [{**stored, **troubles, **labels, **credentials, **answer.body["facts"]}]

    def close(self) -> None:
        """End the backend's processes, if it has any; they would end with this process anyway."""
        if "_backend" in vars(self):  # else none was needed
            self._backend.close()

    @cached_property
    def _backend(self) -> Backend:
        return open_backend(self.download, Site(self.pages), self._pace)

    @cached_property
    def _page(self) -> "PageBackend":
        """Fetches captions for every backend."""
        from gettok.download.backends.page import PageBackend  # noqa: PLC0415 - takes long to import; most answers are known

        return PageBackend(self.download, Site(self.pages), self._pace)

    @cached_property
    def trust_list(self) -> str | None:
        """The certificates by which content credentials are judged, when an answer is read."""
        return read_trust_list(self.download.trust_list)

    @cached_property
    def _pace(self) -> Pace:
        return Pace(self.download.pause_s, self.sleep)

    def _with_breaker(self, link: VideoLink, ask: Callable[[Path], Answer]) -> Answer:
        """Call `ask` with a temporary folder unless the breaker is open, and tell the breaker the result."""
        self.breaker.check()
        try:
            with self._folder() as folder:
                answer = ask(folder)
        except Unusable as trouble:
            self.breaker.record(link, trouble, self._trouble_with)
            raise
        self.breaker.record(link, None, self._trouble_with)
        return answer

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.spool is not None:
            self.spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gettok-", dir=self.spool) as folder:
            yield Path(folder)

    def _trouble_with(self, link: VideoLink) -> Unusable | None:
        """Why a video cannot be fetched now; None if it can. Its files are thrown away."""
        try:
            with self._folder() as folder:
                self._backend.fetch(link, folder, Attempt(0, 0))
        except Unusable as trouble:
            return trouble
        return None

    def _fetch(self, link: VideoLink, folder: Path) -> DownloadResult:
        """Fetch the video, in up to `max_attempts` attempts."""
        damaged = absent = 0
        for number in range(self.download.max_attempts):
            to = Path(tempfile.mkdtemp(dir=folder))
            try:
                return self._backend.fetch(link, to, Attempt(number, damaged + absent))
            except Unusable as trouble:
                shutil.rmtree(to)
                is_damaged, is_absent = trouble.reason in DAMAGE, isinstance(trouble, NoFile)
                damaged, absent = damaged + is_damaged, absent + is_absent
                # a damaged or missing file may be complete next time; what a page says about its video will not change
                is_new = (is_damaged and damaged < _ENOUGH) or (is_absent and absent < _ENOUGH)
                if number + 1 == self.download.max_attempts or not (trouble.reason in TRANSIENT or is_new):
                    if is_absent and is_new:  # dead URLs on a single page do not prove that there is no file
                        raise Unusable("unreachable", trouble.detail) from trouble
                    raise
                if trouble.reason in TRANSIENT:
                    self.sleep(pause_s(number))
        raise AssertionError("max_attempts is positive")

    def _answer(self, result: DownloadResult) -> Answer:
        body = {
            "backend": self.download.backend,
            "status_code": result.status_code,
            "status_msg": result.status_msg,
            "chosen": result.chosen,
            "page_ai_label": result.ai_label._asdict(),
            "facts": asdict(result.facts),
            "c2pa": credentials_of(list(result.files.values())),
        }
        blobs = {name: self._spooled(file) for name, file in result.files.items()}
        if result.page is not None:
            # its URLs are signed and differ each time, so it must not be in the body, which tables show
            blobs[PAGE] = Blob.of_bytes(result.page)
        return _with_captions(body, blobs, result.captions)

    def _spooled(self, path: Path) -> Blob:
        """A file in the spool, deleted with its blob: by then the store has a link to it, or a copy."""
        handle, name = tempfile.mkstemp(prefix="gettok-", dir=self.spool)
        os.close(handle)
        spooled = path.replace(name)
        blob = Blob.of_file(spooled)
        finalize(blob, spooled.unlink, missing_ok=True)
        return blob


def _with_captions(body: dict[str, Json], blobs: dict[str, Blob], captions: FetchedCaptions | None) -> Answer:
    verbatim = {} if captions is None or captions.data is None else {CAPTIONS: Blob.of_bytes(captions.data)}
    return Answer({**body, "captions": captions and captions.facts}, {**blobs, **verbatim})


def pause_s(attempt: int) -> float:
    """Seconds to wait after the attempt of this number: doubled from two each time, capped, and randomised."""
    return min(2.0 ** (attempt + 1), _MAX_PAUSE_S) * random.uniform(0.5, 1)
