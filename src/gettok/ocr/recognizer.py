"""The file of a recogniser: an ONNX model with the characters that it can write."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from gettok.errors import BadSettings
from gettok.ocr.alphabet import OcrAlphabet

#: What onnxruntime raises for a file that is not a model, or that it cannot run.
_ERRORS = ("InvalidProtobuf", "InvalidGraph", "InvalidArgument", "NoSuchFile", "NotImplemented", "Fail")
#: A recogniser has two classes more than characters: for no character, and for the space.
_MORE_CLASSES = 2


def character_file(model: Path) -> Path | None:
    """The file with the characters, one on each line, beside a model that has none in itself; None if it has."""
    return model.with_suffix(".txt") if _contents(model).characters is None else None


@lru_cache(maxsize=8)
def alphabet_of(model: Path) -> OcrAlphabet:
    """What a recogniser can write. Raises `BadSettings` if the file is not a recogniser with its characters."""
    contents = _contents(model)
    characters = contents.characters
    if characters is None:
        characters = _read_characters(model.with_suffix(".txt"), model)
    if isinstance(contents.classes, int) and contents.classes != len(characters) + _MORE_CLASSES:
        raise _not_usable(model, f"it has {contents.classes} classes, but {len(characters)} characters")
    return OcrAlphabet(frozenset(characters))


@dataclass(frozen=True)
class _Contents:
    """`characters` is None where the model has none; `classes` is a name where it does not say their number."""

    characters: tuple[str, ...] | None
    classes: int | str


@lru_cache(maxsize=8)
def _contents(model: Path) -> _Contents:
    onnxruntime = import_module("onnxruntime")
    state = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except tuple(getattr(state, name) for name in _ERRORS) as error:
        raise _not_usable(model, str(error)) from error
    embedded = session.get_modelmeta().custom_metadata_map.get("character")
    characters = None if embedded is None else tuple(embedded.splitlines())
    return _Contents(characters, session.get_outputs()[0].shape[-1])


def _read_characters(path: Path, model: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("utf-8").removesuffix("\n").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise _not_usable(model, f"it has no characters in itself, and those beside it: {error}") from error


def _not_usable(model: Path, why: str) -> BadSettings:
    return BadSettings(
        f"the recogniser {model} cannot be used: {why}",
        "stopped before the first frame",
        "set ocr.recognizer to the .onnx file of one of RapidOCR's recognisers, or to null for that of its wheel",
    )
