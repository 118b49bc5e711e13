"""The process in which yt-dlp or pyktok runs: `python -m gettok.download.worker TOOL PAGES MAX_BYTES`.

It reads a job from each line of standard input, and writes the result to a line of standard output. It can look up and
connect to TikTok's hosts over https only, or to the one loopback server, and cannot write a file above the limit. With
a proxy it connects to the proxy, which looks names up itself, so the list of hosts has no effect.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.request import getproxies

from gettok.download.hosts import Site

Tool = Callable[[str], dict[str, Any]]

_SILENCE_S = 20
_GRACE_S = 10
#: H.264 without a watermark; else anything with pictures and sound except H.266, which no player decodes.
_FORMAT = "b[vcodec=h264][format_note!=?watermarked]/b[format_note!=?UNPLAYABLE]"
#: Signed URLs, cookies, and lists of both; the rest of what yt-dlp knows is worth keeping.
_LEFT_OUT = frozenset(
    (
        "formats",
        "requested_downloads",
        "requested_formats",
        "url",
        "thumbnail",
        "thumbnails",
        "http_headers",
        "cookies",
        "subtitles",
        "requested_subtitles",
        "automatic_captions",
    )
)


def main(name: str, pages: str, max_bytes: int) -> None:
    """Run jobs until standard input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the tool prints
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    tool = _TOOLS[name](pages)
    confine(pages, max_bytes)
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        os.chdir(job["folder"])
        signal.alarm(job["timeout_s"] + _GRACE_S)  # ends even a job whose parent has been killed
        print(json.dumps(_outcome(tool, job["url"])), file=replies, flush=True)
        signal.alarm(0)
        os.chdir("/")


def confine(pages: str, max_bytes: int) -> None:
    """Limit this process for the rest of its life: the size of a file, and the hosts that it may connect to."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
    if not has_proxy():
        sys.addaudithook(partial(_guard, Site(pages)))


def _guard(site: Site, event: str, args: tuple[Any, ...]) -> None:
    """Raises `PermissionError` for any host but the site's."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        name = args[0].decode("ascii", "replace") if isinstance(args[0], bytes) else str(args[0])
        if not site.may_resolve(name):
            raise PermissionError(f"{ascii(name)[1:-1][:100]} is not known to be TikTok's")
    if event == "socket.connect" and isinstance(args[1], tuple) and not site.may_connect(*args[1][:2]):
        raise PermissionError(f"{args[1][0]} is not the site")


def has_proxy() -> bool:
    """Whether the environment names a proxy; `no_proxy` does not count."""
    return bool(getproxies().keys() - {"no"})


def _outcome(tool: Tool, url: str) -> dict[str, Any]:
    """The tool's result, or an error that tools are known to raise; any other ends the process, which we report too."""
    try:
        return tool(url)
    except (OSError, LookupError, TypeError, ValueError, AttributeError, NameError, MemoryError) as error:
        return {"error": _described(error)}


def _described(error: BaseException) -> str:
    """The type of the error, and its text unless that has a URL or port in it."""
    text = " ".join(str(error).split()).partition("; please report this issue")[0]
    return (
        type(error).__name__ if "://" in text or "port=" in text else f"{type(error).__name__}: {text[:200]}"
    )


def _pyktok(_pages: str) -> Tool:
    import requests  # noqa: PLC0415
    from pyktok import pyktok  # noqa: PLC0415 -- takes seconds, and prints

    statuses: list[int] = []
    get = requests.get

    def noting_get(*args: Any, **how: Any) -> requests.Response:
        """Note the status: pyktok saves any response as a video, even the page of an error 403."""
        response = get(*args, **how)
        statuses.append(response.status_code)
        return response

    requests.get = noting_get

    def fetch(url: str) -> dict[str, Any]:
        statuses.clear()
        pyktok.save_tiktok(url, True)
        return {} if statuses[-1] == 200 else {"error": f"HTTP Error {statuses[-1]}"}

    return fetch


def _ytdlp(pages: str) -> Tool:
    import yt_dlp  # noqa: PLC0415

    return partial(_fetch_with_ytdlp, yt_dlp, pages)


def _fetch_with_ytdlp(yt_dlp: Any, pages: str, url: str) -> dict[str, Any]:
    site = "https://www.tiktok.com"
    with yt_dlp.YoutubeDL(_ytdlp_settings()) as downloader:
        if pages != site:
            downloader.urlopen = _rerouted(yt_dlp, downloader.urlopen, site, pages)
        try:
            info = downloader.extract_info(site + url.removeprefix(pages))
        except yt_dlp.utils.YoutubeDLError as error:
            return {"error": _described(error)}
        known = downloader.sanitize_info(info)
    chosen: dict[str, Any] = next(iter(known.get("requested_downloads") or []), {})
    return {
        "chosen": {
            "found_in": chosen.get("format_id"),
            "codec": chosen.get("vcodec"),
            "width": chosen.get("width"),
            "height": chosen.get("height"),
            "size": chosen.get("filesize"),
        },
        "has_captions": bool(known.get("subtitles")),
        "page": json.dumps({key: value for key, value in known.items() if key not in _LEFT_OUT}),
    }


def _ytdlp_settings() -> dict[str, Any]:
    """No configuration file, no retries, and the bytes as they arrive."""
    return {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "cachedir": False,
        "format": _FORMAT,
        "outtmpl": "media.%(ext)s",
        "nopart": True,
        "fixup": "never",
        "writesubtitles": True,  # otherwise the extractor does not look for any
        "subtitleslangs": ["-all"],  # but we fetch them ourselves
        "updatetime": False,
        "retries": 0,
        "extractor_retries": 0,
        "file_access_retries": 0,
        "socket_timeout": _SILENCE_S,
    }


def _rerouted(yt_dlp: Any, urlopen: Any, site: str, pages: str) -> Callable[[Any], Any]:
    """Send the extractor's requests to the loopback server: it works for URLs of TikTok only."""

    def open_there(request: Any) -> Any:
        if isinstance(request, str):
            request = yt_dlp.networking.Request(request)
        if request.url.startswith(site):
            request.url = pages + request.url.removeprefix(site)
        return urlopen(request)

    return open_there


_TOOLS: dict[str, Callable[[str], Tool]] = {"pyktok": _pyktok, "ytdlp": _ytdlp}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
