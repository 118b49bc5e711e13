"""Reads the page of a video: whether the video is shown, and where its files are.

TikTok keeps the page's data as JSON in a script tag, whose name and shape change now and then. TikTok documents none of
this, so any key may be missing or have any type.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gettok.download.backend import NoPage
from gettok.download.hosts import absolute_url
from gettok.download.refusals import hidden_files, refusal
from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates, to_list, to_mapping, to_text, to_texts
from gettok.step import Json

_SCRIPT = r'<script[^>]*\bid="{}"[^>]*>(.*?)</script>'
_UNIVERSAL = re.compile(_SCRIPT.format("__UNIVERSAL_DATA_FOR_REHYDRATION__"), re.DOTALL)
_SIGI = re.compile(_SCRIPT.format("(?:SIGI_STATE|sigi-persisted-data)"), re.DOTALL)
_SCOPES = ("webapp.video-detail", "webapp.reflow.video.detail")

#: How many characters of a page's status message are kept.
_MAX_MESSAGE = 500
#: ByteDance's own H.266, which no other player decodes.
_UNPLAYABLE = "bytevc2"


@dataclass(frozen=True)
class VideoPage:
    """What the page says about the video: its status, and its data if it is shown."""

    status_code: int
    status_msg: str
    video: dict[str, Json] | None
    raw: bytes


@dataclass(frozen=True)
class Address:
    """Where one file of a video is, as the page says; `found_in` is the key under which the page has it."""

    url: str
    codec: str
    width: int
    height: int
    bitrate: int
    size: int | None
    found_in: str


def read_page(html: str, video_id: str) -> VideoPage:
    """The data of the page. Raises `NoPage` for a page without any: a captcha, a challenge, a login form."""
    detail = _detail(html, video_id)
    raw = json.dumps(detail, ensure_ascii=True, sort_keys=True).encode()
    code = _int(detail.get("statusCode"))
    video = to_mapping(to_mapping(detail.get("itemInfo")).get("itemStruct"))
    if str(video.get("id") or video_id) != video_id:
        raise NoPage("unreadable", "the page of another video")
    text = str(replace_surrogates(to_text(detail.get("statusMsg")) or ""))[:_MAX_MESSAGE]
    return VideoPage(code, text, video or None, raw)


def video_data(page: VideoPage) -> dict[str, Json]:
    """The page's data of the video or slideshow. Raises `Unusable` if the page does not show it."""
    if refused := refusal(page.status_code, page.status_msg):
        raise refused
    if page.video is None:
        raise Unusable("unreadable", "status 0, but no data of the video")
    if hidden := hidden_files(page.video):
        raise hidden
    return page.video


def addresses(video: dict[str, Json], page_url: str) -> list[Address]:
    """Files of the video, best first: H.264 before H.265, then by size of the picture; the watermarked one last."""
    media = to_mapping(video.get("video"))
    usable: dict[str, Address] = {}
    for address in [*_of_bitrates(media), *_of_player(media), *_of_download(media)]:
        url = absolute_url(page_url, address.url)
        # URLs on the website itself do not serve files (yt-dlp#11034)
        if url and urlsplit(url).hostname != "www.tiktok.com" and _UNPLAYABLE not in address.codec:
            usable.setdefault(url, Address(**{**vars(address), "url": url}))
    if not usable:
        raise Unusable("no_address", "no address of a file that can be played")
    return sorted(usable.values(), key=_rank)


def described(address: Address) -> dict[str, Json]:
    """The address without its URL, which is signed and differs each time."""
    return {
        "found_in": address.found_in,
        "codec": address.codec,
        "width": address.width,
        "height": address.height,
        "size": address.size,
    }


def _rank(address: Address) -> tuple[Any, ...]:
    return (
        address.found_in == "downloadAddr",
        # these may have no sound (yt-dlp#16622)
        urlsplit(address.url).path.endswith("/media-video-hvc1/"),
        not address.codec.startswith("h264"),
        -address.width * address.height,
        -address.bitrate,
    )


def _of_bitrates(media: dict[str, Json]) -> Iterable[Address]:
    for entry in map(to_mapping, to_list(media.get("bitrateInfo"))):
        play = to_mapping(entry.get("PlayAddr"))
        codec = str(entry.get("CodecType") or "h264")
        if _UNPLAYABLE in str(play.get("UrlKey")):
            codec = _UNPLAYABLE
        sides = _int(play.get("Width")), _int(play.get("Height"))
        rate, size = _int(entry.get("Bitrate")), _int(play.get("DataSize")) or None
        yield from (
            Address(url, codec, *sides, rate, size, "bitrateInfo") for url in to_texts(play.get("UrlList"))
        )


def _of_player(media: dict[str, Json]) -> Iterable[Address]:
    codec = str(media.get("codecType") or "h264")
    sides = _int(media.get("width")), _int(media.get("height"))
    sources = media.get("playAddr")
    urls = [to_mapping(source).get("src") for source in sources] if isinstance(sources, list) else [sources]
    yield from (Address(url, codec, *sides, 0, None, "playAddr") for url in to_texts(urls))


def _of_download(media: dict[str, Json]) -> Iterable[Address]:
    urls = [media.get("downloadAddr"), to_mapping(media.get("download")).get("url")]
    yield from (Address(url, "h264", 0, 0, 0, None, "downloadAddr") for url in to_texts(urls))


def _detail(html: str, video_id: str) -> dict[str, Json]:
    if script := _UNIVERSAL.search(html):
        scopes = to_mapping(_loaded(script[1]).get("__DEFAULT_SCOPE__"))
        if detail := next((to_mapping(scopes[name]) for name in _SCOPES if scopes.get(name)), None):
            return detail
    if script := _SIGI.search(html):
        return _from_sigi(_loaded(script[1]), video_id)
    raise NoPage("unreadable", _obstacle(html))


def _from_sigi(state: dict[str, Json], video_id: str) -> dict[str, Json]:
    """The shape that pages had until 2023, and that some still have."""
    video = to_mapping(state.get("ItemModule")).get(video_id)
    status = to_mapping(state.get("VideoPage"))
    return {**status, "itemInfo": {"itemStruct": video}}


def _obstacle(html: str) -> str:
    if 'id="cs"' in html or "Please wait..." in html:
        return "a challenge in place of the page"
    if "captcha" in html:
        return "a captcha in place of the page"
    return "a page without data" if html.strip() else "an empty page"


def _loaded(script: str) -> dict[str, Json]:
    try:
        return to_mapping(json.loads(script))
    except (ValueError, RecursionError) as error:
        raise NoPage("unreadable", "the page's data are not JSON") from error


def _int(value: Json) -> int:
    """A whole number, which the page sometimes writes as text; 0 for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) else 0
