"""What the release says its tables were made from: each model once, in a fixed order, and none that made nothing."""

import pytest

from gettok.pipeline.provenance import _readers, _speech_models
from gettok.tables import SCREEN_TEXTS, TRANSCRIPTS

NAMES = ("speech_model", "speech_model_revision", "speech_model_sha256", "speech_compute_type")


def transcripts(*models):
    rows = [dict(zip(NAMES, model, strict=True)) for model in models]
    return TRANSCRIPTS.frame({"video_id": str(place), **row} for place, row in enumerate(rows))


def test_each_speech_model_is_named_once_in_order_of_its_files():
    large, small = ("hub/large", "r1", "bb", "float16"), ("hub/small", None, "aa", "int8")
    other_type = ("hub/large", "r1", "bb", "bfloat16")
    found = _speech_models(transcripts(large, small, large, (None,) * 4, other_type).lazy())
    assert found == [
        {"repository": "hub/small", "revision": None, "sha256": "aa", "compute_type": "int8"},
        {"repository": "hub/large", "revision": "r1", "sha256": "bb", "compute_type": "bfloat16"},
        {"repository": "hub/large", "revision": "r1", "sha256": "bb", "compute_type": "float16"},
    ]
    assert _speech_models(transcripts((None,) * 4).lazy()) == []


def test_number_formats_of_one_model_are_in_order():
    formats = ["int8", "float32", "int16", "bfloat16", "float16", "int8_float16", "int8_bfloat16"]
    found = _speech_models(transcripts(*(("hub/large", "r1", "bb", name) for name in formats)).lazy())
    assert [model["compute_type"] for model in found] == sorted(formats)


@pytest.mark.parametrize("turned", [False, True])
def test_each_reader_of_screens_is_named_once(turned):
    digests = ["bb", "aa", "bb", None]
    rows = [
        {"video_id": str(place), "frame_index": 0, "reader": f"ocr {digest}", "reader_sha256": digest}
        for place, digest in enumerate(digests[::-1] if turned else digests)
    ]
    assert _readers(SCREEN_TEXTS.frame(rows).lazy()) == [
        {"name": "ocr aa", "sha256": "aa"},
        {"name": "ocr bb", "sha256": "bb"},
    ]
    assert _readers(SCREEN_TEXTS.frame([]).lazy()) == []
