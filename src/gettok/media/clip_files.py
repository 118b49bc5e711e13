"""The bytes of clips: a video as MP4 and a sound as WAV, made from media that are whole."""

import io
import tempfile
import wave
from pathlib import Path

from gettok.media.audio import decode_beginning
from gettok.media.clip import ClipShape
from gettok.media.clip_encoding import write_clip
from gettok.media.file import MediaFile
from gettok.media.probing import read_zero
from gettok.media.recording import RATE_HZ, Recording
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.store.disk_space import full_disk_as_no_space


def wav(recording: Recording) -> bytes:
    """A recording as a WAV file of 16-bit samples."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(recording.samples.astype("<i2").tobytes())
    return buffer.getvalue()


def sound_file(media: MediaFile, seconds: float) -> bytes:
    """So many seconds of the sound, as WAV. Raises `Unusable`, and as `MediaFile.check`."""
    media.check()
    return wav(_recording(media, seconds))


def video_file(media: MediaFile, shape: ClipShape, sound_s: float | None) -> bytes:
    """The video as MP4, with so many seconds of its sound, if any. Raises `Unusable`, and as `MediaFile.check`."""
    media.check()
    path = Path(media.path).absolute()
    samples = None if sound_s is None else _recording(media, sound_s).samples
    with (
        full_disk_as_no_space(Path(tempfile.gettempdir())),
        tempfile.NamedTemporaryFile(suffix=".mp4") as file,
    ):
        run_in_subprocess(write_clip, path, Path(file.name), shape, read_zero(path), samples)
        return Path(file.name).read_bytes()


def _recording(media: MediaFile, seconds: float) -> Recording:
    assert media.sound is not None, "the table of media says that there is a sound"
    return decode_beginning(media.sound, seconds)
