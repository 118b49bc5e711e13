"""Reads the facts of a video's media; every decoder runs in a child process."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from gettok.errors import RETRYABLE, Unusable
from gettok.media.audio_track import AudioFacts, clock_zero, probe_audio
from gettok.media.clock import Starts
from gettok.media.container import check_length
from gettok.media.file import MediaFacts, MediaFile
from gettok.media.formats import format_of
from gettok.media.photos import probe_photos
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.media.video import VideoFacts, probe_video

#: A sound for one of these reasons never starts a clock, on any machine: the pictures alone do.
_WITHOUT_CLOCK = frozenset(("undecodable", "no_audio"))


def probe(path: Path) -> MediaFacts:
    """Facts of a file or of a slideshow's folder, all of which is decoded.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large. Damage in the sound of a video is not an error:
    the loudness is then empty.
    """
    path = path.absolute()  # the child's working folder differs from ours if we have changed ours
    if path.is_dir():
        return _slideshow(MediaFile(str(path), ""))
    video = run_in_subprocess(probe_video, path)
    if not video.media.has_audio:
        return video.media
    sound = _sound(path)
    if sound is None:
        return _lasting(video, video.end, read_zero(path), path)
    starts = Starts(video.start, sound.start, video.has_edits or sound.is_trimmed)
    media = replace(video.media, loudness_lufs=sound.loudness_lufs, **sound.track.facts)
    return _lasting(replace(video, media=media), max(video.end, sound.end), starts.zero, path)


def read_zero(path: Path) -> Fraction | None:
    """The zero of the video's clock in the file's own time; None if only the pictures start it.

    In a separate call: it may decode sound, and a decoder of sound that crashes must not cost the pictures. A limit of
    this machine (`too_large`) is raised: the times must not depend on how fast it is.
    """
    try:
        return run_in_subprocess(clock_zero, path)
    except Unusable as trouble:
        if trouble.reason not in _WITHOUT_CLOCK:
            raise
        return None


def _sound(path: Path) -> AudioFacts | None:
    """In a separate call, since a crash of the sound's decoder must not fail the pictures.

    None for a sound that does not decode. Raises `Unusable`: too_large.
    """
    try:
        return run_in_subprocess(probe_audio, path)
    except Unusable as error:
        if error.reason in RETRYABLE:
            raise
        return None


def _lasting(video: VideoFacts, end: Fraction, zero: Fraction | None, path: Path) -> MediaFacts:
    """The duration is the time from the clock's zero to the end of the longer track."""
    length = end - (video.start if zero is None else zero)
    size = path.stat().st_size
    return replace(
        video.media,
        duration_s=round(float(length), 3),
        bit_rate=round(8 * size / length) if length else None,
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
        is_mirrored=False,
        pixel_aspect_ratio=None,
        color_primaries=None,
        color_transfer=None,
        color_space=None,
        color_range=None,
        video_codec=None,
        video_tracks=0,
        video_track=None,
        container=None,
        loudness_lufs=audio.loudness_lufs,
        **audio.track.facts,
    )
