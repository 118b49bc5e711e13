"""Figure 5 in the terminal: the paper's colours, and no control characters of a stranger's text."""

from gettok.cli.differences import lines
from gettok.report.word_differences import mark_differences

YELLOW, RED, BLUE = "\x1b[43m", "\x1b[41m", "\x1b[44m"


def test_each_kind_has_the_paper_s_colour():
    texts = {"voice_to_text": "castillo dijo no paso", "whisper": "Castillo dijo: no pasó"}
    left, right = (lines(mark_differences("1", texts))[place].split(" ") for place in (1, 4))
    assert [YELLOW in word for word in left] == [True, False, False, False]
    assert [RED in word for word in left] == [False, True, False, False]
    assert [BLUE in word for word in right] == [False, False, False, True]
    assert "no" in left
    assert "no" in right


def test_a_word_that_one_side_lacks_is_shown_as_missing():
    printed = lines(mark_differences("1", {"captions": "uno dos", "whisper": "uno"}))
    assert printed[1].count(BLUE) == printed[4].count(BLUE) == 1
    assert "∅" in printed[4]


def test_a_text_cannot_control_the_terminal():
    hostile = "uno\x1b]0;title\x07 dos\u202etres \x9b2J"
    printed = "\n".join(lines(mark_differences("1", {"captions": hostile, "whisper": hostile})))
    assert not set(printed.replace("\x1b[0m", "").replace("\x1b[1m", "")) & {"\x07", "\u202e", "\x9b"}
    assert "\x1b]" not in printed
