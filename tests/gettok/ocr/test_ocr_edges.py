"""Half of a line, the tenth letter of a script, the lowest confidence, and the order of colours; no model is loaded."""

from io import BytesIO

import pytest
from PIL import Image

from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.backends import rapidocr
from gettok.ocr.error_rate import cer, distinct
from gettok.ocr.step import OcrStep
from gettok.settings import Ocr
from gettok.step import Answer


@pytest.mark.parametrize(
    ("lines", "text", "rate"),
    [
        (["abcd"], "abxy", 2 / 4),  # half is found
        (["abcd"], "axyz", 8 / 8),  # less than half: the line is missing, and the word is made up
        (["abcde"], "abcxy", 2 / 5),
        (["abcde"], "abxyz", 10 / 10),
        (["abcd"], "abcdef", 2 / 4),  # the longest run that can share half
        (["abcd"], "abcdefg", 11 / 11),
        (["abcd"], "ab", 2 / 4),
        (["abcd"], "abcx abcd", (0 + 4) / (4 + 4)),  # the better of two places, and not the first
        (["abcd"], "abcd abcx", (0 + 4) / (4 + 4)),
        (["abcd"], "abcx abcy", 1 / 4),  # both places are as good, and neither is made up
        (["a"], "b", 2 / 2),
        (["abc def"], "abc def abc", (0 + 3) / (7 + 3)),
        (["abcdefghijkl", "mno"], "abcdefghijkx mno", 1 / 15),  # a long line weighs more
        (["abc"], "abc xy zw", 5 / 8),  # words that fit no line count with the space between them
    ],
)
def test_a_line_is_missing_if_less_than_half_of_it_is_found(lines, text, rate):
    assert cer(lines, text) == round(rate, 4)


def test_of_lines_with_the_same_words_the_first_is_kept_and_signs_are_lines_too():
    assert distinct(["¡Lima!", "LIMA", "■", "■", "▲", "Cusco"]) == ["¡Lima!", "■", "▲", "Cusco"]


def test_an_alphabet_reads_a_script_of_which_it_has_ten_letters():
    assert dict(OcrAlphabet(frozenset("abcdefghij")).letters_by_script) == {"Latin": 10}
    assert dict(OcrAlphabet(frozenset("abcdefghi")).letters_by_script) == {}
    both = OcrAlphabet(frozenset("абвгдежзийк" + "abcdefghij" + "αβγδεζηθι"))
    assert list(both.letters_by_script.items()) == [("Cyrillic", 11), ("Latin", 10)]
    assert both.unread_scripts("xyz αβγ абв abc") == ["Greek", "Latin"]


@pytest.mark.parametrize(
    ("letter", "is_read"), [("ー", True), ("ʼ", True), ("№", True), ("1", True), ("ñ", False)]
)
def test_signs_that_no_script_has_to_itself_are_not_missed(letter, is_read):
    assert OcrAlphabet(frozenset("abcdefghijn")).unread_scripts(letter) == ([] if is_read else ["Latin"])


@pytest.mark.parametrize("symbols", ["αβγδεζηθικλ", "абвгдежзийкл"])
def test_symbols_beside_chinese_letters_are_no_alphabet(symbols):
    han = "".join(chr(0x4E00 + place) for place in range(20))
    assert list(OcrAlphabet(frozenset(han + symbols)).letters_by_script) == ["Han"]
    assert len(OcrAlphabet(frozenset(symbols)).letters_by_script) == 1


@pytest.mark.parametrize(("confidence", "text"), [(0.49, "b"), (0.5, "a\nb"), (0.51, "a\nb")])
def test_a_line_of_the_lowest_confidence_is_kept(confidence, text):
    box = [[1, 2], [3, 2], [3, 4], [1, 4]]
    lines = [
        {"text": "a", "confidence": confidence, "box": box},
        {"text": "b", "confidence": 0.5, "box": box},
    ]
    answer = Answer(
        {"reader": {"name": "r 1", "sha256": "5a"}, "frames": [{"frame_index": 7, "lines": lines}]}
    )
    step = OcrStep(Ocr(backend="rapidocr", recognizer=None, min_confidence=0.5, max_concurrency=2))
    (row,) = step.read(answer)
    assert (row["frame_index"], row["text"], row["reader"], row["reader_sha256"]) == (7, text, "r 1", "5a")
    assert row["lines"][-1]["box"] == [{"x": 1, "y": 2}, {"x": 3, "y": 2}, {"x": 3, "y": 4}, {"x": 1, "y": 4}]


def test_pixels_are_blue_green_and_red_by_row_and_column():
    image = Image.new("RGB", (3, 2), (10, 20, 30))
    image.putpixel((2, 0), (1, 2, 3))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    pixels = rapidocr._pixels(buffer.getvalue())
    assert pixels.shape == (2, 3, 3)
    assert pixels[0, 2].tolist() == [3, 2, 1]
    assert pixels[1, 0].tolist() == [30, 20, 10]


def test_a_reading_has_two_decimal_places_and_corners_in_whole_pixels():
    class Result:
        txts, scores, boxes = ("a",), (0.98765,), ([[1.4, 2.6], [3.5, 2.4], [3.2, 4.9], [0.6, 4.1]],)

    reader = object.__new__(rapidocr.RapidOcrReader)
    reader._ocr = lambda _: Result
    buffer = BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    (line,) = reader.read(buffer.getvalue())
    assert (line.text, line.confidence, line.box) == ("a", 0.99, ((1, 3), (4, 2), (3, 5), (1, 4)))


def test_only_a_recogniser_that_reads_arabic_is_told_so():
    arabic = OcrAlphabet(frozenset("ابتثجحخدذرزسش"))
    assert rapidocr._recognizer_parameters(arabic) == {"Rec.lang_type": "arabic"}
    assert rapidocr._recognizer_parameters(OcrAlphabet(frozenset("abcdefghij"))) == {}
