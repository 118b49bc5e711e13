"""RapidOCR with the models of its own wheel: which reader is meant, to the byte, and what it sees on a picture."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from gettok.errors import BadSettings, Unusable
from gettok.step import Json, digest_of
from gettok.store.blobs import file_digest

#: Who finds the lines, who turns those upside down, and who reads them.
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
#: Lines are looked for on a picture of at most this size; made larger, small pictures take twice as long, to no use.
LONGEST_EDGE = 1280
#: Another processor moves the later digits.
_DIGITS = 2


@dataclass(frozen=True)
class Line:
    """A line of text, how sure the reader is of it, and its corners in pixels, clockwise from the upper left."""

    text: str
    confidence: float
    box: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Files:
    """The reader's version and its models, each by what it does."""

    version: str
    models: dict[str, Path]

    @property
    def identity(self) -> dict[str, Json]:
        """What an answer depends on: where the files lie says nothing."""
        digests = {path.name: _digest(path) for path in self.models.values()}
        return {"name": f"rapidocr {self.version}", "sha256": digest_of(digests)}


_digest = lru_cache(maxsize=8)(file_digest)


def files() -> Files:
    """The installed reader. Raises `BadSettings` if it lacks a model: left alone it would download another."""
    package = find_spec("rapidocr")
    places = package.submodule_search_locations if package else None
    folder = Path(places[0]) / "models" if places else Path("rapidocr")
    models = {role: folder / name for role, name in _MODELS.items()}
    if missing := [path.name for path in models.values() if not path.is_file()]:
        raise BadSettings(
            f"the reader of text on pictures lacks {', '.join(missing)} in {folder}",
            "stopped before the first picture, since other models would read other letters",
            'install what uv.lock names (`uv sync --frozen`), or do without: `gettok compose ocr="off"`',
        )
    return Files(version("rapidocr"), models)


class Reader:
    """The models in memory. One thread at a time: RapidOCR keeps notes of the picture that it is at."""

    def __init__(self, found: Files) -> None:
        from rapidocr import RapidOCR  # noqa: PLC0415 - seconds to import, and only where pictures are read

        self._ocr: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                # all lines are kept, the doubtful ones too; what is sure enough is decided when they are read
                "Global.text_score": 0.0,
                # one thread: sums in a fixed order give the same letters each time
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": LONGEST_EDGE,
                **{f"{role}.model_path": str(path) for role, path in found.models.items()},
            }
        )

    def read(self, picture: bytes) -> list[Line]:
        """The lines in reading order, from the top and from the left. Raises `Unusable`: undecodable."""
        found = self._ocr(_pixels(picture))
        if found.txts is None:
            return []
        lines = zip(found.txts, found.scores, found.boxes, strict=True)
        return [Line(text, round(float(score), _DIGITS), _corners(box)) for text, score, box in lines]


_of_thread = threading.local()


def reader() -> Reader:
    """This thread's own reader; loading it takes a second, once."""
    if not hasattr(_of_thread, "reader"):
        _of_thread.reader = Reader(files())
    loaded: Reader = _of_thread.reader
    return loaded


def _pixels(picture: bytes) -> Any:
    """Blue, green and red of each pixel, as RapidOCR was trained on them."""
    try:
        return np.asarray(Image.open(BytesIO(picture)).convert("RGB"))[:, :, ::-1]
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unusable("undecodable", f"a frame: {error}") from error


def _corners(box: Any) -> tuple[tuple[int, int], ...]:
    return tuple((round(float(x)), round(float(y))) for x, y in box)
