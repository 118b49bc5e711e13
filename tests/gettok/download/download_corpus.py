"""A corpus for the sandbox with one video for each outcome of a download."""

import json
from pathlib import Path

import media_files
import pytest
from PIL import Image

from gettok.download import DownloadStep, VideoLink
from gettok.errors import Unusable
from gettok.settings import Download
from sandbox.server import Sandbox

CAPTIONS = [
    {"language": "en", "source": "MT", "format": "webvtt", "segments": [[0.25, 1.5, "Good day"]]},
    {
        "language": "es",
        "source": "LC",
        "format": "creator_caption",
        "segments": [[0.25, 1.5, "Buenos días."]],
    },
    {
        "language": "es",
        "source": "ASR",
        "format": "srt",
        "segments": [[0.25, 1.5, "buenos días"], [1.5, 1.9, "a todos"]],
    },
]
PAGES_OF = {
    "ok": {"media": "plain.mp4"},
    "silent_film": {"media": "no_sound.mp4"},
    "hevc": {"media": "hevc.mp4", "codec": "h265_hvc1"},
    "private": {"status_code": 10216},
    "private_account": {"status_code": 10222},
    "deleted": {"status_code": 10204, "status_msg": "status_deleted"},
    "only_me": {"status_code": 10204, "status_msg": "status_self_see"},
    "region": {"status_code": 10231, "status_msg": "cross_border_violation"},
    "region_10204": {"status_code": 10204, "status_msg": "person_geo_fencing"},
    "slideshow": {"images": ["photo.jpg", "photo.png", "webp.jpg"], "sound": "sound.m4a"},
    "no_sound_slideshow": {"images": ["photo.jpg"]},
    "no_photos": {"images": ["photo.jpg"], "shape": "no_photos"},
    "both": {"images": ["photo.jpg"], "sound": "sound.m4a", "media": "plain.mp4"},
    "captioned": {"media": "plain.mp4", "captions": CAPTIONS},
    "classified": {"media": "plain.mp4", "shape": "content_classified"},
    "login_wall": {"media": "plain.mp4", "shape": "login_wall"},
    "unknown_status": {"status_code": 100004},
    "h266": {"media": "plain.mp4", "shape": "bytevc2_only"},
    "site_host": {"media": "plain.mp4", "shape": "site_host"},
    "old_shape": {"media": "plain.mp4", "shape": "sigi_state"},
    "mobile": {"media": "plain.mp4", "shape": "reflow"},
    "dead_mirror": {"media": "plain.mp4", "shape": "dead_first_mirror"},
    "json": {"media": "plain.mp4", "serve": "json"},
    "empty": {"media": "plain.mp4", "serve": "empty"},
    "noise": {"media": "plain.mp4", "serve": "noise"},
    "playlist": {"media": "plain.mp4", "serve": "playlist"},
    "half": {"media": "plain.mp4", "serve": "half"},
    "nothing": {},
    "truncated": {"media": "plain.mp4", "serve": "truncated"},
    "html": {"media": "plain.mp4", "serve": "html"},
    "damaged": {"media": "damaged.mp4"},
    "sound_only": {"media": "sound.m4a"},
    "mute_hevc": {"media": "hevc.mp4", "codec": "h265_hvc1", "serve": "mute_unless_watermarked"},
}
IDS = {name: str(7_175_000_000_000_000_001 + n) for n, name in enumerate(PAGES_OF)}
ENDS = {
    "private": "private",
    "private_account": "private",
    "deleted": "removed",
    "only_me": "private",
    "region": "region_locked",
    "region_10204": "region_locked",
    "nothing": "no_address",
    "no_photos": "no_address",
    "classified": "login_needed",
    "login_wall": "login_needed",
    "unknown_status": "unreadable",
    "h266": "no_address",
    "site_host": "no_address",
    "json": "not_a_video",
    "empty": "not_a_video",
    "noise": "not_a_video",
    "playlist": "not_a_video",
    "half": "truncated",
    "truncated": "truncated",
    "html": "not_a_video",
    "damaged": "undecodable",
    "sound_only": "not_a_video",
}


def settings(**changes) -> Download:
    """Download settings without pauses and without a limit on disk space."""
    usual = {
        "backend": "page",
        "folder": "media",
        "timeout_s": 60,
        "max_attempts": 2,
        "max_bytes": 10_000_000,
        "keep_free_bytes": 0,
        "max_concurrency": 2,
        "pause_s": 0,
        "trust_list": None,
    }
    return Download(**{**usual, **changes})


def slideshow(folder: Path, names: tuple[str, ...] = ("1.png", "2.png", "10.png")) -> Path:
    """A local slideshow: photos of increasing width."""
    folder.mkdir()
    for number, name in enumerate(names):
        Image.new("RGB", (8 + number, 16)).save(folder / name, "PNG")
    return folder


def make(folder: Path) -> Path:
    """Write the corpus into an empty folder."""
    media = folder / "media"
    media.mkdir()
    media_files.video(media / "plain.mp4")
    media_files.video(media / "no_sound.mp4", sound=False)
    media_files.video(media / "hevc.mp4", codec="libx265", frames=20)
    media_files.damaged(media / "plain.mp4", media / "damaged.mp4")
    media_files.sound_only(media / "sound.m4a")
    for name, kind in {"photo.jpg": "JPEG", "photo.png": "PNG", "webp.jpg": "WEBP"}.items():
        Image.new("RGB", (8, 16)).save(media / name, kind)
    rows = [
        {
            "api": {"id": IDS[name], "create_time": 1_670_577_000, "username": "someone.1"},
            "page": {"media": None, **page},
        }
        for name, page in PAGES_OF.items()
    ]
    (folder / "videos.json").write_text(json.dumps(rows))
    return folder


def link(name: str) -> VideoLink:
    return VideoLink(IDS[name], "someone.1")


def refusal_of(step: DownloadStep, name: str) -> Unusable:
    with pytest.raises(Unusable) as refusal:
        step.ask(link(name))
    return refusal.value


def asked(server: Sandbox, name: str, since: int = 0) -> list[str]:
    """The requests for a video, in order: `pages` or `media`."""
    return [entry["service"] for entry in server.requests()[since:] if entry["subject"] == IDS[name]]
