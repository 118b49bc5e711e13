"""Recognisers of other scripts, made from the installed one: it sees Latin letters, and writes others."""

from collections.abc import Mapping
from pathlib import Path

from onnxruntime import InferenceSession

from gettok.ocr.backends import rapidocr

CYRILLIC = str.maketrans("ABCDEFGHIKLMNOPRSTU", "АБЦДЕФГХИКЛМНОПРСТУ")
ARABIC = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ابتثجحخدذرزسشصضطظعغفقكلمنه")
NO_LETTER = "\ufffd"


def embedded(model: Path) -> str:
    found = InferenceSession(str(model)).get_modelmeta().custom_metadata_map.get("character", "")
    assert isinstance(found, str)
    return found


def with_characters(path: Path, characters: str) -> Path:
    """The installed recogniser with other characters; of two entries of the same name in a model, the last counts."""
    entry = field(14, field(1, b"character") + field(2, characters.encode()))
    path.write_bytes(rapidocr.installed().models["Rec"].read_bytes() + entry)
    return path


def without_characters(path: Path) -> Path:
    path.write_bytes(rapidocr.installed().models["Rec"].read_bytes().replace(b"character", b"something"))
    return path


def translated(path: Path, table: Mapping[int, int]) -> Path:
    """One that has no letters but those that the table gives."""
    return with_characters(path, translate(embedded(rapidocr.installed().models["Rec"]), table))


def translate(characters: str, table: Mapping[int, int]) -> str:
    return "".join(
        chr(table[ord(character)])
        if ord(character) in table
        else NO_LETTER
        if character.isalpha()
        else character
        for character in characters
    )


def field(number: int, data: bytes) -> bytes:
    """A field of Protocol Buffers, the format of a model's file."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    low = bytearray()
    while number > 127:
        low.append(number & 127 | 128)
        number >>= 7
    return bytes([*low, number])
