"""The website: serves a video's page with its data inside."""

import html
import json
import re
import time
from dataclasses import replace

from sandbox.chance import digits
from sandbox.exchange import Headers, JsonObject, Reply, Request, html_reply, text_reply
from sandbox.faults import INSTEAD, NO_FAULT, STATUSES, Fault, corpus_fault, with_damage
from sandbox.pages.page_data import item_struct
from sandbox.pages.page_shapes import REFUSALS, SHAPES, SLIDESHOWS, as_slideshow, script_of
from sandbox.pages.signing import COOKIE, chain_token
from sandbox.videos import Video
from sandbox.world import World

SITE = "/www.tiktok.com"
VIDEO = re.compile(rf"{re.escape(SITE)}/(?:@[^/]*|share)/(?:video|photo)/([0-9]+)/?")

CAPTCHA = (
    '<html><head><title>TikTok</title></head><body><div id="captcha-verify-container"></div></body></html>'
)
CHALLENGE = '<html><body>Please wait...<p id="cs" class=""></p></body></html>'
LOGIN = "<html><head><title>Log in | TikTok</title></head><body></body></html>"


class Pages:
    def __init__(self, world: World) -> None:
        self._world = world

    def subject(self, request: Request) -> str:
        """The video's id."""
        match = VIDEO.fullmatch(request.path)
        return match.group(1) if match else ""

    def answer(self, request: Request, fault: Fault) -> Reply:
        time.sleep(self._world.profile.latency_s)
        if request.path == f"{SITE}/login":
            return html_reply(200, LOGIN)
        video_id = self.subject(request)
        if not video_id or request.method not in {"GET", "HEAD"}:
            return html_reply(404, "<html><body>Page not found</body></html>")
        if fault is NO_FAULT and video_id in self._world.corpus.videos:
            shape = self._world.corpus.videos[video_id].page.shape
            fault = corpus_fault(shape, lambda word: self._world.attempts.next(f"page/{video_id}/{word}"))
        replacement = self._obstacle(fault) or INSTEAD.get(fault.do)
        return with_damage(replacement or self._page(request, video_id, fault.do), fault)

    def _obstacle(self, fault: Fault) -> Reply | None:
        """The answer of a fault that replaces the page, or None."""
        match fault.do:
            case "captcha":
                return html_reply(200, CAPTCHA)
            case "challenge":
                return html_reply(200, CHALLENGE)
            case "login":
                return html_reply(302, "", (("Location", f"{self._world.base}{SITE}/login"),))
            case "500":
                return html_reply(500, "<html><body>Internal Server Error</body></html>")
            case _:
                return text_reply(int(fault.do), "") if fault.do in STATUSES else None

    def _page(self, request: Request, video_id: str, shape: str) -> Reply:
        detail = self._detail(video_id, shape)
        title = detail["itemInfo"].get("itemStruct", {}).get("desc", "TikTok")
        script_id, data = script_of(shape, detail)
        body = (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
            f'<body><div id="app"></div><script id="{script_id}" type="application/json">'
            f"{_in_script(data)}</script></body></html>"
        )
        return html_reply(200, body, self._cookies(request, video_id))

    def _detail(self, video_id: str, shape: str) -> JsonObject:
        video = self._world.corpus.videos.get(video_id)
        code, message = (video.page.status_code, video.page.status_msg) if video else REFUSALS["10204"]
        code, message = REFUSALS.get(shape, (code, message))
        if video is None or code != 0:
            return {"itemInfo": {}, "statusCode": code, "statusMsg": message}
        struct = item_struct(self._with_expired_urls() if shape == "expired" else self._world, video)
        share = {"title": f"{struct['author']['nickname']} on TikTok", "desc": struct["desc"]}
        if shape in SHAPES:
            struct = SHAPES[shape](struct, self._world.base)
        if shape in SLIDESHOWS and (lender := self._lender()):
            struct = as_slideshow(struct, item_struct(self._world, lender), has_sound=SLIDESHOWS[shape])
        return {"itemInfo": {"itemStruct": struct}, "shareMeta": share, "statusCode": 0, "statusMsg": ""}

    def _lender(self) -> Video | None:
        """The corpus's first slideshow with a sound."""
        videos = self._world.corpus.videos.values()
        return next((video for video in videos if video.page.images and video.page.sound), None)

    def _with_expired_urls(self) -> World:
        """The same world, but its media addresses expire as soon as they are issued."""
        return replace(self._world, profile=replace(self._world.profile, media_url_ttl_s=0))

    def _cookies(self, request: Request, video_id: str) -> Headers:
        """For all of tiktok.com if requested by that host, else for this host alone: loopback has no parent domain."""
        host = request.headers.get("host", "").partition(":")[0]
        scope = "; Domain=.tiktok.com" if host.endswith("tiktok.com") else ""
        values = {
            "ttwid": f"1%7C{digits(24, 'ttwid', video_id)}",
            "tt_csrf_token": digits(12, "csrf", video_id),
            COOKIE: chain_token(self._world, request, video_id),
        }
        return tuple(
            ("Set-Cookie", f"{name}={value}{scope}; Path=/; Max-Age=15552000")
            for name, value in values.items()
        )


def _in_script(value: JsonObject) -> str:
    """JSON that cannot end the script element around it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("/", "\\u002F").replace("<", "\\u003C").encode("utf-8", "backslashreplace").decode()
