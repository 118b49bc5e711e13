"""Signed addresses of media files, and the cookie that they require."""

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
    """The caller's token if we issued it, else a new one."""
    token = cookies(request).get(COOKIE, "")
    if _is_ours(world, token):
        return token
    start = hashlib.sha256(f"{world.profile.seed}/{video_id}".encode()).digest()[:8]
    return base64.b64encode(start + _sign(world, start.hex())[:8]).decode()


def cookies(request: Request) -> dict[str, str]:
    """The request's cookies; a value can contain `=`, and can be quoted."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value.strip('"') for name, _, value in pairs}


def signed_url(world: World, path: str, cookie: str = "") -> str:
    """An absolute address that is valid for some hours; with `cookie`, only together with that cookie."""
    expire = world.clock.timestamp() + world.profile.media_url_ttl_s
    parameters = {"tk": cookie} if cookie else {}
    query = urlencode(
        parameters | {"expire": expire, "signature": _sign(world, f"{path}/{cookie}/{expire}").hex()[:32]}
    )
    return f"{world.base}{path}?{query}"


def is_authorized(world: World, request: Request) -> bool:
    """Whether the address is intact and not expired, and the request comes from the session of the page."""
    query = request.query
    cookie, expire = query.get("tk", ""), query.get("expire", "")
    signature = _sign(world, f"{request.path}/{cookie}/{expire}").hex()[:32]
    if not hmac.compare_digest(query.get("signature", "").encode(), signature.encode()):
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
    return len(raw) == 16 and hmac.compare_digest(raw[8:], _sign(world, raw[:8].hex())[:8])


def _sign(world: World, text: str) -> bytes:
    return hmac.digest(world.profile.seed.encode(), text.encode(), hashlib.sha256)
