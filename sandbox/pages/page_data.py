"""The JSON inside a video's web page."""

from typing import Any

from sandbox.chance import digits
from sandbox.exchange import JsonObject
from sandbox.pages.captions import FORMATS, cla_info, subtitle_info
from sandbox.pages.signing import COOKIE, signed_url
from sandbox.videos import Video
from sandbox.world import World

MIRRORS = ("v16-webapp-prime", "v19-webapp-prime")
PHOTO_MIRRORS = ("p16-sign", "p19-sign")
SOUND_HOST = "sf16-ies-music"
CAPTION_HOST = "v16-webapp"


def item_struct(world: World, video: Video) -> JsonObject:
    """The page's data about a video; a key without a value is absent, except where tools rely on it."""
    facts, page = video.facts, video.page
    tags = facts.get("hashtag_names") or []
    struct: JsonObject = {
        "id": video.id,
        "desc": facts.get("video_description", ""),
        "createTime": str(facts["create_time"]),
        "locationCreated": str(facts.get("region_code", "")).upper(),
        "author": _author(world, video),
        "stats": _stats(video),
        "statsV2": {name: str(value) for name, value in _stats(video).items()} | {"repostCount": "0"},
        "music": _music(world, video),
        "challenges": [{"id": digits(16, "challenge", tag), "title": tag} for tag in tags],
        "textExtra": [{"hashtagName": tag, "type": 1} for tag in tags],
        "IsAigc": page.ai_label > 0,
        "aigcLabelType": page.ai_label,
        "isAd": False,
        "secret": False,
        "forFriend": False,
        "privateItem": False,
        "video": _video(world, video),
    }
    author_stats = (page.author or {}).get("stats")
    if author_stats:
        struct["authorStats"] = author_stats
    if page.images:
        struct["imagePost"] = _image_post(world, video)
    return struct


def _author(world: World, video: Video) -> JsonObject:
    name = str(video.facts.get("username", ""))
    overrides = {key: value for key, value in (video.page.author or {}).items() if key != "stats"}
    return {
        "id": digits(19, world.profile.seed, "author", name),
        "uniqueId": name,
        "nickname": name,
        "secUid": f"MS4wLjABAAAA{digits(40, 'sec', name)}",
        "signature": "",
        "verified": False,
        "avatarLarger": "",
        "avatarMedium": "",
        "avatarThumb": "",
    } | overrides


def _stats(video: Video) -> dict[str, int]:
    facts = video.facts
    names = {
        "playCount": "view_count",
        "diggCount": "like_count",
        "commentCount": "comment_count",
        "shareCount": "share_count",
        "collectCount": "favorites_count",
    }
    return {page_name: int(facts.get(api_name) or 0) for page_name, api_name in names.items()}


def _music(world: World, video: Video) -> JsonObject:
    sound = f"/media/{SOUND_HOST}/{video.id}.m4a"
    return {
        "id": str(video.facts.get("music_id", "")),
        "title": "original sound",
        "authorName": str(video.facts.get("username", "")),
        "album": "",
        "original": True,
        "duration": round(video.page.duration or video.facts.get("video_duration") or 0),
        "playUrl": signed_url(world, sound) if video.page.sound else "",
    }


def _video(world: World, video: Video) -> JsonObject:
    page = video.page
    struct: JsonObject = {"id": video.id, "width": page.width, "height": page.height, "ratio": "540p"}
    if page.media is None:
        return struct | {"duration": 0, "playAddr": "", "downloadAddr": "", "bitrateInfo": []}
    urls = [signed_url(world, f"/media/{mirror}/{video.id}.mp4", COOKIE) for mirror in MIRRORS]
    shown = struct | {
        "duration": round(page.duration),
        "format": "mp4",
        "codecType": page.codec,
        "playAddr": urls[0],
        "downloadAddr": signed_url(world, f"/media/{MIRRORS[0]}/watermarked/{video.id}.mp4", COOKIE),
        "bitrateInfo": [_bitrate(world, video, urls)],
    }
    return shown | _captions(world, video)


def _captions(world: World, video: Video) -> JsonObject:
    """`claInfo` on every page with a film, and `subtitleInfos` if there are captions."""
    captions = video.page.captions
    paths = [
        f"/media/{CAPTION_HOST}/captions/{video.id}/{number}.{FORMATS[caption.format].suffix}"
        for number, caption in enumerate(captions, 1)
    ]
    urls = [signed_url(world, path, COOKIE) for path in paths]
    expire = world.clock.timestamp() + world.profile.media_url_ttl_s
    infos = [subtitle_info(caption, url, expire) for caption, url in zip(captions, urls, strict=True)]
    fields = {"claInfo": cla_info(captions, urls)}
    return fields | {"subtitleInfos": infos} if infos else fields


def _bitrate(world: World, video: Video, urls: list[str]) -> JsonObject:
    page = video.page
    size = _size(world, video)
    rate = round(8 * size / (page.duration or 1))
    gear = "bytevc1" if page.codec.startswith("h265") else "h264"
    return {
        "Bitrate": rate,
        "QualityType": 20,
        "GearName": "normal_540_0",
        "CodecType": page.codec,
        "PlayAddr": {
            "Uri": f"v09044g40000{video.id}",
            "UrlList": urls,
            "UrlKey": f"v09044g40000{video.id}_{gear}_540p_{rate}",
            "DataSize": str(size),
            "Width": page.width,
            "Height": page.height,
        },
    }


def _size(world: World, video: Video) -> int:
    return video.page.size or len(world.corpus.film(video.page))


def _image_post(world: World, video: Video) -> JsonObject:
    images = [_image(world, video, number) for number in range(1, len(video.page.images) + 1)]
    return {"images": images, "cover": images[0], "shareCover": images[0], "title": ""}


def _image(world: World, video: Video, number: int) -> dict[str, Any]:
    paths = [f"/media/{mirror}/{video.id}/{number}.jpg" for mirror in PHOTO_MIRRORS]
    urls = {"urlList": [signed_url(world, path) for path in paths]}
    return {"imageURL": urls, "imageWidth": video.page.width, "imageHeight": video.page.height}
