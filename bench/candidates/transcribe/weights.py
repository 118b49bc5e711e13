"""Reads the weights of a Whisper model in CTranslate2's format, and names them as openai-whisper does.

CTranslate2 can write its `model.bin` (format 6, `ctranslate2/specs/model_spec.py`) but has no reader for Python.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[Any]]

FORMAT = 6
#: By CTranslate2's type number; number 5, bfloat16, has no numpy type.
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_PLACES = {
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "encoder/position_encodings/encodings": "encoder.positional_embedding",
    "encoder/layer_norm": "encoder.ln_post",
    "decoder/layer_norm": "decoder.ln",
}
#: The projections that are stacked in one matrix, by kind of attention and layer number.
_FUSED = {
    ("self_attention", 0): ("attn.query", "attn.key", "attn.value"),
    ("self_attention", 1): ("attn.out",),
    ("attention", 0): ("cross_attn.query",),
    ("attention", 1): ("cross_attn.key", "cross_attn.value"),
    ("attention", 2): ("cross_attn.out",),
}
_NORMS = {"self_attention": "attn_ln", "attention": "cross_attn_ln", "ffn": "mlp_ln"}
_LAYER = re.compile(r"(encoder|decoder)/layer_(\d+)/(\w+)/(layer_norm|linear_(\d))/(\w+)")


def read(model: Path) -> Weights:
    """Every variable of a `model.bin` by name; int8 matrices are dequantised to float32."""
    with model.open("rb") as file:
        version, _, _ = _number(file, "I"), _text(file), _number(file, "I")
        if version != FORMAT:
            raise ValueError(f"{model} has the format {version}; this reads {FORMAT}")
        stored = dict(_variable(file) for _ in range(_number(file, "I")))
        # equal variables are stored once, zero biases for example
        aliases = [(_text(file), _text(file)) for _ in range(_number(file, "I"))]
    scales = {name: stored.pop(f"{name}_scale") for name in list(stored) if f"{name}_scale" in stored}
    plain = {name: _plain(value, scales.get(name)) for name, value in stored.items()}
    return plain | {name: plain[other] for name, other in aliases}


def _variable(file: IO[bytes]) -> tuple[str, npt.NDArray[Any]]:
    name = _text(file)
    shape = [_number(file, "I") for _ in range(_number(file, "B"))]
    kind, size = np.dtype(_TYPES[_number(file, "B")]), _number(file, "I")
    return name, np.fromfile(file, kind, size // kind.itemsize).reshape(shape)


def _number(file: IO[bytes], kind: str) -> int:
    (number,) = struct.unpack(f"<{kind}", file.read(struct.calcsize(f"<{kind}")))
    return int(number)


def _text(file: IO[bytes]) -> str:
    """The length comes first, and includes the terminating zero."""
    return file.read(_number(file, "H"))[:-1].decode()


def _plain(value: npt.NDArray[Any], scale: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """Dequantised: each row was multiplied by its scale and rounded."""
    if scale is None:
        return value
    return np.asarray(value.astype(np.float32) / scale.reshape(-1, *[1] * (value.ndim - 1)))


def dimensions(weights: Weights) -> dict[str, int]:
    """The fields of openai-whisper's `ModelDimensions`."""
    vocabulary, text_width = weights["decoder/embeddings/weight"].shape
    audio_places, audio_width = weights["encoder/position_encodings/encodings"].shape
    layers = {match.group(1, 2) for name in weights if (match := _LAYER.fullmatch(name))}
    return {
        "n_mels": weights["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": audio_places,
        "n_audio_state": audio_width,
        "n_audio_head": int(weights["encoder/num_heads"]),
        "n_audio_layer": sum(half == "encoder" for half, _ in layers),
        "n_vocab": vocabulary,
        "n_text_ctx": len(weights["decoder/position_encodings/encodings"]),
        "n_text_state": text_width,
        "n_text_head": int(weights["decoder/num_heads"]),
        "n_text_layer": sum(half == "decoder" for half, _ in layers),
    }


def as_openai(weights: Weights) -> dict[str, npt.NDArray[Any]]:
    """The same weights under openai-whisper's names."""
    named = (pair for name, value in weights.items() for pair in _named(name, value))
    # openai-whisper has no such bias, and CTranslate2 stores zeros for it
    return {name: value for name, value in named if not name.endswith("key.bias")}


def _named(name: str, value: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    match = _LAYER.fullmatch(name)
    if match:
        half, layer, part, what, number, kind = match.groups()
        for place, piece in _pieces(part, what, number, value):
            yield f"{half}.blocks.{layer}.{place}.{_parameter_name(kind)}", piece
    elif name in _PLACES:
        yield _PLACES[name], value
    elif name.startswith("encoder/conv") or name.rpartition("/")[0] in _PLACES:
        above, _, kind = name.rpartition("/")
        yield f"{_PLACES.get(above, above.replace('/', '.'))}.{_parameter_name(kind)}", value


def _pieces(
    part: str, what: str, number: str, value: npt.NDArray[Any]
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if what == "layer_norm":
        yield _NORMS[part], value
    elif part == "ffn":
        yield f"mlp.{2 * int(number)}", value
    else:
        places = _FUSED[part, int(number)]
        yield from zip(places, np.split(value, len(places)), strict=True)


def _parameter_name(kind: str) -> str:
    return {"gamma": "weight", "beta": "bias"}.get(kind, kind)
