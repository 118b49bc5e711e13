"""The backend `page`: reads TikTok's page, and fetches the best file that it names or the photos that it shows."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult, VideoLink
from gettok.download.captions import MAX_BYTES, Captions, FetchedCaptions, offered_captions
from gettok.download.hosts import Site
from gettok.download.mirrors import DAMAGE, TRANSIENT, first_to_serve, rotate_mirrors
from gettok.download.mute_files import NO_TRACK, SoundSearch, with_sound_trouble
from gettok.download.pace import Pace
from gettok.download.page_parser import Address, VideoPage, addresses, described, read_page, video_data
from gettok.download.slideshow import Slides, SlideshowFetcher, probe_slideshow, slides_of
from gettok.download.transfer import Transfer
from gettok.download.web import ConnectionFault, Visit
from gettok.errors import Unusable
from gettok.http.page_labels import page_ai_label
from gettok.media.probing import probe
from gettok.settings import Download
from gettok.step import Json
from gettok.store.disk_space import in_words


@dataclass(frozen=True)
class PageBackend:
    download: Download
    site: Site
    pace: Pace

    def check(self) -> None:
        """Raises `BadSettings` if the pages are not TikTok's."""
        self.site.check()

    def digest(self, link: VideoLink) -> str | None:  # noqa: ARG002 - a page is not read beforehand
        return None

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:
        """Visit the page anew each time: a file's URL works for some hours, and only with its page's cookies."""
        url = link.page_url(self.site.pages)
        with self.visit() as visit:
            page = read_page(visit.page(url), link.video_id)
            video = video_data(page)
            if slides := slides_of(video, url):
                result = self._slideshow(visit, slides, url, to, attempt)
            else:
                result = self._video(SoundSearch(visit, url, attempt), video, to)
            return _with_page(page, replace(result, captions=self._captions(visit, video, url, to)))

    def close(self) -> None:
        """It has started no process."""

    def visit(self) -> Visit:
        return Visit(self.site, self.download, self.pace)

    def slideshow(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult | None:
        """The slideshow; None for a video. Raises `Unusable` if the page says why there is no file."""
        url = link.page_url(self.site.pages)
        with self.visit() as visit:
            page = read_page(visit.page(url), link.video_id)
            video = video_data(page)
            slides = slides_of(video, url)
            if slides is None:
                addresses(video, url)
                return None
            return _with_page(page, self._slideshow(visit, slides, url, to, attempt))

    def with_sound(self, link: VideoLink, mute: DownloadResult, attempt: Attempt) -> DownloadResult:
        """The video by a file of its page that has a sound track, or the same one with the reason why there is none."""
        url = link.page_url(self.site.pages)
        result = mute
        with self.visit() as visit:
            try:
                page = read_page(visit.page(url), link.video_id)
                result = _with_page(page, mute)
                video = video_data(page)
                fitting = self._fitting(addresses(video, url))
            except Unusable as trouble:
                return with_sound_trouble(
                    result, f"{NO_TRACK}; its page cannot be read for another: {trouble}"
                )
            return SoundSearch(visit, url, attempt).run(result, video, fitting)

    def with_captions(self, link: VideoLink, result: DownloadResult, to: Path) -> DownloadResult:
        """The result with the captions of its page, or with the reason why there are none."""
        url = link.page_url(self.site.pages)
        try:
            with self.visit() as visit:
                page = read_page(visit.page(url), link.video_id)
                result = _with_page(page, result)
                captions = self._fetch_best(visit, _required_captions(page), url, to)
        except Unusable as trouble:
            captions = FetchedCaptions(Captions("", "", "", ""), None, str(trouble))
        return replace(result, captions=captions)

    def captions(self, link: VideoLink, to: Path) -> FetchedCaptions:
        """The video's captions alone. Raises `Unusable`."""
        url = link.page_url(self.site.pages)
        with self.visit() as visit:
            page = read_page(visit.page(url), link.video_id)
            return self._fetch_best(visit, _required_captions(page), url, to)

    def _video(self, search: SoundSearch, video: dict[str, Json], to: Path) -> DownloadResult:
        fitting = self._fitting(addresses(video, search.referer))
        media = to / MEDIA
        fetch = partial(search.transfer, media)
        # a damaged file ends the search: the next attempt begins at another mirror
        chosen = first_to_serve(rotate_mirrors(fitting, search.attempt.damaged), fetch, DAMAGE)
        result = DownloadResult(probe(media), {MEDIA: media}, chosen=described(chosen))
        return (
            with_sound_trouble(result)
            if result.facts.has_audio
            else search.run(result, video, fitting, chosen)
        )

    def _slideshow(
        self, visit: Visit, slides: Slides, url: str, to: Path, attempt: Attempt
    ) -> DownloadResult:
        not_fetched = SlideshowFetcher(visit, url, to).fetch(slides, attempt)
        facts, damage = probe_slideshow(to)
        files = {file.name: file for file in sorted(to.iterdir())}
        chosen: dict[str, Json] = {"found_in": "imagePost", "sound_trouble": not_fetched or damage}
        return DownloadResult(facts, files, chosen=chosen)

    def _captions(self, visit: Visit, video: dict[str, Json], url: str, to: Path) -> FetchedCaptions | None:
        """The best captions that can be fetched. A failure here never fails the video."""
        offered = offered_captions(video)
        if not offered:
            return None
        try:
            return self._fetch_best(visit, offered, url, to)
        except Unusable as trouble:
            return FetchedCaptions(offered[0][1], None, str(trouble))

    def _fetch_best(
        self, visit: Visit, offered: list[tuple[str, Captions]], url: str, to: Path
    ) -> FetchedCaptions:
        file = to / "captions"
        for left in reversed(range(self.download.max_attempts)):
            try:
                _, captions = first_to_serve(offered, partial(self._fetch_captions, visit, url, file))
                return FetchedCaptions(captions, file.read_bytes())
            except Unusable as trouble:
                reason = "unreachable" if isinstance(trouble, ConnectionFault) else trouble.reason
                if not left or reason not in TRANSIENT:
                    raise Unusable(reason, trouble.detail) from trouble
        raise AssertionError("max_attempts is positive")

    def _fetch_captions(self, visit: Visit, referer: str, file: Path, offer: tuple[str, Captions]) -> None:
        Transfer(visit, offer[0], file, referer, MAX_BYTES, None).run()

    def _fitting(self, mirrors: list[Address]) -> list[Address]:
        """Without those that are too large by what the page says; a smaller file is better than none."""
        most = self.download.max_bytes
        fitting = [mirror for mirror in mirrors if mirror.size is None or mirror.size <= most]
        if not fitting:
            raise Unusable("too_large", f"more than {in_words(most)}")
        return fitting


def open_backend(download: Download, site: Site, pace: Pace) -> PageBackend:
    return PageBackend(download, site, pace)


def _required_captions(page: VideoPage) -> list[tuple[str, Captions]]:
    if offered := offered_captions(video_data(page)):
        return offered
    raise Unusable("no_address", "its page names no captions")


def _with_page(page: VideoPage, result: DownloadResult) -> DownloadResult:
    label = page_ai_label(page.video or {})
    return replace(
        result, status_code=page.status_code, status_msg=page.status_msg, page=page.raw, ai_label=label
    )
