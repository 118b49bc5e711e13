"""The backend `page`: reads TikTok's page itself and fetches the best file that it names."""

from dataclasses import dataclass
from pathlib import Path

from gettok.download.arrival import Arrival, VideoLink
from gettok.download.hosts import Site
from gettok.download.page import Address, addresses, judge, read_page
from gettok.download.web import Visit
from gettok.errors import UNSETTLED, Unusable
from gettok.media import probe
from gettok.settings import Download

#: A file that arrives damaged in one of these ways is asked for again at another address.
DAMAGE = frozenset({"truncated", "not_a_video", "undecodable"})


@dataclass(frozen=True)
class ByPage:
    site: Site
    download: Download

    def fetch(self, link: VideoLink, to: Path, attempt: int) -> Arrival:
        """A fresh visit each time: an address of a file is good for some hours, and with its page's cookies only."""
        url = link.address(self.site.pages)
        with Visit(self.site, self.download.timeout_s) as visit:
            page = read_page(visit.page(url), link.video_id)
            mirrors = self._fitting(addresses(judge(page), url))
            chosen = self._first_to_serve(visit, turned(mirrors, attempt), url, to)
        return Arrival(probe(to), page.status_code, page.status_msg, _described(chosen), page.raw)

    def close(self) -> None:
        """Nothing runs beside us."""

    def _fitting(self, mirrors: list[Address]) -> list[Address]:
        """Without those that the page itself says are too large; a smaller one is better than none."""
        most = self.download.max_bytes
        fitting = [mirror for mirror in mirrors if mirror.size is None or mirror.size <= most]
        if not fitting:
            raise Unusable("too_large", f"more than {most} bytes")
        return fitting

    def _first_to_serve(self, visit: Visit, mirrors: list[Address], referer: str, to: Path) -> Address:
        """The first address that hands its file over. A damaged file ends the search: the next try begins elsewhere."""
        troubles: list[Unusable] = []
        for mirror in mirrors:
            try:
                visit.save(mirror.url, to, referer, self.download.max_bytes)
            except Unusable as trouble:
                if trouble.reason in DAMAGE:
                    raise
                troubles.append(trouble)
            else:
                return mirror
        # one that may yet serve outweighs those that never will
        raise next((trouble for trouble in troubles if trouble.reason in UNSETTLED), troubles[0])


def turned(mirrors: list[Address], attempt: int) -> list[Address]:
    """Begin with another address at each try, without passing over the best files for good."""
    start = attempt % len(mirrors)
    return mirrors[start:] + mirrors[:start]


def _described(address: Address) -> dict[str, str | int | None]:
    """What was chosen, without its address: that is signed, and another each time."""
    return {
        "found_in": address.found_in,
        "codec": address.codec,
        "width": address.width,
        "height": address.height,
        "size": address.size,
    }
