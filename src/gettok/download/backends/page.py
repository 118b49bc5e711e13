"""The backend `page`: reads TikTok's page and fetches the best file that it names or the photos that it shows."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gettok.download.backend import MEDIA, DownloadResult, Try, VideoLink
from gettok.download.captions import MOST_BYTES, Captions, Fetched, listed
from gettok.download.hosts import Site
from gettok.download.mirrors import DAMAGE, PASSING, first_to_serve, rotate_mirrors
from gettok.download.pace import Pace
from gettok.download.page_parser import Address, Page, addresses, judge, read_page
from gettok.download.slideshow import Album, Slides, judged, slides_of
from gettok.download.transfer import Transfer
from gettok.download.web import LineFault, Visit
from gettok.errors import Unusable
from gettok.media import probe
from gettok.settings import Download
from gettok.step import Json


@dataclass(frozen=True)
class ByPage:
    site: Site
    download: Download
    pace: Pace

    def check(self) -> None:
        """Raises `BadSettings` for pages that are not TikTok's."""
        self.site.check()

    def digest(self, link: VideoLink) -> str | None:  # noqa: ARG002 - a page is not read beforehand
        return None

    def fetch(self, link: VideoLink, to: Path, attempt: Try) -> DownloadResult:
        """A fresh visit each time: an address of a file is good for some hours, and with its page's cookies only."""
        url = link.address(self.site.pages)
        with self.visit() as visit:
            page = read_page(visit.page(url), link.video_id)
            shown = judge(page)
            if slides := slides_of(shown, url):
                arrival = self._slideshow(visit, slides, url, to, attempt)
            else:
                mirrors = rotate_mirrors(self._fitting(addresses(shown, url)), attempt.damaged)
                arrival = self._video(visit, mirrors, url, to)
            return _told_by(page, replace(arrival, captions=self._captions(visit, shown, url, to)))

    def close(self) -> None:
        """Nothing runs beside us."""

    def visit(self) -> Visit:
        return Visit(self.site, self.download, self.pace)

    def slideshow(self, link: VideoLink, to: Path, attempt: Try) -> DownloadResult | None:
        """The slideshow, if it is one; None for a video. Raises what the page says, if it says why there is no file."""
        url = link.address(self.site.pages)
        with self.visit() as visit:
            page = read_page(visit.page(url), link.video_id)
            shown = judge(page)
            slides = slides_of(shown, url)
            if slides is None:
                addresses(shown, url)
                return None
            return _told_by(page, self._slideshow(visit, slides, url, to, attempt))

    def captions(self, link: VideoLink, to: Path) -> Fetched:
        """The video's captions alone. Raises `Unusable`."""
        url = link.address(self.site.pages)
        with self.visit() as visit:
            offered = listed(judge(read_page(visit.page(url), link.video_id)))
            if not offered:
                raise Unusable("no_address", "its page names no captions")
            return self._served(visit, offered, url, to)

    def _video(self, visit: Visit, mirrors: list[Address], url: str, to: Path) -> DownloadResult:
        media = to / MEDIA

        def fetch(address: Address) -> None:
            Transfer(visit, address.url, media, url, self.download.max_bytes, address.size).run()

        # a damaged file ends the search: the next try begins elsewhere
        chosen = first_to_serve(mirrors, fetch, DAMAGE)
        return DownloadResult(probe(media), {MEDIA: media}, chosen=_described(chosen))

    def _slideshow(self, visit: Visit, slides: Slides, url: str, to: Path, attempt: Try) -> DownloadResult:
        lost = Album(visit, url, to).bring(slides, attempt)
        facts, damage = judged(to)
        files = {file.name: file for file in sorted(to.iterdir())}
        return DownloadResult(facts, files, chosen={"found_in": "imagePost", "sound_trouble": lost or damage})

    def _captions(self, visit: Visit, shown: dict[str, Json], url: str, to: Path) -> Fetched | None:
        """The best captions that can be had; they never cost the video."""
        offered = listed(shown)
        if not offered:
            return None
        try:
            return self._served(visit, offered, url, to)
        except Unusable as trouble:
            return Fetched(offered[0][1], None, str(trouble))

    def _served(self, visit: Visit, offered: list[tuple[str, Captions]], url: str, to: Path) -> Fetched:
        file = to / "captions"
        for left in reversed(range(self.download.max_attempts)):
            try:
                _, found = first_to_serve(offered, partial(self._fetch_captions, visit, url, file))
                return Fetched(found, file.read_bytes())
            except Unusable as trouble:
                reason = "unreachable" if isinstance(trouble, LineFault) else trouble.reason
                if not left or reason not in PASSING:
                    raise Unusable(reason, trouble.detail) from trouble
        raise AssertionError("tries is positive")

    def _fetch_captions(self, visit: Visit, referer: str, file: Path, offer: tuple[str, Captions]) -> None:
        Transfer(visit, offer[0], file, referer, MOST_BYTES, None).run()

    def _fitting(self, mirrors: list[Address]) -> list[Address]:
        """Without those that the page itself says are too large; a smaller one is better than none."""
        most = self.download.max_bytes
        fitting = [mirror for mirror in mirrors if mirror.size is None or mirror.size <= most]
        if not fitting:
            raise Unusable("too_large", f"more than {most} bytes")
        return fitting


def _told_by(page: Page, arrival: DownloadResult) -> DownloadResult:
    return replace(arrival, status_code=page.status_code, status_msg=page.status_msg, page=page.raw)


def _described(address: Address) -> dict[str, str | int | None]:
    """What was chosen, without its address: that is signed, and another each time."""
    return {
        "found_in": address.found_in,
        "codec": address.codec,
        "width": address.width,
        "height": address.height,
        "size": address.size,
    }
