"""RapidOCR with the models of its own wheel, identified by their digest."""

from collections.abc import Mapping
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
from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.backend import Line
from gettok.ocr.recognizer import alphabet_of, character_file
from gettok.step import Json, digest_of
from gettok.store.blobs import file_digest

#: The models that detect lines, find those that are upside down, and recognise their text.
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
#: The role of a file with the characters of a recogniser that has none in itself.
_CHARACTERS = "Characters"
#: RapidOCR's parameters for files that are not models.
_PARAMETERS = {_CHARACTERS: "Rec.rec_keys_path"}
#: Larger images are scaled down to this before lines are detected. Scaling small ones up takes twice as long and finds
#: nothing more.
LONGEST_EDGE = 1280
#: Later digits of a confidence differ between processors.
_DIGITS = 2


@dataclass(frozen=True)
class Installed:
    """The installed version and its models, by role."""

    version: str
    models: dict[str, Path]

    @property
    def identity(self) -> dict[str, Json]:
        digests = {path.name: _digest(path) for path in self.models.values()}
        return {"name": f"rapidocr {self.version}", "sha256": digest_of(digests)}


_digest = lru_cache(maxsize=8)(file_digest)


def installed() -> Installed:
    """The installed models. Raises `BadSettings` if one is missing: RapidOCR would download another."""
    package = find_spec("rapidocr")
    places = package.submodule_search_locations if package else None
    folder = Path(places[0]) / "models" if places else Path("rapidocr")
    models = {role: folder / name for role, name in _MODELS.items()}
    if missing := [path.name for path in models.values() if not path.is_file()]:
        raise BadSettings(
            f"RapidOCR lacks {', '.join(missing)} in {folder}",
            "stopped before the first frame, as other models would read other text",
            'install what uv.lock names (`uv sync --frozen`), or do without: `gettok compose ocr="off"`',
        )
    return Installed(version("rapidocr"), models)


def with_recognizer(recognizer: str | None) -> Installed:
    """The installed models, with the recogniser of this file unless it is None. Raises `BadSettings` as `installed`."""
    here = installed()
    if recognizer is None:
        return here
    model = Path(recognizer)
    if not model.is_file():
        raise BadSettings(
            f"there is no file {model} (ocr.recognizer)",
            "stopped before the first frame",
            "check the path, or set it to null for the recogniser of RapidOCR's wheel",
        )
    beside = character_file(model)
    files = {"Rec": model} if beside is None else {"Rec": model, _CHARACTERS: beside}
    return Installed(f"{here.version} with {model.name}", {**here.models, **files})


def identity(recognizer: str | None = None) -> Mapping[str, Json]:
    return with_recognizer(recognizer).identity


def parameters() -> Mapping[str, Json]:
    return {"longest_edge": LONGEST_EDGE}


def alphabet(recognizer: str | None = None) -> OcrAlphabet:
    return alphabet_of(with_recognizer(recognizer).models["Rec"])


def load(recognizer: str | None = None) -> "RapidOcrReader":
    return RapidOcrReader(with_recognizer(recognizer).models)


class RapidOcrReader:
    """The models in memory. One thread at a time: RapidOCR stores the state of the current image in itself."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        from rapidocr import RapidOCR  # noqa: PLC0415 - takes seconds to import, and only OCR needs it

        self._ocr: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                # all lines are kept; `ocr.min_confidence` filters them when the stored answer is read
                "Global.text_score": 0.0,
                # one thread: sums in a fixed order give the same text each time
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": LONGEST_EDGE,
                **_recognizer_parameters(alphabet_of(models["Rec"])),
                **{_PARAMETERS.get(role, f"{role}.model_path"): str(path) for role, path in models.items()},
            }
        )

    def read(self, jpeg: bytes) -> list[Line]:
        result = self._ocr(_pixels(jpeg))
        if result.txts is None:
            return []
        lines = zip(result.txts, result.scores, result.boxes, strict=True)
        return [Line(text, round(float(score), _DIGITS), _corners(box)) for text, score, box in lines]


def _recognizer_parameters(alphabet: OcrAlphabet) -> dict[str, str]:
    """A recogniser of Arabic writes a line as it looks, from the left; RapidOCR then puts it into reading order."""
    return {"Rec.lang_type": "arabic"} if "Arabic" in alphabet.letters_by_script else {}


def _pixels(jpeg: bytes) -> Any:
    """Blue, green and red of each pixel, the order that RapidOCR was trained on."""
    try:
        return np.asarray(Image.open(BytesIO(jpeg)).convert("RGB"))[:, :, ::-1]
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unusable("undecodable", f"a frame: {error}") from error


def _corners(box: Any) -> tuple[tuple[int, int], ...]:
    return tuple((round(float(x)), round(float(y))) for x, y in box)
