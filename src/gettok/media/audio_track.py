"""Chooses the sound track of a video's media and measures it. Runs in a child process."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from gettok.errors import Unusable
from gettok.media.clock import read_starts
from gettok.media.container import opened, picture_stream, undecodable
from gettok.media.sound_packets import SoundPackets

#: EBU R128 measures blocks of this length; a shorter sound has no loudness.
_BLOCK_S = 0.4
#: The meter's lowest reading.
_SILENCE_LUFS = -70.0
#: A track that is so much quieter than another one is as good as silent.
_FAR_QUIETER_LU = 30.0
_THREADS = 2


@dataclass(frozen=True)
class AudioTrack:
    """The sound tracks as the file's header describes them: how many, which one is taken, and its form."""

    has_audio: bool
    audio_codec: str | None = None
    audio_channels: int | None = None
    sample_rate: int | None = None
    audio_tracks: int = 0
    audio_track: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class AudioFacts:
    """What decoding the whole track has shown; seconds of the file's own time, LUFS to one decimal place."""

    track: AudioTrack
    start: Fraction | None
    """None for an empty track."""
    end: Fraction
    loudness_lufs: float | None
    is_trimmed: bool = False
    """Whether the file says how many samples at its beginning are not heard."""

    @property
    def duration_s(self) -> float:
        return round(float(self.end - (self.start or 0)), 3)

    @staticmethod
    def silent() -> "AudioFacts":
        """The facts of media without an audio track."""
        return AudioFacts(
            AudioTrack(has_audio=False), None, is_trimmed=False, end=Fraction(), loudness_lufs=None
        )


@contextmanager
def opened_sound(path: Path) -> Iterator[Any]:
    """`opened`, for a file whose damage may show while it is read. Raises `Unusable`: undecodable."""
    with opened(path) as container:
        try:
            yield container
        except av.FFmpegError as error:
            raise undecodable(error, path) from error


def audio_track_of(container: Any) -> AudioTrack:
    """The sound of an open file of which no track decodes: neither that nor a missing track is an error here."""
    streams = container.streams.audio
    if not streams:
        return AudioTrack(has_audio=False)
    return _described(container, _default_first(streams, range(len(streams)))[0], is_taken=False)


def taken_sound(container: Any, path: Path) -> int:
    """The number of the sound stream that is taken; which of several it is takes decoding them all.

    That is the default one unless it does not decode, or is silent and another one is not; then the first other one.
    Raises `Unusable`: no_audio, undecodable.
    """
    numbers = _candidates(container)
    number = numbers[0] if len(numbers) == 1 else probe_audio(path).track.audio_track
    assert number is not None
    return number


def sound_stream(container: Any, number: int) -> Any:
    """The sound stream of this number, ready to decode."""
    stream = container.streams.audio[number]
    stream.codec_context.thread_count = _THREADS
    return stream


def clock_zero(path: Path) -> Fraction:
    """The zero of the video's clock in the file's own time. Raises `Unusable`: undecodable."""
    with opened_sound(path) as container:
        try:
            sound = container.streams.audio[taken_sound(container, path)]
        except Unusable:
            sound = None
        return read_starts(path, container, picture_stream(container), sound).zero


def probe_audio(path: Path) -> AudioFacts:
    """Decode each sound track that may be taken, and measure it. Raises `Unusable`: no_audio, undecodable."""
    with opened_sound(path) as container:
        numbers = _candidates(container)
        if len(numbers) == 1:
            return _probed(container, numbers[0])
    return _taken([_probed_or_trouble(path, number) for number in numbers])


