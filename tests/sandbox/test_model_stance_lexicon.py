"""Stance by counting the phrases of a lexicon."""

import pytest

from sandbox.model.stance_lexicon import lexicon_score


@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("fuerza presidente", 1),
        ("FUERZA! libertad!", 2),
        ("no es golpista", 1),
        ("nunca fue el presidente legítimo", -1),
        ("no más corrupción", -1),
        ("es preso político, no preso", 2),
        ("vacancia y libertad", 0),
        ("el golpe del congreso golpista", 1),
        ("restitucion sin acento, restitución con acento", 2),
        ("", 0),
    ],
)
def test_the_lexicon_counts_and_negates(text, balance):
    assert lexicon_score(text).balance == balance


def test_confidence_grows_with_agreement():
    texts = [
        "",
        "vacancia y libertad",
        "libertad",
        "libertad libertad",
        "libertad libertad libertad vacancia",
    ]
    assert [lexicon_score(text).confidence for text in texts] == [0.5, 0.5, 0.75, 0.88, 0.73]
