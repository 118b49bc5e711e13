"""Videos of every kind that a decoder may get wrong, and their frames."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import media_files
import numpy as np
from PIL import Image

from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.settings import Frames

PLAIN = {
    "backend": "pyav",
    "select": "stride",
    "stride": 20,
    "every_s": 1,
    "scene_threshold": 27,
    "max_frames": 200,
    "min_hash_distance": None,
    "longest_edge": 768,
    "jpeg_quality": 90,
}


def settings(**changes: Any) -> Frames:
    return Frames.model_validate(PLAIN | changes)


def rows_of(path: Path, **changes: Any) -> list[dict[str, Any]]:
    step = FramesStep(settings(**changes))
    step.open()
    return step.read(step.ask(MediaFile.of(path)))


def image(row: Mapping[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(row["image"]["bytes"]))


def numbers(rows: list[dict[str, Any]], turns: int = 0) -> list[int]:
    """The number that is drawn on each frame, after undoing so many quarter turns."""
    return [media_files.number_in(np.rot90(np.asarray(image(row)), -turns)) for row in rows]


def _hidden(folder: Path) -> Path:
    whole = media_files.video(folder / "whole.mp4", frames=101, gop=25)
    return media_files.trimmed(whole, folder / "v.mp4", 13)


def _film(**form: Any) -> Callable[[Path], Path]:
    return lambda folder: media_files.video(folder / "v.mp4", **({"frames": 91} | form))


_SLOWING = [n + n * n // 20 for n in range(91)]

KINDS: Mapping[str, tuple[Callable[[Path], Path], list[int], int]] = {
    "h264": (_film(gop=30), list(range(91)), 0),
    "h264 open gop": (_film(gop=8, open_gop=True), list(range(91)), 0),
    "h264 variable rate": (_film(times=_SLOWING), list(range(91)), 0),
    "hevc": (_film(codec="libx265", gop=30), list(range(91)), 0),
    "hevc open gop": (_film(codec="libx265", gop=8, open_gop=True), list(range(91)), 0),
    "hevc variable rate": (_film(codec="libx265", times=_SLOWING, open_gop=True), list(range(91)), 0),
    "one key frame": (_film(gop=250), list(range(91)), 0),
    "edit list": (_hidden, list(range(13, 101)), 0),
    "rotated": (_film(rotation=90), list(range(91)), 1),
    "upside down": (_film(rotation=180), list(range(91)), 2),
}
"""How to make each, the numbers drawn on its pictures in display order, and its quarter turns."""