def resampled(
    frames: Iterator[Any], sample: str, layout: str, rate: int, size: int | None = None
) -> Iterator[Any]:
    """The frames, which follow each other without a gap, in one format, and of `size` samples but the last."""
    resampler = av.AudioResampler(format=sample, layout=layout, rate=rate, frame_size=size)
    for frame in frames:
        frame.pts = None  # the resampler refuses the jumps that real files have
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def form_of(frame: Any) -> tuple[str, str, int]:
    """What a track may change midway: sample format, layout and rate."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def _candidates(container: Any) -> list[int]:
    """The numbers of the sound streams that have a decoder, the default one first."""
    streams = container.streams.audio
    if not streams:
        raise Unusable("no_audio", "the file has no sound track")
    numbers = [number for number, stream in enumerate(streams) if _has_decoder(stream)]
    if not numbers:
        raise Unusable("undecodable", "no decoder for its sound")
    return _default_first(streams, numbers)


def _has_decoder(stream: Any) -> bool:
    codec = stream.codec_context
    return codec is not None and codec.sample_rate > 0 and codec.layout.nb_channels > 0


def _default_first(streams: Sequence[Any], numbers: Sequence[int]) -> list[int]:
    """Several tracks may be marked as the default one; the first of them is."""
    default = next((number for number in numbers if streams[number].disposition & Disposition.default), None)
    return sorted(numbers, key=lambda number: (number != default, number))


def _taken(tracks: Sequence[AudioFacts | Unusable]) -> AudioFacts:
    """The first track that is not far quieter than the loudest one."""
    whole = [track for track in tracks if isinstance(track, AudioFacts)]
    if not whole:
        assert isinstance(tracks[0], Unusable)
        raise tracks[0]
    loudest = max(_level(track) for track in whole)
    return next(track for track in whole if _level(track) >= loudest - _FAR_QUIETER_LU)


def _level(track: AudioFacts) -> float:
    """An empty track is less than a silent one."""
    if track.start is None:
        return -math.inf
    return _SILENCE_LUFS if track.loudness_lufs is None else max(track.loudness_lufs, _SILENCE_LUFS)


def _probed_or_trouble(path: Path, number: int) -> AudioFacts | Unusable:
    try:
        with opened_sound(path) as container:
            return _probed(container, number)
    except Unusable as trouble:
        return trouble


def _probed(container: Any, number: int) -> AudioFacts:
    stream = sound_stream(container, number)
    packets = SoundPackets(container, stream)
    samples, loudness = _measured(
        (frame for frame in packets.decoded() if frame is not None), stream.codec_context
    )
    packets.check_complete()
    is_measured = loudness is not None and samples / stream.codec_context.sample_rate >= _BLOCK_S
    return AudioFacts(
        _described(container, number, is_taken=True),
        packets.start,
        packets.end,
        round(loudness, 1) if loudness is not None and is_measured else None,
        packets.is_trimmed,
    )


def _described(container: Any, number: int, *, is_taken: bool) -> AudioTrack:
    codec, count = container.streams.audio[number].codec_context, len(container.streams.audio)
    taken = number if is_taken else None
    if codec is None:
        return AudioTrack(has_audio=True, audio_tracks=count, audio_track=taken)
    return AudioTrack(
        has_audio=True,
        audio_codec=codec.codec.canonical_name,
        audio_channels=codec.layout.nb_channels or None,
        sample_rate=codec.sample_rate or None,
        audio_tracks=count,
        audio_track=taken,
    )


def _measured(frames: Iterator[Any], codec: Any) -> tuple[int, float | None]:
    """The number of samples, and their integrated loudness in LUFS by FFmpeg's EBU R128 meter."""
    rate, layout = codec.sample_rate, codec.layout.name
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="dbl", sample_rate=rate, layout=layout, time_base=Fraction(1, rate))
    graph.link_nodes(source, graph.add("ebur128", "metadata=1"), graph.add("abuffersink")).configure()
    samples, loudness = 0, None
    for _, run in groupby(frames, form_of):
        for frame in resampled(run, "dbl", layout, rate):
            samples += frame.samples
            graph.push(_clipped(frame))
            for measured in _pulled(graph):
                loudness = measured.metadata["lavfi.r128.I"]
    return samples, None if loudness is None else float(loudness)


def _clipped(frame: Any) -> Any:
    """As it is played: samples in floating point may be beyond ±1, or no number at all, and the meter takes them so."""
    heard = np.clip(np.nan_to_num(frame.to_ndarray()), -1, 1)
    clipped = av.AudioFrame.from_ndarray(heard, format="dbl", layout=frame.layout)
    clipped.sample_rate = frame.sample_rate
    return clipped


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
