"""Makes videos with tracks that begin when they like, skip time, or are several: PyAV, no other program."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import media_files
import numpy as np
import numpy.typing as npt
from av.stream import Disposition

Wave = npt.NDArray[np.float32]
RATE = 48_000
_SIZE = (192, 128)
_SOUND_CODECS = {".webm": "libopus"}
_PICTURE_CODECS = {".webm": "libvpx"}
#: With several threads, VP8 takes seconds.
_FAST = {"libvpx": {"threads": "1", "deadline": "realtime", "cpu-used": "8"}}
#: The bytes of each film that was made, by what it was made from.
_MADE: dict[bytes, bytes] = {}


@dataclass(frozen=True)
class Sound:
    """A track: one row of samples a channel, when it starts, and what is wrong with its times."""

    wave: Wave
    layout: str = "mono"
    start_s: float = 0.0
    skipped: Sequence[tuple[float, float]] = ()
    """The stretches whose packets are missing."""
    late: tuple[float, float] | None = None
    """From when on its times are how much too late."""
    is_default: bool = True


def bursts(*times: float, seconds: float = 4.0) -> Wave:
    """A tenth of a second of 1 kHz at each of these times, and silence between."""
    at = np.arange(int(seconds * RATE)) / RATE
    loud = sum(((time <= at) & (at < time + 0.1)).astype(np.float32) for time in times)
    return (0.5 * loud * np.sin(2 * np.pi * 1000 * at)).astype(np.float32)[None]


def film(path: Path, *sounds: Sound, **changes: Any) -> Path:
    """A video at 30 pictures a second in the container that the name's ending says; each is encoded once."""
    key = pickle.dumps((path.suffix, sounds, sorted(changes.items())))
    if key in _MADE:
        path.write_bytes(_MADE[key])
    else:
        _MADE[key] = _encoded(path, *sounds, **changes).read_bytes()
    return path


@media_files.usual_priority()
def _encoded(
    path: Path,
    *sounds: Sound,
    frames: int = 90,
    pictures_from_s: float = 0.0,
    codec: str | None = None,
    sound_codec: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    codec = codec or _PICTURE_CODECS.get(path.suffix, "libx264")
    with av.open(str(path), "w", options=options or {}) as file:
        pictures: Any = file.add_stream(codec, rate=30, options=_FAST.get(codec, {}))
        pictures.width, pictures.height, pictures.pix_fmt = *_SIZE, "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 30)
        tracks = [
            _added(file, sound, sound_codec or _SOUND_CODECS.get(path.suffix, "aac")) for sound in sounds
        ]
        file.start_encoding()
        packets = _pictures(pictures, frames, round(pictures_from_s * 30))
        for track, sound in zip(tracks, sounds, strict=True):
            packets += _sound(track, sound)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            file.mux(packet)
    return path


def _added(file: Any, sound: Sound, codec: str) -> Any:
    track = file.add_stream(codec, rate=RATE, layout=sound.layout)
    track.disposition = Disposition.default if sound.is_default else Disposition(0)
    return track


def _pictures(stream: Any, frames: int, first: int) -> list[Any]:
    packets = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(media_files.picture(number, *_SIZE), format="rgb24")
        frame.pts, frame.time_base = first + number, Fraction(1, 30)
        packets += stream.encode(frame)
    return [*packets, *stream.encode()]


def _sound(stream: Any, sound: Sound) -> list[Any]:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.wave), "fltp", sound.layout)
    frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), round(sound.start_s * RATE)
    packets = [*stream.encode(frame), *stream.encode()]
    if sound.late is not None:
        for packet in packets:
            if float(packet.pts * packet.time_base) >= sound.late[0]:
                packet.pts = packet.dts = packet.pts + round(sound.late[1] * RATE)
    return [packet for packet in packets if not _is_skipped(packet, sound)]


def _is_skipped(packet: Any, sound: Sound) -> bool:
    return any(start <= float(packet.pts * packet.time_base) < end for start, end in sound.skipped)
