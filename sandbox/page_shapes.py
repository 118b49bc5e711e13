"""The forms that a video's page can take: older ones, other devices' ones, and poor ones. All were seen by tools."""

from collections.abc import Callable

from sandbox.exchange import JsonObject

Shape = Callable[[JsonObject, str], JsonObject]
"""From a whole `itemStruct` and the server's address to what the page shows; what it is given stays as it is."""


def _with_video(struct: JsonObject, **changes: object) -> JsonObject:
    return struct | {"video": struct["video"] | changes}


def _with_play_addr(struct: JsonObject, **changes: object) -> list[JsonObject]:
    gears = struct["video"]["bitrateInfo"]
    return [gear | {"PlayAddr": gear["PlayAddr"] | changes} for gear in gears]


def _content_classified(struct: JsonObject, _: str) -> JsonObject:
    """Age-gated: the post is there and its video is not."""
    shown = {name: value for name, value in struct.items() if name != "video"}
    return shown | {"isContentClassified": True}


def _no_download_addr(struct: JsonObject, _: str) -> JsonObject:
    return _with_video(struct, downloadAddr="")


def _dead_first_mirror(struct: JsonObject, base: str) -> JsonObject:
    """The first address of each list answers 404."""
    dead = f"{base}/media/v16-webapp-prime/gone.mp4"
    gears = struct["video"]["bitrateInfo"]
    mirrors = gears[0]["PlayAddr"]["UrlList"][1:] if gears else []
    return _with_video(struct, playAddr=dead, bitrateInfo=_with_play_addr(struct, UrlList=[dead, *mirrors]))


def _bytevc2_only(struct: JsonObject, _: str) -> JsonObject:
    """Only ByteDance's own H.266 is offered."""
    rate = struct["video"]["bitrateInfo"][0]["Bitrate"]
    gears = [
        gear | {"CodecType": "bytevc2"}
        for gear in _with_play_addr(struct, UrlKey=f"v09044g4{struct['id']}_bytevc2_540p_{rate}")
    ]
    return _with_video(struct, playAddr="", downloadAddr="", bitrateInfo=gears)


def _site_host(struct: JsonObject, _: str) -> JsonObject:
    """Addresses on the site's own host, which serve nothing (yt-dlp#11034)."""
    return _with_video(
        struct, playAddr="https://www.tiktok.com/aweme/v1/play/", downloadAddr="", bitrateInfo=[]
    )


def _create_time_int(struct: JsonObject, _: str) -> JsonObject:
    return struct | {"createTime": int(struct["createTime"])}


def _stats_as_strings(struct: JsonObject, _: str) -> JsonObject:
    return struct | {"stats": {name: str(value) for name, value in struct["stats"].items()}}


def _as_it_is(struct: JsonObject, _: str) -> JsonObject:
    return struct


SHAPES: dict[str, Shape] = {
    "content_classified": _content_classified,
    "no_download_addr": _no_download_addr,
    "dead_first_mirror": _dead_first_mirror,
    "bytevc2_only": _bytevc2_only,
    "site_host": _site_host,
    "create_time_int": _create_time_int,
    "stats_as_strings": _stats_as_strings,
    "sigi_state": _as_it_is,
    "reflow": _as_it_is,
}


def script_of(shape: str, detail: JsonObject) -> tuple[str, JsonObject]:
    """The id of the page's script tag and the JSON in it."""
    struct = detail["itemInfo"].get("itemStruct")
    if shape == "sigi_state" and struct:
        users = {struct["author"]["uniqueId"]: struct["author"]}
        return "SIGI_STATE", {"ItemModule": {struct["id"]: struct}, "UserModule": {"users": users}}
    scope = "webapp.reflow.video.detail" if shape == "reflow" else "webapp.video-detail"
    return "__UNIVERSAL_DATA_FOR_REHYDRATION__", {"__DEFAULT_SCOPE__": {scope: detail}}
