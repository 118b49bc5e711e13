"""Variants of a video's page: older, for other devices, or incomplete. All have been reported by users of tools."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from sandbox.exchange import JsonObject

REFUSALS: Mapping[str, tuple[int, str]] = {
    "10000": (10000, ""),
    "10101": (10101, ""),
    "10204": (10204, "item doesn't exist"),
    "10204_deleted": (10204, "status_deleted"),
    "10204_self_see": (10204, "status_self_see"),
    "10204_privacy": (10204, "item_privacy_authorization&status_deleted"),
    "10204_cross_border": (10204, "cross_border_violation_ur"),
    "10204_geo_fencing": (10204, "person_geo_fencing"),
    "10216": (10216, ""),
    "10222": (10222, ""),
    "10231": (10231, "cross_border_violation"),
}
"""`statusCode` and `statusMsg` of pages without a video, as reported by users of tools."""

Shape = Callable[[JsonObject, str], JsonObject]
"""From a complete `itemStruct` and the server's address to the variant's; the argument is not changed."""


def _with_video(struct: JsonObject, **changes: object) -> JsonObject:
    return struct | {"video": struct["video"] | changes}


def _with_play_addr(struct: JsonObject, **changes: object) -> list[JsonObject]:
    gears = struct["video"]["bitrateInfo"]
    return [gear | {"PlayAddr": gear["PlayAddr"] | changes} for gear in gears]


def _content_classified(struct: JsonObject, _: str) -> JsonObject:
    """Age-gated: the post without its video."""
    shown = {name: value for name, value in struct.items() if name != "video"}
    return shown | {"isContentClassified": True}


def _no_download_addr(struct: JsonObject, _: str) -> JsonObject:
    return _with_video(struct, downloadAddr="")


def _dead_first_mirror(struct: JsonObject, base: str) -> JsonObject:
    """The first address of each list, of films and of photos, answers 404."""
    dead_url = f"{base}/media/v16-webapp-prime/gone.mp4"
    gears = struct["video"]["bitrateInfo"]
    if gears:
        mirrors = [dead_url, *gears[0]["PlayAddr"]["UrlList"][1:]]
        struct = _with_video(struct, playAddr=dead_url, bitrateInfo=_with_play_addr(struct, UrlList=mirrors))
    return _with_photos(struct, lambda urls: [f"{base}/media/p16-sign/gone.jpg", *urls[1:]])


def _with_photos(struct: JsonObject, change: Callable[[list[str]], list[str]]) -> JsonObject:
    """The slideshow with each photo's list of addresses changed; a film is unchanged."""
    if "imagePost" not in struct:
        return struct
    images = [
        image | {"imageURL": {"urlList": change(image["imageURL"]["urlList"])}}
        for image in struct["imagePost"]["images"]
    ]
    return struct | {"imagePost": struct["imagePost"] | {"images": images}}


def _no_photos(struct: JsonObject, _: str) -> JsonObject:
    """A slideshow without photos."""
    post = {"images": [], "title": ""}
    return _with_video(struct, duration=0, playAddr="", downloadAddr="", bitrateInfo=[]) | {"imagePost": post}


def as_slideshow(struct: JsonObject, lender: JsonObject, *, has_sound: bool) -> JsonObject:
    """A video as a slideshow, with the photos, and optionally the sound, of the lender."""
    music = struct["music"] | {"playUrl": lender["music"]["playUrl"] if has_sound else ""}
    return _with_video(_no_address(struct, ""), duration=0) | {
        "imagePost": lender["imagePost"],
        "music": music,
    }


def _no_address(struct: JsonObject, _: str) -> JsonObject:
    return _with_video(struct, playAddr="", downloadAddr="", bitrateInfo=[])


def _play_addr_list(struct: JsonObject, _: str) -> JsonObject:
    """The player's address as a list of sources."""
    return _with_video(struct, playAddr=[{"src": struct["video"]["playAddr"]}])


def _no_scheme(struct: JsonObject, _: str) -> JsonObject:
    """Addresses without a scheme, `//host/path`, and the size as a number."""

    def bare(url: str) -> str:
        return urlsplit(url)._replace(scheme="").geturl()

    shown = struct["video"]
    plays = [gear["PlayAddr"] for gear in shown["bitrateInfo"]]
    gears = [
        gear
        | {"PlayAddr": play | {"UrlList": [*map(bare, play["UrlList"])], "DataSize": int(play["DataSize"])}}
        for gear, play in zip(shown["bitrateInfo"], plays, strict=True)
    ]
    changes = {name: bare(shown[name]) for name in ("playAddr", "downloadAddr")}
    return _with_photos(_with_video(struct, bitrateInfo=gears, **changes), lambda urls: [*map(bare, urls)])


def _login_wall(struct: JsonObject, _: str) -> JsonObject:
    """The incomplete data that a page has for visitors who must log in, without an error (4CAT)."""
    shown = {name: value for name, value in struct.items() if name not in {"stats", "statsV2", "video"}}
    return shown | {"createTime": "0"}


def _bytevc2_only(struct: JsonObject, _: str) -> JsonObject:
    """Offers only ByteDance's own H.266."""
    gears = [
        gear | {"CodecType": "bytevc2"}
        for gear in _with_play_addr(struct, UrlKey=f"v09044g4{struct['id']}_bytevc2_540p_900000")
    ]
    return _with_video(struct, playAddr="", downloadAddr="", bitrateInfo=gears)


def _site_host(struct: JsonObject, _: str) -> JsonObject:
    """An address on the site's own host, which serves nothing (yt-dlp#11034)."""
    return _with_video(
        struct, playAddr="https://www.tiktok.com/aweme/v1/play/", downloadAddr="", bitrateInfo=[]
    )


def _create_time_int(struct: JsonObject, _: str) -> JsonObject:
    return struct | {"createTime": int(struct["createTime"])}


def _stats_as_strings(struct: JsonObject, _: str) -> JsonObject:
    return struct | {"stats": {name: str(value) for name, value in struct["stats"].items()}}


def _unchanged(struct: JsonObject, _: str) -> JsonObject:
    return struct


SLIDESHOWS: Mapping[str, bool] = {"photo_post": False, "audio_slideshow": True}
"""Faults that turn any video into a slideshow, and whether it has a sound."""

SHAPES: dict[str, Shape] = {
    "content_classified": _content_classified,
    "no_download_addr": _no_download_addr,
    "dead_first_mirror": _dead_first_mirror,
    "bytevc2_only": _bytevc2_only,
    "site_host": _site_host,
    "create_time_int": _create_time_int,
    "stats_as_strings": _stats_as_strings,
    "no_photos": _no_photos,
    "no_address": _no_address,
    "play_addr_list": _play_addr_list,
    "no_scheme": _no_scheme,
    "login_wall": _login_wall,
    "sigi_state": _unchanged,
    "reflow": _unchanged,
}


def script_of(shape: str, detail: JsonObject) -> tuple[str, JsonObject]:
    """The id of the page's script tag and the JSON in it."""
    struct = detail["itemInfo"].get("itemStruct")
    if shape == "sigi_state" and struct:
        users = {struct["author"]["uniqueId"]: struct["author"]}
        return "SIGI_STATE", {"ItemModule": {struct["id"]: struct}, "UserModule": {"users": users}}
    scope = "webapp.reflow.video.detail" if shape == "reflow" else "webapp.video-detail"
    return "__UNIVERSAL_DATA_FOR_REHYDRATION__", {"__DEFAULT_SCOPE__": {scope: detail}}
