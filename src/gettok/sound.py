"""The sound of a media file, as speech recognition wants it: one channel, 16,000 samples a second."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from gettok.errors import Unusable

Sound = npt.NDArray[np.float32]

RATE_HZ = 16_000
_FULL_SCALE = np.float32(32_768)
_FLOOR_DB = -120.0
_LOST_S = 1.0


def decode(path: Path | str, max_s: float) -> Sound:
    """Decode the first sound track of an MP4 file; samples lie between -1 and 1.

    Raises `Unusable`: `no_audio`, `undecodable`, or `too_large` for more than `max_s` seconds. A damaged
    packet is passed over as every player does, until more than a second is missing.
    """
    if not Path(path).stat().st_size:
        raise Unusable("undecodable", "the file is empty")
    # a file object and a named container: a playlist called .mp4 cannot make libav open other files
    with Path(path).open("rb") as file:
        try:
            with av.open(file, format="mov", metadata_errors="replace") as container:
                return _mono(container, max_s)
        except av.FFmpegError as error:
            raise Unusable("undecodable", f"the file: {error.strerror}") from error


def _mono(container: av.container.InputContainer, max_s: float) -> Sound:
    stream = container.streams.best("audio")
    if stream is None:
        raise Unusable("no_audio", "the file has no sound track")
    declared_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
    pieces = _up_to(max_s, _resampled(_frames(container, stream)))
    sound = np.concatenate([np.zeros(0, np.int16), *pieces]).astype(np.float32) / _FULL_SCALE
    if declared_s - seconds(sound) > _LOST_S:
        raise Unusable("undecodable", f"{seconds(sound):.1f} of {declared_s:.1f} s of sound decode")
    if not sound.size:
        raise Unusable("no_audio", "the sound track is empty")
    return sound


def _frames(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:  # decoders have many names for it: AAC's is EPERM
            continue


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[npt.NDArray[np.int16]]:
    """One resampler for each run of frames of one form: a track may change its rate midway."""
    for _, run in groupby(frames, lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)):
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        for frame in run:
            frame.pts = None  # the resampler refuses the jumps that real files have
            yield from (made.to_ndarray()[0] for made in resampler.resample(frame))
        yield from (made.to_ndarray()[0] for made in resampler.resample(None))


def _up_to(max_s: float, pieces: Iterator[npt.NDArray[np.int16]]) -> Iterator[npt.NDArray[np.int16]]:
    samples = 0
    for piece in pieces:
        samples += piece.size
        if samples > max_s * RATE_HZ:
            raise Unusable("too_large", f"its sound is longer than {max_s:g} s")
        yield piece


def seconds(sound: Sound) -> float:
    return sound.size / RATE_HZ


def loudness_db(sound: Sound) -> float:
    """Root mean square against full scale, in dB; digital silence and no sound at all are -120."""
    if not sound.size:
        return _FLOOR_DB
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return max(10 * np.log10(power), _FLOOR_DB) if power else _FLOOR_DB
