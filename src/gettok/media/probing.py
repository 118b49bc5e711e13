"""Finds the facts of a video's media, with every decoder in a child process."""

from dataclasses import replace
from pathlib import Path

from gettok.errors import Unusable
from gettok.media.facts import MediaFacts
from gettok.media.file import MediaFile
from gettok.media.photos import look
from gettok.media.subprocess_decode import confined
from gettok.media.track import Heard, listen
from gettok.media.video import watch


def probe(path: Path) -> MediaFacts:
    """Facts of a file, or of the folder of a slideshow, all of it decoded.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large. Damage in the sound of a video is no failure:
    it leaves the loudness empty.
    """
    path = path.absolute()  # the child works in another folder, if we have changed ours
    if path.is_dir():
        return _slideshow(MediaFile(str(path), ""))
    facts = confined(watch, path)
    return replace(facts, loudness_lufs=_loudness(path)) if facts.has_audio else facts


def _loudness(path: Path) -> float | None:
    """In a call of its own, since a crash or a hang of the sound's decoder must not take the pictures with it.

    None for a sound that does not decode, or not within the limits.
    """
    try:
        return confined(listen, path).loudness_lufs
    except Unusable:
        return None


def _slideshow(media: MediaFile) -> MediaFacts:
    if not media.photos:
        raise Unusable("not_a_video", "a folder without a photo")
    width, height = confined(look, media.photos)
    heard = Heard.nothing() if media.sound is None else confined(listen, media.sound)
    size = sum(path.stat().st_size for path in (*media.photos, media.sound) if path)
    return MediaFacts(
        kind="slideshow",
        duration_s=heard.duration_s,
        frame_count=len(media.photos),
        frame_rate=None,
        is_constant_rate=None,
        bit_rate=round(8 * size / heard.duration_s) if heard.duration_s else None,
        width=width,
        height=height,
        rotation=0,
        video_codec=None,
        loudness_lufs=heard.loudness_lufs,
        **heard.track.facts,
    )
