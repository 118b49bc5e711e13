"""Decodes pictures with OpenCV, one after another: it seeks by the average rate, which is wrong at a variable rate."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from gettok.frames.backend import DecodedPicture, Untrusted, encode
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable


def decode(path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder) -> Iterator[Jpeg]:
    return encode(path, read(path, timetable, indices), timetable, indices, encoder)


def read(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[DecodedPicture]:
    """Pictures between the wanted ones are decoded and not converted."""
    reader = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    start_s = float(timetable.times[0] * timetable.unit)
    position = -1
    try:
        for index in indices:
            while position < index and reader.grab():
                position += 1
            is_there, pixels = reader.retrieve()
            if position < index or not is_there:
                raise Untrusted(f"only {position} pictures can be reached")
            time_s = start_s + reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
            yield DecodedPicture(time_s, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    except cv2.error as error:
        raise Untrusted("OpenCV fails") from error
    finally:
        reader.release()
