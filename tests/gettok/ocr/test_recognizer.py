"""Another recogniser is a file that the settings name: it reads its script, and its answers have their own keys."""

import re

import pytest
from recognizers import (
    ARABIC,
    CYRILLIC,
    embedded,
    field,
    translate,
    translated,
    with_characters,
    without_characters,
)
from text_images import jpeg

from gettok.cli.doctor import ocr_line
from gettok.errors import BadSettings
from gettok.media.images import GivenPictures, Picture
from gettok.ocr.backends import rapidocr
from gettok.ocr.step import OcrStep
from gettok.settings import Ocr


def step(recognizer) -> OcrStep:
    return OcrStep(Ocr(backend="rapidocr", recognizer=recognizer, min_confidence=0.5, max_concurrency=1))


@pytest.fixture(scope="module")
def cyrillic(tmp_path_factory) -> str:
    return str(translated(tmp_path_factory.mktemp("cyrillic") / "cyrillic.onnx", CYRILLIC))


def read(opened: OcrStep, *lines: str):
    (row,) = opened.read(opened.ask(GivenPictures((Picture(0, 0.0, jpeg(*lines)),))))
    return row


def test_the_settings_choice_reads_its_own_script_and_is_named_in_the_rows(cyrillic):
    chosen, own = step(cyrillic), step(None)
    chosen.open()
    assert dict(chosen.alphabet.letters_by_script) == {"Cyrillic": 19}
    assert (chosen.alphabet.unread_scripts("ЛИМА"), chosen.alphabet.unread_scripts("LIMA")) == ([], ["Latin"])
    assert read(chosen, "LIMA", "PERU")["text"] == "ЛИМА\nПЕРУ"
    assert read(own, "LIMA", "PERU")["text"] == "LIMA\nPERU", "each thread keeps a reader for each recogniser"
    assert read(chosen, "LIMA")["reader"] == f"{read(own)['reader']} with cyrillic.onnx"
    assert read(chosen, "LIMA")["reader_sha256"] != read(own)["reader_sha256"]


def test_the_doctor_says_what_it_reads(cyrillic):
    assert re.fullmatch(
        r"OCR by rapidocr [\d.]+ with cyrillic\.onnx reads Cyrillic \(19 letters\)",
        ocr_line(step(cyrillic).ocr),
    )
    assert " reads Han (15,9" in ocr_line(step(None).ocr)
    assert ocr_line(None) == "OCR is off"


def test_the_key_depends_on_what_is_in_the_file_and_not_on_where_it_is(cyrillic, tmp_path):
    again = translated(tmp_path / "cyrillic.onnx", CYRILLIC)
    (tmp_path / "other").mkdir()
    other = translated(tmp_path / "other" / "cyrillic.onnx", ARABIC)
    settings = [step(str(recognizer)).settings for recognizer in (cyrillic, again, other)]
    assert settings[0] == settings[1] != settings[2]


def test_arabic_comes_in_the_order_of_reading_and_not_as_the_line_looks(tmp_path):
    opened = step(str(translated(tmp_path / "arabic.onnx", ARABIC)))
    assert dict(opened.alphabet.letters_by_script) == {"Arabic": 26}
    assert read(opened, "LIMA")["text"] == "LIMA".translate(ARABIC)[::-1]


def test_characters_may_be_in_a_file_beside_the_model_and_count_for_the_key(tmp_path):
    model = without_characters(tmp_path / "plain.onnx")
    characters = embedded(rapidocr.installed().models["Rec"])
    model.with_suffix(".txt").write_text(translate(characters, CYRILLIC) + "\n", "utf-8")
    opened = step(str(model))
    opened.open()
    assert read(opened, "LIMA")["text"] == "ЛИМА"
    moved = without_characters(tmp_path / "moved.onnx")
    moved.with_suffix(".txt").write_text(characters, "utf-8")
    assert step(str(moved)).settings["reader"]["sha256"] != opened.settings["reader"]["sha256"]


@pytest.mark.parametrize(
    ("content", "characters", "why"),
    [
        (None, None, "there is no file"),
        (b"not a model", None, "cannot be used: .*Protobuf"),
        (b"", None, "cannot be used: .*No graph"),
        (..., None, r"those beside it: .*wrong\.txt"),
        (..., b"\xff\xfe", "those beside it: .*utf-8"),
        (..., b"a\nb\nc\n", "18710 classes, but 3 characters"),
        ("", None, "18710 classes, but 0 characters"),
        ("a\nb", None, "18710 classes, but 2 characters"),
    ],
)
def test_what_is_no_recogniser_is_refused_before_the_first_frame(tmp_path, content, characters, why):
    model = tmp_path / "wrong.onnx"
    if content is ...:
        without_characters(model)
    elif isinstance(content, str):
        with_characters(model, content)
    elif content is not None:
        model.write_bytes(content)
    if characters is not None:
        model.with_suffix(".txt").write_bytes(characters)
    with pytest.raises(BadSettings, match=why):
        step(str(model)).open()


def test_a_field_of_the_format_has_its_number_its_length_and_its_bytes():
    assert field(14, b"x" * 300) == b"\x72\xac\x02" + b"x" * 300
