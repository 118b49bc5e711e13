"""Looks for a file with sound where the one that came has none.

TikTok's H.265 files lack their sound now and then, while other files of the same page have it (yt-dlp#16622).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult
from gettok.download.mirrors import DAMAGE, first_to_serve
from gettok.download.page_parser import Address, described
from gettok.download.transfer import Transfer
from gettok.download.web import ConnectionFault, Visit
from gettok.errors import Unusable
from gettok.media.probing import probe
from gettok.step import Json

#: So many more files are fetched at most: a few videos have no sound in any of them.
_MAX_OTHERS = 5
NO_TRACK = "no_audio: the file has no sound track"


def with_sound_trouble(result: DownloadResult, trouble: str | None = None) -> DownloadResult:
    """The result, which says why a video has no sound; a slideshow need not have one."""
    if trouble is None and result.facts.kind == "video" and not result.facts.has_audio:
        trouble = NO_TRACK
    return replace(result, chosen={**(result.chosen or {}), "sound_trouble": trouble})


@dataclass(frozen=True)
class SoundSearch:
    """Replaces a video without a sound track by another file of its page, the watermarked one last."""

    visit: Visit
    referer: str
    attempt: Attempt

    def run(
        self,
        result: DownloadResult,
        video: Mapping[str, Json],
        addresses: Sequence[Address],
        taken: Address | None = None,
    ) -> DownloadResult:
        """The first other file that has a sound track, or the same file with the reason why there is none.

        `taken` is where the file came from, if that is known; otherwise only its size tells it from the others.
        Raises `Unusable`: unreachable, if the connection fails and another attempt may get the sound.
        """
        if video.get("itemMute") is True:
            return with_sound_trouble(result, "no_audio: TikTok has muted it")
        media = result.files[MEDIA]
        others = _others(addresses, taken, media.stat().st_size)
        troubles, tried = [], 0
        for mirrors in _up_to_limit(others):
            try:
                found = self._fetch(mirrors, media.with_name("other"), result)
            except Unusable as trouble:
                self._raise_if_worth_another_attempt(trouble)
                troubles.append(str(trouble))
            else:
                tried += 1
                if found.facts.has_audio:
                    return with_sound_trouble(found)
        return with_sound_trouble(result, _summary(tried, troubles))

    def _fetch(self, mirrors: Sequence[Address], to: Path, result: DownloadResult) -> DownloadResult:
        """One of the other files, decoded. Raises `Unusable`."""
        chosen = first_to_serve(mirrors, partial(self.transfer, to), DAMAGE)
        return replace(result, facts=probe(to), files={MEDIA: to}, chosen=described(chosen))

    def transfer(self, to: Path, address: Address) -> None:
        """Download one of the page's files. Raises as `Transfer.run` does."""
        to.unlink(missing_ok=True)
        Transfer(self.visit, address.url, to, self.referer, self.visit.download.max_bytes, address.size).run()

    def _raise_if_worth_another_attempt(self, trouble: Unusable) -> None:
        """Once: a video without sound is better than none."""
        if (
            isinstance(trouble, ConnectionFault)
            and not self.attempt.number
            and self.visit.download.max_attempts > 1
        ):
            raise Unusable("unreachable", f"another file, for the sound: {trouble.detail}") from trouble


def _others(addresses: Sequence[Address], taken: Address | None, size: int) -> list[list[Address]]:
    """The mirrors of each file but the one that came, best first; mirrors differ in nothing but their URL."""
    files: dict[Address, list[Address]] = {}
    for address in addresses:
        files.setdefault(_without_url(address), []).append(address)
    came = taken and _without_url(taken)
    return [mirrors for file, mirrors in files.items() if file != came and file.size != size]


def _without_url(address: Address) -> Address:
    return replace(address, url="")


def _up_to_limit(others: list[list[Address]]) -> list[list[Address]]:
    """Without those before the last if there are too many: the last is watermarked, and made in another way."""
    return others if len(others) <= _MAX_OTHERS else [*others[: _MAX_OTHERS - 1], others[-1]]


def _summary(tried: int, troubles: Sequence[str]) -> str:
    others = "has another file" if tried == 1 else f"have {tried} other files"
    said = f"{NO_TRACK}, nor {others} of its page" if tried else NO_TRACK
    return f"{said}; another file failed: {troubles[0]}" if troubles else said
