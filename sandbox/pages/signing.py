"""Addresses of media files, and the cookie that opens them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from sandbox.exchange import Request
from sandbox.world import World

COOKIE = "tt_chain_token"
"""Without it a media file answers 403 (yt-dlp#9997)."""


def chain_token(world: World, request: Request, video_id: str) -> str:
    """The caller's own token when it is one of ours, else a new one."""
    theirs = cookies(request).get(COOKIE, "")
    if _is_ours(world, theirs):
        return theirs
    start = hashlib.sha256(f"{world.profile.seed}/{video_id}".encode()).digest()[:8]
    return base64.b64encode(start + _seal(world, start.hex())[:8]).decode()


def cookies(request: Request) -> dict[str, str]:
    """A value may hold `=` and may arrive quoted."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value.strip('"') for name, _, value in pairs}


def address(world: World, path: str, cookie: str = "") -> str:
    """An absolute address that is good for some hours; with `cookie`, only beside that cookie."""
    expire = world.clock.timestamp() + world.profile.media_url_ttl_s
    wanted = {"tk": cookie} if cookie else {}
    query = urlencode(
        wanted | {"expire": expire, "signature": _seal(world, f"{path}/{cookie}/{expire}").hex()[:32]}
    )
    return f"{world.base}{path}?{query}"


def may_have(world: World, request: Request) -> bool:
    """Whether the address is unspoiled and in time, and the request comes from the page's own session."""
    query = request.query
    cookie, expire = query.get("tk", ""), query.get("expire", "")
    seal = _seal(world, f"{request.path}/{cookie}/{expire}").hex()[:32]
    if not hmac.compare_digest(query.get("signature", "").encode(), seal.encode()):
        return False
    if int(expire) <= world.clock.timestamp():
        return False
    return not cookie or (
        _is_ours(world, cookies(request).get(cookie, "")) and _is_from_page(world, request.headers)
    )


def _is_from_page(world: World, headers: Mapping[str, str]) -> bool:
    referer = urlsplit(headers.get("referer", ""))
    host = referer.hostname or ""
    return (
        host == "tiktok.com" or host.endswith(".tiktok.com") or referer.netloc == urlsplit(world.base).netloc
    )


def _is_ours(world: World, token: str) -> bool:
    try:
        raw = base64.b64decode(token, validate=True)
    except ValueError:
        return False
    return len(raw) == 16 and hmac.compare_digest(raw[8:], _seal(world, raw[:8].hex())[:8])


def _seal(world: World, text: str) -> bytes:
    return hmac.digest(world.profile.seed.encode(), text.encode(), hashlib.sha256)
