"""A pseudonym is the same for the same name and key, and is found in texts as in columns."""

import polars as pl
import pytest

from gettok.release import Pseudonyms

NAMES = Pseudonyms(b"one key of sixteen")
MARIA = NAMES.of("account", "maria.p")


def test_a_pseudonym_depends_on_the_key_the_kind_and_the_name():
    made = {
        NAMES.of("video", "7213456789012345601"),
        NAMES.of("video", "7213456789012345602"),
        NAMES.of("account", "7213456789012345601"),
        Pseudonyms(b"another key").of("video", "7213456789012345601"),
    }
    assert len(made) == 4
    assert NAMES.of("video", "7213456789012345601") == "v0f7c93b8bfd47a96ac16"


def test_capitals_do_not_count_in_the_names_of_accounts():
    assert NAMES.of("account", "Maria.P") == MARIA


def test_no_pseudonym_can_be_read_as_a_number():
    made = [NAMES.of("video", str(number)) for number in range(2_000)]
    assert all(name[0] == "v" and len(name) == 21 and name.isalnum() for name in made)
    assert len(set(made)) == 2_000


def test_the_key_is_neither_shown_nor_given_away():
    assert "sixteen" not in repr(NAMES)
    assert NAMES.key_check != Pseudonyms(b"another key").key_check
    assert len(NAMES.key_check) == 16


def test_a_series_keeps_what_is_empty():
    made = NAMES.series("account", pl.Series(["maria.p", None, "MARIA.P"]))
    assert made.to_list() == [MARIA, None, MARIA]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TikTok @maria.p", f"TikTok @{MARIA}"),
        ("@Maria.P, @MARIA.P.", f"@{MARIA}, @{MARIA}."),
        ("TikTok maria.p\nMarcha", f"TikTok {MARIA}\nMarcha"),
        ("MARIA.P", MARIA),
        ("gracias @juan_2", f"gracias @{NAMES.of('account', 'juan_2')}"),
        ("maria.pe y xmaria.p, maria.p2", "maria.pe y xmaria.p, maria.p2"),
        ("mariaxp", "mariaxp"),
        ("nos vemos @ las 8", "nos vemos @ las 8"),
        ("", ""),
    ],
)
def test_names_in_a_text_are_replaced(text, expected):
    assert NAMES.in_text(text, "maria.p") == expected


def test_without_an_author_mentions_are_replaced():
    assert NAMES.in_text("@maria.p y maria.p", None) == f"@{MARIA} y maria.p"
