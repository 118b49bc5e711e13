"""Encodes a video anew, as a player shows it and at a constant rate. Runs in a child process."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

from gettok.errors import Unusable
from gettok.media.clip import ClipShape
from gettok.media.container import decoded_frames, opened, undecodable, video_stream
from gettok.media.display import Display, Orientation
from gettok.media.recording import RATE_HZ, Samples
from gettok.media.srgb import to_srgb

#: Of one thread, so that the bytes do not depend on the machine's cores; without pictures that are stored out of order.
_H264 = {"preset": "veryfast", "crf": "23", "g": "30", "bf": "0", "threads": "1"}
#: Neither a date nor the name of the program; the index comes first, as hosts may read a stream.
_MP4 = {"fflags": "+bitexact", "movflags": "+faststart"}
#: The numbers of BT.709 and of limited range (ITU-T H.273), in which the pictures are coded.
_BT709, _LIMITED = 1, 1
_EXACT = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_FRAME_SAMPLES = 1024


def write_clip(
    path: Path, to: Path, shape: ClipShape, zero: Fraction | None, samples: Samples | None
) -> None:
    """Write the video at `path` as MP4, as `write_mp4`.

    `zero` is the zero of the video's clock in the file's own time, the first picture unless it is given.
    Raises `Unusable`: not_a_video, undecodable, too_large.
    """
    with opened(path) as file:
        stream = video_stream(file)
        display = Display.of(stream)
        try:
            write_mp4(to, _upright(_frames(file, stream), display, shape, zero), shape.fps, samples)
        except av.FFmpegError as error:
            raise undecodable(error, path) from error


def write_mp4(to: Path, images: Iterator[Image.Image], fps: Fraction, samples: Samples | None) -> None:
    """Write images of one size, which is even, with `samples` of 16 kHz and one channel as their sound, if any."""
    first = next(images)
    with av.open(str(to), "w", format="mp4", options=_MP4) as file:
        pictures = _picture_stream(file, first.size, fps)
        sound: Any = None if samples is None else _sound_stream(file)
        for number, frame in enumerate(_coded(chain([first], images))):
            frame.pts, frame.time_base = number, 1 / fps
            file.mux(pictures.encode(frame))
        file.mux(pictures.encode())
        if samples is not None:
            for frame in _sound_frames(samples):
                file.mux(sound.encode(frame))
            file.mux(sound.encode())


def _frames(file: Any, stream: Any) -> Iterator[Any]:
    return (frame for frame in decoded_frames(file.demux(stream)) if frame.pts is not None)


def _upright(
    frames: Iterator[Any], display: Display, shape: ClipShape, zero: Fraction | None
) -> Iterator[Image.Image]:
    """The picture on screen at each moment of the clip, in sRGB."""
    scaler, shown, image = VideoReformatter(), None, None
    for frame in _on_screen(frames, shape, zero):
        if frame is not shown:
            size = _fitted(*display.size(frame), shape.max_side)
            scaled = Orientation.of(frame).upright(to_srgb(frame, display.colour_of(frame), size, scaler))
            # pictures may change their size midway, and a clip has one
            image = scaled if image is None or image.size == scaled.size else scaled.resize(image.size)
            shown = frame
        assert image is not None
        yield image


def _on_screen(frames: Iterator[Any], shape: ClipShape, zero: Fraction | None) -> Iterator[Any]:
    """The frame at each moment. The first stands for what is before it, the last for what comes after."""
    shown, following = next(frames, None), next(frames, None)
    if shown is None:
        raise Unusable("undecodable", "no picture in it")
    start = _time(shown) if zero is None else zero
    for number in range(shape.pictures):
        while following is not None and _time(following) <= start + number / shape.fps:
            shown, following = following, next(frames, None)
        yield shown


def _time(frame: Any) -> Fraction:
    return Fraction(frame.pts * frame.time_base)


def _fitted(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Even, as H.264 has one sample of colour for four pixels."""
    scale = min(1.0, max_side / max(width, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _picture_stream(file: Any, size: tuple[int, int], fps: Fraction) -> Any:
    stream = file.add_stream("libx264", rate=fps, options=_H264)
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    codec = stream.codec_context
    codec.flags |= Flags.bitexact
    codec.thread_count, codec.time_base = 1, 1 / fps
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = _LIMITED
    return stream


def _coded(images: Iterable[Image.Image]) -> Iterator[Any]:
    """The images as frames in the colours that the stream declares."""
    scaler = VideoReformatter()
    for image in images:
        yield scaler.reformat(
            av.VideoFrame.from_image(image),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_EXACT,
            threads=1,
        )


def _sound_stream(file: Any) -> Any:
    stream = file.add_stream("aac", rate=RATE_HZ, layout="mono")
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _sound_frames(samples: Samples) -> Iterator[Any]:
    levels = samples.astype(np.float32)[None] / 32_768
    for start in range(0, levels.shape[1], _FRAME_SAMPLES):
        part = np.ascontiguousarray(levels[:, start : start + _FRAME_SAMPLES])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, start
        yield frame
