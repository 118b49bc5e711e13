"""Makes media to test with, through PyAV: every picture carries its own number, so that a wrong frame shows."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

CELL = 16
"""Side in pixels of one binary digit; wide enough to survive lossy codecs and halving."""
DIGITS = 12
RATE = 30
SOUND_RATE = 44_100


@contextmanager
def usual_priority() -> Iterator[None]:
    """For what encodes AV1: SVT-AV1 gives root real-time priority and leaves it so, which starves all else."""
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def picture(number: int, width: int = 192, height: int = 128) -> np.ndarray[Any, Any]:
    """An RGB picture whose top row of black and white cells spells `number` in binary, lowest digit first."""
    shades = np.linspace(40, 200, width, dtype=np.uint8)
    image = np.repeat(np.tile(shades, (height, 1))[:, :, None], 3, axis=2)
    image[:, :, 1] = (number * 7) % 256
    for digit in range(DIGITS):
        image[:CELL, digit * CELL : (digit + 1) * CELL] = 255 * (number >> digit & 1)
    return image


def number_in(image: np.ndarray[Any, Any]) -> int:
    """The number that a picture carries, whatever size it has been scaled to."""
    cell = image.shape[1] * CELL / 192
    row = image[: int(cell)].mean(axis=2)
    bits = [
        row[:, int(cell * d + cell / 4) : int(cell * (d + 1) - cell / 4)].mean() > 128 for d in range(DIGITS)
    ]
    return sum(1 << digit for digit, is_set in enumerate(bits) if is_set)


def video(
    path: Path,
    *,
    frames: int = 60,
    codec: str = "libx264",
    sound: bool = True,
    rotation: int = 0,
    times: Sequence[int] | None = None,
    gop: int = 30,
    open_gop: bool = False,
    index_first: bool = True,
    movflags: str = "",
    size: tuple[int, int] = (192, 128),
) -> Path:
    """An mp4 at 30 pictures a second; `times` (in thirtieths) makes the rate variable."""
    flags = movflags or ("faststart" if index_first else "")
    options = {"movflags": flags} if flags else {}
    with av.open(str(path), "w", format="mp4", options=options) as file:
        params = f"open-gop={int(open_gop)}" + (":log-level=none" if codec == "libx265" else "")
        stream: Any = file.add_stream(
            codec, rate=RATE, options={"g": str(gop), "crf": "20", f"{codec[3:]}-params": params}
        )
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        if rotation:
            stream.set_display_rotation(rotation)
        voice: Any = file.add_stream("aac", rate=SOUND_RATE, layout="mono") if sound else None
        for number, time in enumerate(times or range(frames)):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if voice is not None:
            _add_tone(file, voice, (times[-1] + 1 if times else frames) / RATE)
    return path


def sound_only(path: Path, seconds: float = 1.0) -> Path:
    with av.open(str(path), "w", format="mp4") as file:
        _add_tone(file, file.add_stream("aac", rate=SOUND_RATE, layout="mono"), seconds)
    return path


def _add_tone(file: Any, stream: Any, seconds: float) -> None:
    wave = np.sin(np.arange(int(seconds * SOUND_RATE)) * 2 * np.pi * 440 / SOUND_RATE).astype(np.float32)
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, start
        file.mux(stream.encode(frame))
    file.mux(stream.encode())


def trimmed(source: Path, path: Path, first: int, *, with_sound: bool = False) -> Path:
    """The pictures of `source` from number `first` on, cut without re-encoding: the file gets an edit list."""
    with av.open(str(source)) as old, av.open(str(path), "w", format="mp4") as new:
        inward = old.streams.video[0]
        streams = old.streams.get(video=0, audio=0) if with_sound else (inward,)
        outward = {stream.index: new.add_stream_from_template(stream) for stream in streams}
        start = Fraction(first, RATE)
        keys = {inward.index: _key_packet_before(old, inward, int(start / inward.time_base))}
        for packet in old.demux(streams):
            shift = int(start / packet.time_base)
            if packet.pts is None or packet.dts < keys.get(packet.stream_index, shift):
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = outward[packet.stream_index]
            new.mux(packet)
    return path


def _key_packet_before(file: Any, stream: Any, pts: int) -> int:
    keys = [p.dts for p in file.demux(stream) if p.pts is not None and p.is_keyframe and p.pts <= pts]
    file.seek(0)
    return int(max(keys))


def cut(source: Path, path: Path, share: float = 0.5) -> Path:
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def damaged(source: Path, path: Path, share: float = 0.4, width: float = 0.4) -> Path:
    """The same length, but a stretch in the middle is noise."""
    data = bytearray(source.read_bytes())
    start, length = int(len(data) * share), int(len(data) * width)
    data[start : start + length] = np.random.default_rng(7).bytes(length)
    path.write_bytes(bytes(data))
    return path


def damaged_packets(source: Path, path: Path, start_s: float, end_s: float) -> Path:
    """A copy in which the sound's packets between two times are noise, each as long as it was."""
    data = bytearray(source.read_bytes())
    chance = np.random.default_rng(5)
    with av.open(str(source)) as file:
        for packet in file.demux(file.streams.audio[0]):
            if packet.pts is not None and start_s <= float(packet.pts * packet.time_base) < end_s:
                data[packet.pos : packet.pos + packet.size] = chance.bytes(packet.size)
    path.write_bytes(bytes(data))
    return path


def endless(source: Path, path: Path, pictures: int, *, step: int = 512) -> Path:
    """A file that plays the first packet of `source` so many times, each `step` units long, in four bytes a time.

    Every chunk of its index is the same stretch of bytes. `source` has one stream, and its index behind it.
    """
    data = source.read_bytes()
    place = data.index(b"moov") - 4
    sizes, offsets = _payload(data, b"stsz"), _payload(data, b"stco")
    index = {
        b"stts": _numbers(0, 1, pictures, step),
        b"stsz": _numbers(0, int.from_bytes(sizes[4:8]) or int.from_bytes(sizes[12:16]), pictures),
        b"stsc": _numbers(0, 1, 1, 1, 1),
        b"stco": _numbers(0, pictures) + offsets[8:12] * pictures,
        b"stss": None,
        b"ctts": None,
        b"edts": None,
    }
    path.write_bytes(data[:place] + _rebuilt(data[place:], index))
    return path


def _payload(data: bytes, kind: bytes) -> bytes:
    place = data.index(kind)
    return data[place + 4 : place - 4 + int.from_bytes(data[place - 4 : place])]


def _numbers(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4) for number in numbers)


def _rebuilt(boxes: bytes, index: Mapping[bytes, bytes | None]) -> bytes:
    """The boxes with some payloads replaced and others (None) left out, and every length right."""
    made = b""
    while boxes:
        length, kind = int.from_bytes(boxes[:4]), boxes[4:8]
        payload, boxes = boxes[8:length], boxes[length:]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            payload = _rebuilt(payload, index)
        elif kind in index:
            payload = index[kind]
        if payload is not None:
            made += (len(payload) + 8).to_bytes(4) + kind + payload
    return made


def photo(path: Path, size: tuple[int, int] = (120, 200), **options: Any) -> Path:
    """A photo in the form that the name's ending says; noise, so that damage shows."""
    noise = np.random.default_rng(5).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, **options)
    return path


def slideshow(folder: Path, sound: Path | None = None) -> Path:
    """Three photos of three forms, and perhaps a sound."""
    folder.mkdir()
    for name in ("000.jpg", "001.webp", "002.png"):
        photo(folder / name)
    if sound is not None:
        sound.rename(folder / f"sound{sound.suffix}")
    return folder
