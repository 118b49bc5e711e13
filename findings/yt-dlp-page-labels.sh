#!/usr/bin/env bash
# yt-dlp 2026.10.26, given the page's data of a photo post that TikTok labels as AI-generated:
# - the info that it returns (what --write-info-json saves) has no trace of the label: `IsAigc`, `aigcLabelType` and
#   `isAd` are gone, so a corpus fetched with yt-dlp cannot tell labelled videos from others afterwards;
# - `title` looks like the post's own title and is the caption, a second time; the post's own title
#   (`imagePost.title`) is nowhere.
# Anyone who needs either must keep the page itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if command -v uv >/dev/null; then
  uv venv -q --python 3.11 "$folder/venv"
  uv pip install -q --python "$folder/venv/bin/python" yt-dlp==2026.10.26
else
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q yt-dlp==2026.10.26
fi
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json

import yt_dlp

POST = {
    "id": "7174400000000000003",
    "desc": "#peru",
    "createTime": "1670414400",
    "IsAigc": True,
    "aigcLabelType": 1,
    "isAd": True,
    "author": {"uniqueId": "user", "id": "1", "nickname": "User"},
    "stats": {"playCount": 5},
    "music": {"id": "1", "title": "original sound", "playUrl": "https://sf16.example/sound.m4a"},
    "imagePost": {"title": "Who dissolved Congress?", "images": []},
    "video": {"duration": 0, "playAddr": "", "downloadAddr": ""},
}
with yt_dlp.YoutubeDL({"quiet": True}) as downloader:
    extractor = downloader.get_info_extractor("TikTok")
    address = f"https://www.tiktok.com/@user/video/{POST['id']}"
    info = downloader.sanitize_info(extractor._parse_aweme_video_web(POST, address, POST["id"]))
text = json.dumps(info).lower()
print("yt-dlp", yt_dlp.version.__version__)
print("title:", info["title"], "| description:", info["description"])
print("keys:", ", ".join(sorted(info)))
assert info["title"] == info["description"] == "#peru", "the title is no longer the caption"
assert "dissolved" not in text, "the post's own title is kept"
assert "aigc" not in text and "isad" not in text, "the label is kept"
print("no label, no advertisement flag, no title of the post: as before")
PYTHON
