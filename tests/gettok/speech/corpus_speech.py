"""The demo's videos with speech."""

import json

from gettok.media import MediaFile
from sandbox.corpus import truth


def spoken(language, most=4):
    """Corpus videos with speech in this language, as (file, words)."""
    known = truth.truth()
    videos = json.loads((truth.HERE / "videos.json").read_text("utf-8"))
    pages = [(video["api"]["id"], video["page"]) for video in videos]
    found = [
        (MediaFile.of(truth.media_path(page["media"])), known[video_id].words)
        for video_id, page in pages
        if page["media"] and page["serve"] != "html" and known[video_id].language == language
    ]
    return found[:most]
