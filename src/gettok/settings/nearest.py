"""What a word with a slip of the keys was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(wrong: str, choices: Iterable[str]) -> str | None:
    """The choice that is spelled most like a wrong word; None if none is similar."""
    by_case = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(wrong.casefold(), by_case, 1, 0.6)
    return by_case[close[0]] if close else None


def did_you_mean(wrong: object, choices: Iterable[str]) -> str:
    """The end of a sentence about a wrong word, such as `; did you mean turbo?`; empty if no choice is similar."""
    close = nearest(wrong, choices) if isinstance(wrong, str) else None
    return f"; did you mean {close}?" if close else ""
