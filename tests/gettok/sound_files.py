"""Makes sounds and sound files to test with: numpy and PyAV, no other program."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
RATE = 16_000


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def chords(seconds: float) -> Samples:
    """Three notes at a time, another chord every half second, each dying away: as near to music as it gets."""
    time = np.arange(int(seconds * RATE)) / RATE
    root = 110 * 2 ** (((time // 0.5).astype(int) * 5 % 12) / 12)
    notes = sum(np.sin(2 * np.pi * root * 2 ** (step / 12) * time) for step in (0, 4, 7))
    return (0.2 * notes * np.exp(-4 * (time % 0.5))).astype(np.float32)


def noise(seconds: float) -> Samples:
    return (0.1 * np.random.default_rng(1).normal(size=int(seconds * RATE))).astype(np.float32)


def write(path: Path, samples: Samples, rate: int = RATE, codec: str = "aac", channels: int = 1) -> Path:
    """A file with this sound; the ending of its name decides the container."""
    # an empty track is only written when the index comes before the sound
    flags = "faststart" if samples.size else "frag_keyframe+empty_moov"
    options = {"movflags": flags} if path.suffix in {".mp4", ".m4a", ".mov"} else {}
    with av.open(str(path), "w", options=options) as file:
        stream: Any = file.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo")
        pcm = np.repeat((samples * 32767).astype(np.int16)[:, None], channels, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout=stream.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        file.start_encoding()
        if samples.size:
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def write_channels(path: Path, sound: Samples, layout: str) -> Path:
    """A file with one row of samples a channel, and nothing lost to a codec."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("pcm_s16le", rate=RATE, layout=layout)
        pcm = (sound.T * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def write_picture_only(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            grey = np.full((64, 64, 3), 128, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        file.mux(stream.encode(None))
    return path
