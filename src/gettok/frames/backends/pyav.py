"""Decodes pictures by their time with PyAV, only from the key frame before each picture to the picture itself.

A file whose times do not lead to one packet each is decoded once from its beginning (see `Timetable.may_seek`).

Segments of the file are decoded in parallel by decoders of one thread each; a single segment by a decoder of two. The
number of decoders cannot change a picture, while the number of a decoder's threads can if the file is damaged.
"""

from bisect import bisect_left
from collections import Counter, deque
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

from gettok.engine.cores import cores
from gettok.errors import Unusable
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable
from gettok.media.container import decoded_frames, opened, undecodable, video_stream
from gettok.media.display import Display

_MAX_KEYS = 4
_MAX_CONCURRENCY = 4
#: Pixels above which one decoder takes a gigabyte of memory, and two take too much.
_LARGE = 4096 * 2304
_BATCH = 16
#: Pictures that may come before one with an earlier time.
_MAX_EARLY = 64


@dataclass(frozen=True)
class _Segment:
    """Pictures that are decoded from one key frame: index and time of each, and the key frames before that."""

    keys: tuple[int, ...]
    pictures: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Decoder:
    """A file that is open for decoding, one segment at a time."""

    path: Path
    file: Any
    stream: Any
    display: Display
    encoder: Encoder
    scaler: VideoReformatter
    skips: bool
    """Whether pictures that no other picture needs are skipped."""

    def decode(self, segment: _Segment) -> Iterator[Jpeg]:
        """The pictures in order; from an earlier key frame where the nearest does not give the next picture."""
        due = deque(segment.pictures)
        try:
            for key in segment.keys:
                yield from self._from_key(key, due)
                if not due:
                    return
        except av.FFmpegError as error:
            raise undecodable(error, self.path) from error
        raise Unusable("undecodable", "one of its pictures does not decode")

    def _from_key(self, key: int, due: deque[tuple[int, int]]) -> Iterator[Jpeg]:
        """Removes each decoded picture from `due`; ends early if one is missing or damaged."""
        codec, wanted = self.stream.codec_context, {time for _, time in due}
        self.file.seek(key, stream=self.stream, backward=True)
        for packet in self.file.demux(self.stream):
            codec.skip_frame = "NONREF" if self.skips and packet.pts not in wanted else "DEFAULT"
            wanted.discard(packet.pts)
            # after the last picture's packet the decoder is flushed, and nothing more is read
            for frame in [*packet.decode(), *(() if wanted else codec.decode(None))]:
                index, time = due[0]
                if frame.pts == time and not frame.is_corrupt:
                    yield self.encoder.of_frame(index, frame, self.display, self.scaler)
                    due.popleft()
                elif frame.pts is not None and frame.pts >= time:
                    return
                if not due:
                    return
            if not wanted:
                return

    def from_start(self, times: Sequence[int], indices: Sequence[int]) -> Iterator[Jpeg]:
        """The pictures with these indices in order; nothing of the file has been read yet.

        FFmpeg gives the first pictures of an edit the same times as the last ones of the edit before.
        """
        due, wanted, seen, early = deque(indices), set(indices), Counter[int](), dict[int, Jpeg]()
        for frame in decoded_frames(self.file.demux(self.stream)):
            index = bisect_left(times, frame.pts or 0) + seen[frame.pts]
            seen[frame.pts] += 1
            if index in wanted and times[index] == frame.pts and not frame.is_corrupt:
                early[index] = self.encoder.of_frame(index, frame, self.display, self.scaler)
            while due and due[0] in early:
                yield early.pop(due.popleft())
            if not due or len(early) > _MAX_EARLY:
                break
        if due:
            raise Unusable("undecodable", "one of its pictures does not decode")


def decode(path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder) -> Iterator[Jpeg]:
    """The pictures in the order of the indices. Raises `Unusable` if one does not decode."""
    if not timetable.may_seek:
        with _decoder(path, encoder, 2, skips=False) as decoder:
            yield from decoder.from_start(timetable.times, indices)
        return
    segments = list(_segments(timetable, indices))
    is_large = timetable.pixels > _LARGE
    concurrency = 1 if is_large else min(len(segments), cores(), _MAX_CONCURRENCY)
    threads = 2 if len(segments) == 1 and not is_large else 1
    with ExitStack() as files:
        decoders = [
            files.enter_context(_decoder(path, encoder, threads, skips=timetable.may_skip))
            for _ in range(concurrency)
        ]
        if concurrency > 1:
            yield from _in_parallel(decoders, segments)
            return
        for segment in segments:
            yield from decoders[0].decode(segment)


@contextmanager
def _decoder(path: Path, encoder: Encoder, threads: int, *, skips: bool) -> Iterator[_Decoder]:
    with opened(path) as file:
        stream = video_stream(file)
        stream.codec_context.thread_type, stream.codec_context.thread_count = "FRAME", threads
        yield _Decoder(path, file, stream, Display.of(stream), encoder, VideoReformatter(), skips)


def _in_parallel(decoders: Sequence[_Decoder], segments: Sequence[_Segment]) -> Iterator[Jpeg]:
    """In batches, which bound the memory. A batch's longest segments come first, so that all end at about one time."""
    idle: SimpleQueue[_Decoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def decoded(segment: _Segment) -> list[Jpeg]:
        decoder = idle.get()
        try:
            return list(decoder.decode(segment))
        finally:
            idle.put(decoder)

    with ThreadPoolExecutor(len(decoders)) as pool:
        for start in range(0, len(segments), _BATCH):
            batch = segments[start : start + _BATCH]
            futures = {s: pool.submit(decoded, s) for s in sorted(batch, key=_length, reverse=True)}
            try:
                for segment in batch:
                    yield from futures[segment].result()
            finally:
                for future in futures.values():
                    future.cancel()


def _length(segment: _Segment) -> int:
    return segment.pictures[-1][1] - max(segment.keys, default=0)


def _segments(timetable: Timetable, indices: Sequence[int]) -> Iterator[_Segment]:
    pictures = [(index, timetable.times[index]) for index in indices]
    back = timetable.keys_before({time for _, time in pictures})
    keys = {time: tuple(islice(each, _MAX_KEYS)) for time, each in back.items()}
    for near, run in groupby(pictures, key=lambda picture: keys[picture[1]]):
        yield _Segment(near, tuple(run))
