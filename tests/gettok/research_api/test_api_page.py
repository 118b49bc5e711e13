"""How the text of an answer is parsed: numbers of any length, sent as numbers or as digits."""

import pytest

from gettok.research_api.page import parse_json, whole_number


def test_ids_of_any_length_are_read_digit_for_digit():
    assert parse_json('{"id": 72895611234045119775}') == {"id": 72895611234045119775}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (72895611234045119775, 72895611234045119775),
        (True, None),
        (None, None),
        ("", None),
        ("x", None),
        ("9" * 5000, None),
        (float("nan"), None),
        (float("inf"), None),
        ([7], None),
    ],
)
def test_a_number_may_come_as_its_digits(value, number):
    assert whole_number(value) == number
    assert not isinstance(whole_number(value), bool)
