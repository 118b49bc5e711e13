"""Decodes the audio track of a video's media and measures it. Runs in a child process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.container import decoded_frames, opened, undecodable

#: A second may be missing: players skip damaged packets too.
_MAX_LOST_S = 1.0
#: EBU R128 measures blocks of this length; a shorter sound has no loudness.
_BLOCK_S = 0.4
_THREADS = 2


@dataclass(frozen=True)
class AudioTrack:
    """The audio track as its header describes it."""

    has_audio: bool
    audio_codec: str | None = None
    audio_channels: int | None = None
    sample_rate: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class AudioFacts:
    """What decoding the whole track has shown; seconds to the millisecond, LUFS to one decimal place."""

    track: AudioTrack
    duration_s: float
    loudness_lufs: float | None

    @staticmethod
    def silent() -> "AudioFacts":
        """The facts of media without an audio track."""
        return AudioFacts(AudioTrack(has_audio=False), 0.0, None)


@contextmanager
def opened_sound(path: Path) -> Iterator[Any]:
    """`opened`, for a file whose damage may show while it is read. Raises `Unusable`: undecodable."""
    with opened(path) as container:
        try:
            yield container
        except av.FFmpegError as error:
            raise undecodable(error) from error


def audio_track_of(container: Any) -> AudioTrack:
    """The audio track of an open file. Neither a missing track nor an unknown codec is an error."""
    if not container.streams.audio:
        return AudioTrack(has_audio=False)
    codec = container.streams.audio[0].codec_context
    if codec is None:
        return AudioTrack(has_audio=True)
    return AudioTrack(
        has_audio=True,
        audio_codec=codec.codec.canonical_name,
        audio_channels=codec.layout.nb_channels or None,
        sample_rate=codec.sample_rate or None,
    )


def audio_stream(container: Any) -> Any:
    """The first audio stream, ready to decode. Raises `Unusable`: no_audio, undecodable."""
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise Unusable("no_audio", "the file has no sound track")
    codec = stream.codec_context
    if codec is None or not codec.sample_rate or not codec.layout.nb_channels:
        raise Unusable("undecodable", "no decoder for its sound")
    codec.thread_count = _THREADS
    return stream


def resampled(frames: Iterator[Any], sample: str, layout: str, rate: int) -> Iterator[Any]:
    """The frames in one format. Each run of frames gets its own resampler: a track may change its rate midway."""
    for _, run in groupby(frames, lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)):
        resampler = av.AudioResampler(format=sample, layout=layout, rate=rate)
        for frame in run:
            frame.pts = None  # the resampler refuses the jumps that real files have
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def check_complete(container: Any, stream: Any, decoded_s: float) -> None:
    """Raises `Unusable` if more than a second of the declared duration is missing; MP3 only estimates its duration."""
    declared_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
    if container.format.name != "mp3" and declared_s - decoded_s > _MAX_LOST_S:
        raise Unusable("undecodable", f"{decoded_s:.1f} of {declared_s:.1f} s of sound decode")


def probe_audio(path: Path) -> AudioFacts:
    """Decode the whole audio track and measure it. Raises `Unusable`: no_audio, undecodable."""
    with opened_sound(path) as container:
        stream = audio_stream(container)
        rate, layout = stream.codec_context.sample_rate, stream.codec_context.layout.name
        samples, loudness = _measured(
            resampled(decoded_frames(container.demux(stream)), "dbl", layout, rate), layout, rate
        )
        check_complete(container, stream, samples / rate)
        return AudioFacts(
            audio_track_of(container),
            round(samples / rate, 3),
            round(loudness, 1) if loudness is not None and samples / rate >= _BLOCK_S else None,
        )


def _measured(frames: Iterator[Any], layout: str, rate: int) -> tuple[int, float | None]:
    """The number of samples, and their integrated loudness in LUFS by FFmpeg's EBU R128 meter."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="dbl", sample_rate=rate, layout=layout, time_base=Fraction(1, rate))
    graph.link_nodes(source, graph.add("ebur128", "metadata=1"), graph.add("abuffersink")).configure()
    samples, loudness = 0, None
    for frame in frames:
        samples += frame.samples
        frame.pts = None
        graph.push(frame)
        for measured in _pulled(graph):
            loudness = measured.metadata["lavfi.r128.I"]
    return samples, None if loudness is None else float(loudness)


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
