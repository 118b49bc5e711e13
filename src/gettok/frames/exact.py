"""Takes pictures by their time through PyAV, decoding only from the key frame before each to the picture itself.

Stretches of the file are decoded beside each other, each by a decoder of one thread, a lone stretch by one of two: how
many run at once cannot change a picture, while the number of one decoder's threads can, where a file is damaged.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from gettok.errors import Unusable
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable
from gettok.media.container import opened, pictures_of, undecodable

_KEYS_BACK = 4
_MOST_AT_ONCE = 4
#: Pixels beyond which one decoder takes a gigabyte, and two of them too much.
_LARGE = 4096 * 2304
_IN_ONE_GO = 16


@dataclass(frozen=True)
class _Stretch:
    """Pictures that are decoded from one key frame: index and time of each, and key frames further back."""

    keys: tuple[int, ...]
    pictures: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Decoder:
    """A file that is open for decoding; for one stretch at a time."""

    file: Any
    stream: Any
    encoder: Encoder
    scaler: VideoReformatter
    skips: bool
    """Whether pictures that no other needs are passed over."""

    def each_of(self, stretch: _Stretch) -> Iterator[Jpeg]:
        """In order; from a key frame further back where the nearest does not give the next picture."""
        due = deque(stretch.pictures)
        try:
            for key in stretch.keys:
                yield from self._from_key(key, due)
                if not due:
                    return
        except av.FFmpegError as error:
            raise undecodable(error) from error
        raise Unusable("undecodable", "one of its pictures does not decode")

    def _from_key(self, key: int, due: deque[tuple[int, int]]) -> Iterator[Jpeg]:
        """Takes from `due` what it gives, and ends early where a picture is missing or damaged."""
        codec, wanted = self.stream.codec_context, {time for _, time in due}
        self.file.seek(key, stream=self.stream, backward=True)
        for packet in self.file.demux(self.stream):
            codec.skip_frame = "NONREF" if self.skips and packet.pts not in wanted else "DEFAULT"
            wanted.discard(packet.pts)
            # after the last one's packet the decoder is emptied, and nothing further is read
            for frame in [*packet.decode(), *(() if wanted else codec.decode(None))]:
                index, time = due[0]
                if frame.pts == time and not frame.is_corrupt:
                    yield self.encoder.of_frame(index, frame, self.scaler)
                    due.popleft()
                elif frame.pts is not None and frame.pts >= time:
                    return
                if not due:
                    return
            if not wanted:
                return


def take(path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder) -> Iterator[Jpeg]:
    """The pictures in the order of the indices. Raises `Unusable` where one does not decode."""
    stretches = list(_stretches(timetable, indices))
    is_large = timetable.pixels > _LARGE
    at_once = 1 if is_large else min(len(stretches), os.cpu_count() or 1, _MOST_AT_ONCE)
    threads = 2 if len(stretches) == 1 and not is_large else 1
    with ExitStack() as files:
        decoders = [
            files.enter_context(_decoder(path, encoder, threads, skips=timetable.may_skip))
            for _ in range(at_once)
        ]
        if at_once > 1:
            yield from _side_by_side(decoders, stretches)
            return
        for stretch in stretches:
            yield from decoders[0].each_of(stretch)


@contextmanager
def _decoder(path: Path, encoder: Encoder, threads: int, *, skips: bool) -> Iterator[_Decoder]:
    with opened(path) as file:
        stream = pictures_of(file)
        stream.codec_context.thread_type, stream.codec_context.thread_count = "FRAME", threads
        yield _Decoder(file, stream, encoder, VideoReformatter(), skips)


def _side_by_side(decoders: Sequence[_Decoder], stretches: Sequence[_Stretch]) -> Iterator[Jpeg]:
    """The longest first, so that all are done at about the same time, but few enough that little waits."""
    idle: SimpleQueue[_Decoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def decoded(stretch: _Stretch) -> list[Jpeg]:
        decoder = idle.get()
        try:
            return list(decoder.each_of(stretch))
        finally:
            idle.put(decoder)

    with ThreadPoolExecutor(len(decoders)) as pool:
        for start in range(0, len(stretches), _IN_ONE_GO):
            some = stretches[start : start + _IN_ONE_GO]
            flying = {s: pool.submit(decoded, s) for s in sorted(some, key=_length, reverse=True)}
            try:
                for stretch in some:
                    yield from flying[stretch].result()
            finally:
                for future in flying.values():
                    future.cancel()


def _length(stretch: _Stretch) -> int:
    return stretch.pictures[-1][1] - max(stretch.keys, default=0)


def _stretches(timetable: Timetable, indices: Sequence[int]) -> Iterator[_Stretch]:
    pictures = [(index, timetable.times[index]) for index in indices]
    back = timetable.keys_before({time for _, time in pictures})
    keys = {time: tuple(islice(each, _KEYS_BACK)) for time, each in back.items()}
    for near, run in groupby(pictures, key=lambda picture: keys[picture[1]]):
        yield _Stretch(near, tuple(run))
