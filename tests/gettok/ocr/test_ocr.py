"""RapidOCR reads real images: Spanish with its accents, lines in their order, the same on every thread."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from text_images import BLACK, BLUE, RED, WHITE, YELLOW, jpeg

from gettok.engine import LocalEngine
from gettok.errors import BadSettings, Unusable
from gettok.media.images import GivenPictures, Picture
from gettok.ocr.backend import Line
from gettok.ocr.backends import rapidocr
from gettok.ocr.backends.rapidocr import Installed, RapidOcrReader
from gettok.ocr.step import OcrStep
from gettok.settings import Ocr
from gettok.step import Answer, Item
from gettok.store import Key
from gettok.tables import SCREEN_TEXTS
from gettok.text.tokens import normalise

SPANISH = ("¿Qué pasó?", "¡Viva el Perú!", "ñandú, año", "EDUCACIÓN")
OCR = Ocr(backend="rapidocr", recognizer=None, min_confidence=0.5, max_concurrency=2)


@pytest.fixture(scope="module")
def real() -> RapidOcrReader:
    return rapidocr.load()


@pytest.fixture(scope="module")
def step() -> OcrStep:
    opened = OcrStep(OCR)
    opened.open()
    return opened


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize("size", [16, 30, 60])
@pytest.mark.parametrize(("ink", "ground"), [(WHITE, BLACK), (BLACK, WHITE), (YELLOW, RED), (WHITE, BLUE)])
def test_spanish_is_read_exactly_except_for_the_opening_exclamation_mark(real, size, ink, ground):
    read = texts(real.read(jpeg(*SPANISH, size=size, ink=ink, ground=ground)))
    assert read == [line.replace("¡", "") for line in SPANISH]


def test_the_model_s_alphabet_has_every_spanish_character_but_one(real):
    """Why `¡` is lost: the model cannot write it. If this fails, the docs are out of date."""
    real.read(jpeg("a"))
    alphabet = set(real._ocr.text_rec.postprocess_op.character)
    assert set("¿?!áéíóúüñÁÉÍÓÚÜÑ«»“”—…") <= alphabet
    assert "¡" not in alphabet


@pytest.mark.parametrize("size", [22, 44])
def test_an_emoji_beside_a_line_loses_none_of_its_words(real, size):
    read = texts(real.read(jpeg(*SPANISH, size=size, face=True)))
    assert set(normalise(" ".join(SPANISH))) <= set(normalise(" ".join(read)))


def test_lines_come_from_the_top_with_corners_in_pixels_of_the_picture(real):
    found = real.read(jpeg("ARRIBA", "ABAJO", size=40, left=50))
    assert texts(found) == ["ARRIBA", "ABAJO"]
    for place, line in enumerate(found):
        upper_left, upper_right, lower_right, lower_left = line.box
        assert abs(upper_left[0] - 50) < 15
        assert upper_left[0] < upper_right[0]
        assert 40 + 80 * place - 15 < upper_left[1] < lower_left[1] < 40 + 80 * (place + 1)
        assert lower_right[0] <= 360
        assert line.confidence > 0.9


def test_an_image_without_text_has_no_line_and_a_file_that_is_not_an_image_is_unusable(real):
    assert real.read(jpeg(ground=BLUE)) == []
    with pytest.raises(Unusable) as caught:
        real.read(b"\xff\xd8 no picture")
    assert caught.value.reason == "undecodable"


def asked(step: OcrStep, *images: bytes) -> Answer:
    return step.ask(
        GivenPictures(tuple(Picture(300 * place, 10.0 * place, image) for place, image in enumerate(images)))
    )


def test_a_video_has_a_row_for_each_frame_and_lines_of_low_confidence_only_in_the_answer(step):
    answer = asked(step, jpeg("LIMA", "CUSCO"), jpeg())
    first, second = step.read(answer)
    assert (first["frame_index"], first["text"]) == (0, "LIMA\nCUSCO")
    assert (second["frame_index"], second["text"], second["lines"]) == (300, "", [])
    assert first["reader"].startswith("rapidocr ")
    body = json.loads(answer.text)
    body["frames"][0]["lines"][1]["confidence"] = 0.49
    assert step.read(Answer(body))[0]["text"] == "LIMA"
    tolerant = OcrStep(OCR.model_copy(update={"min_confidence": 0.4}))
    assert tolerant.read(Answer(body))[0]["text"] == "LIMA\nCUSCO"


def test_the_table_keeps_texts_confidences_and_corners(step, tmp_path):
    rows = [{"video_id": "1", "status": "ok", **row} for row in step.read(asked(step, jpeg("LIMA")))]
    unusable = {"video_id": "2", "status": "unusable", "reason": "no_frames"}
    SCREEN_TEXTS.write([*rows, unusable], tmp_path / "day.parquet")
    found, empty = SCREEN_TEXTS.read(tmp_path / "day.parquet").to_dicts()
    assert found["lines"] == rows[0]["lines"]
    assert [corner.keys() for corner in found["lines"][0]["box"]] == [{"x", "y"}] * 4
    assert (empty["text"], empty["lines"], empty["reason"]) == (None, None, "no_frames")


def test_one_thread_or_four_give_the_same_answers(step):
    images = [jpeg(text, ink=YELLOW, ground=RED) for text in ("UNO", "DOS", "TRES", "CUATRO")]
    items = [
        Item(str(place), "2022-12-07", {}, GivenPictures((Picture(0, 0.0, image),)))
        for place, image in enumerate(images)
    ]

    def answers(count: int) -> dict[str, str]:
        run = LocalEngine(count).run(step, items, Event())
        return {item.video_id: outcome.text for item, outcome in run}

    assert answers(1) == answers(4)


def key(step: OcrStep) -> str:
    return Key.of(step.stage, step.version, step.settings, {"frames": "f"}).digest


def copied(folder: Path, name: str, content: bytes) -> Iterator[tuple[str, Path]]:
    """The models, with one of them replaced."""
    for role, path in rapidocr.installed().models.items():
        (folder / path.name).write_bytes(content if path.name == name else path.read_bytes())
        yield role, folder / path.name


def test_the_key_depends_on_the_version_and_the_models_and_on_no_setting(step, tmp_path, monkeypatch):
    start = key(step)
    assert key(OcrStep(OCR.model_copy(update={"min_confidence": 0.9, "max_concurrency": 8}))) == start
    here = rapidocr.installed()
    (tmp_path / "same").mkdir()
    (tmp_path / "other").mkdir()
    same = dict(copied(tmp_path / "same", "", b""))
    other = dict(copied(tmp_path / "other", here.models["Rec"].name, b"other weights"))
    seen = []
    for version, models in ((here.version, same), ("9.9.9", here.models), (here.version, other)):
        monkeypatch.setattr(rapidocr, "installed", lambda v=version, m=models: Installed(v, m))
        seen.append(key(OcrStep(OCR)))
    assert seen[0] == start, "where the files are does not matter"
    assert len({start, seen[1], seen[2]}) == 3


def test_the_models_are_looked_at_once_for_all_keys_of_a_step(step, monkeypatch):
    start = key(step)
    monkeypatch.setattr(rapidocr, "installed", lambda: pytest.fail("looked at again"))
    assert key(step) == start


def test_a_missing_model_is_refused_before_anything_is_downloaded(monkeypatch):
    monkeypatch.setitem(rapidocr._MODELS, "Rec", "another_rec.onnx")
    with pytest.raises(BadSettings, match=r"lacks another_rec\.onnx"):
        OcrStep(OCR).open()
