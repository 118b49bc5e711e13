"""Folding of hashtags: capitals and accents disappear, and no letter does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.tabulate import folded


@pytest.mark.parametrize(
    ("tag", "plain"),
    [
        ("PedroCastillo", "pedrocastillo"),
        ("pedrocastilloperú", "pedrocastilloperu"),
        ("PERU\u0301", "peru"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("ＦＹＰ", "fyp"),
        ("ガス", "ガス"),
        ("กิ่ง", "กิ่ง"),
        ("हिंदी", "हिंदी"),
    ],
)
def test_folding_takes_away_capitals_and_accents_and_no_letters(tag, plain):
    assert folded(tag) == plain


@settings(max_examples=500)
@given(st.text())
def test_folding_twice_is_folding_once(tag):
    assert folded(folded(tag)) == folded(tag)
