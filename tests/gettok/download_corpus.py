"""A corpus for the sandbox with one video for each way in which a download can end."""

import json
from pathlib import Path

import media_files
from PIL import Image

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
    "slideshow": {"images": ["photo.jpg"], "sound": "sound.m4a"},
    "nothing": {},
    "truncated": {"media": "plain.mp4", "serve": "truncated"},
    "html": {"media": "plain.mp4", "serve": "html"},
    "damaged": {"media": "damaged.mp4"},
    "sound_only": {"media": "sound.m4a"},
}
IDS = {name: str(7_175_000_000_000_000_001 + n) for n, name in enumerate(PAGES_OF)}
ENDS = {
    "private": "private",
    "private_account": "private",
    "deleted": "removed",
    "only_me": "removed",
    "region": "region_locked",
    "region_10204": "region_locked",
    "slideshow": "slideshow",
    "nothing": "no_address",
    "truncated": "truncated",
    "html": "not_a_video",
    "damaged": "undecodable",
    "sound_only": "not_a_video",
}


def make(folder: Path) -> Path:
    """Write the corpus into an empty folder."""
    media = folder / "media"
    media.mkdir()
    media_files.video(media / "plain.mp4")
    media_files.video(media / "no_sound.mp4", sound=False)
    media_files.video(media / "hevc.mp4", codec="libx265", frames=20)
    media_files.damaged(media / "plain.mp4", media / "damaged.mp4")
    media_files.sound_only(media / "sound.m4a")
    Image.new("RGB", (8, 8)).save(media / "photo.jpg")
    rows = [
        {
            "api": {"id": IDS[name], "create_time": 1_670_577_000, "username": "someone.1"},
            "page": {"media": None, **page},
        }
        for name, page in PAGES_OF.items()
    ]
    (folder / "videos.json").write_text(json.dumps(rows))
    return folder
