"""Lines of words on a frame: as many words as fit, and a word that is too wide is cut."""

from io import BytesIO

import pytest
from PIL import Image

from gettok.annotate.prompt_injection.painting import _lines, with_words


class Font:
    """Every letter is one pixel wide."""

    def getlength(self, text):
        return len(text)


@pytest.mark.parametrize(
    ("words", "width", "lines"),
    [
        ("aa bb", 5, ["aa bb"]),
        ("aa bbb", 5, ["aa", "bbb"]),
        ("aaaaa", 5, ["aaaaa"]),
        ("aaaaaa", 5, ["aaaaa", "a"]),
        ("aaaaaaaaaaa b", 5, ["aaaaa", "aaaaa", "a b"]),
        ("b aaaaaa", 5, ["b", "aaaaa", "a"]),
        ("abc", 0.5, ["a", "b", "c"]),
        (" a \n b ", 5, ["a b"]),
        ("", 5, []),
    ],
)
def test_a_line_is_at_most_as_wide_as_the_frame(words, width, lines):
    assert list(_lines(words, Font(), width)) == lines


@pytest.mark.parametrize(("width", "size"), [(100, 14), (252, 14), (270, 15), (360, 20)])
def test_the_band_below_the_frame_has_room_for_its_lines(width, size):
    buffer = BytesIO()
    Image.new("RGB", (width, 40), "white").save(buffer, "JPEG")
    painted = Image.open(BytesIO(with_words(buffer.getvalue(), "a")))
    assert painted.size == (width, 40 + size * 3)
    assert min(painted.crop((0, 0, width, 32)).convert("L").tobytes()) > 200
    assert max(painted.crop((0, 48, width, 40 + size * 3)).convert("L").tobytes()) > 150
