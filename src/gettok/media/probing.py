"""Reads the facts of a video's media; every decoder runs in a child process."""

from dataclasses import replace
from pathlib import Path

from gettok.errors import Unusable
from gettok.media.audio_track import AudioFacts, probe_audio
from gettok.media.clock import Starts
from gettok.media.container import check_length
from gettok.media.file import MediaFacts, MediaFile
from gettok.media.formats import format_of
from gettok.media.photos import probe_photos
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.media.video import VideoFacts, probe_video


def probe(path: Path) -> MediaFacts:
    """Facts of a file or of a slideshow's folder, all of which is decoded.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large. Damage in the sound of a video is not an error:
    the loudness is then empty.
    """
    path = path.absolute()  # the child's working folder differs from ours if we have changed ours
    if path.is_dir():
        return _slideshow(MediaFile(str(path), ""))
    video = run_in_subprocess(probe_video, path)
    sound = _sound(path) if video.media.has_audio else None
    return video.media if sound is None else _with_sound(video, sound, path.stat().st_size)


def _sound(path: Path) -> AudioFacts | None:
    """In a separate call, since a crash or a hang of the sound's decoder must not fail the pictures.

    None for a sound that does not decode within the limits.
    """
    try:
        return run_in_subprocess(probe_audio, path)
    except Unusable:
        return None


def _with_sound(video: VideoFacts, sound: AudioFacts, size: int) -> MediaFacts:
    """The duration is the time from the clock's zero to the end of the longer track."""
    length = max(video.end, sound.end) - Starts(video.start, sound.start).zero
    return replace(
        video.media,
        duration_s=round(float(length), 3),
        bit_rate=round(8 * size / length) if length else None,
        loudness_lufs=sound.loudness_lufs,
        **sound.track.facts,
    )


def probe_whole_sound(path: Path) -> AudioFacts:
    """`probe_audio` of a file that has nothing but a sound. Raises `Unusable`: truncated, no_audio, undecodable."""
    check_length(path, format_of(path))
    return probe_audio(path)


def _slideshow(media: MediaFile) -> MediaFacts:
    if not media.photos:
        raise Unusable("not_a_video", "a folder without a photo")
    width, height = run_in_subprocess(probe_photos, media.photos)
    audio = AudioFacts.silent() if media.sound is None else run_in_subprocess(probe_whole_sound, media.sound)
    size = sum(path.stat().st_size for path in (*media.photos, media.sound) if path)
    return MediaFacts(
        kind="slideshow",
        duration_s=audio.duration_s,
        frame_count=len(media.photos),
        frame_rate=None,
        is_constant_rate=None,
        bit_rate=round(8 * size / audio.duration_s) if audio.duration_s else None,
        width=width,
        height=height,
        rotation=0,
        video_codec=None,
        video_tracks=0,
        video_track=None,
        container=None,
        loudness_lufs=audio.loudness_lufs,
        **audio.track.facts,
    )
