"""What a model wrote for a variable, as a typed value: by these rules, or not at all.

Cannot tell: null, or a word for it, such as `unknown`; `none` is not among them, as it may mean that nothing holds.
Labels: the label itself, or one of its synonyms, whatever the capitals, accents and signs between words, if that is one
label alone; a number or a boolean counts as JSON writes it. `yes_no` also takes true and false, and yes and no in six
languages. Several labels: a list of them, or one; `none` alone is an empty list, unless it is a label.
Numbers: JSON's, and texts with digits whose signs can be read in one way only, or in words that mean one number in all
languages that know them. A range, an approximation and a number with a unit are none, as only a guess could tell which
number is meant; nor is a whole number that no float holds.
"""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates
from gettok.settings.codebook import Kind, Variable
from gettok.step import Json

#: A label, a number, a text, or several labels or quotations.
Value: TypeAlias = str | float | tuple[str, ...]

#: The column of `annotations` that has the values of a kind. It is also their name in a model's answer.
COLUMN_OF: Mapping[Kind, str] = MappingProxyType(
    {
        "one_of": "label",
        "ordinal": "label",
        "yes_no": "label",
        "any_of": "labels",
        "number": "number",
        "text": "text",
        "span": "quotes",
    }
)

_CANNOT_TELL = frozenset({"null", "unknown", "unclear", "cannot tell", "cannot be told"})
_YES_NO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"yes": ("true", "si", "sim", "oui", "ja"), "no": ("false", "nao", "non", "nein", "nee")}
)
#: Not Danish, in which Spanish `tres` is 60.
_LANGUAGES = ("en", "es", "pt", "fr", "de", "it", "nl")
#: What `text2num` takes for numbers, and what is none: stems of ordinals, parts, and plurals that say no number.
_NO_NUMBERS = frozenset(
    {
        "o",
        "second",
        "prim",
        "tercer",
        "terz",
        "quart",
        "quint",
        "tens",
        "cents",
        "hundreds",
        "thousands",
        "millions",
    }
)
#: Accents of Latin and Greek letters. Those of other scripts make other letters, such as й of и.
_ACCENTS = re.compile("(?<=[a-z\u0370-\u03ff])[\u0300-\u036f]+")
_MINUS = re.compile(r"(?<!\S)-(?=\d)")

#: Three digits behind a single comma or dot may be thousands as well as decimals.
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
#: How digits can be written, with the signs to leave out and the decimal sign to replace.
_DIGITS: Mapping[re.Pattern[str], tuple[str, str]] = MappingProxyType(
    {
        re.compile(r"[+-]?\d+(?:\.\d+)?"): ("", ""),
        re.compile(r"[+-]?\d+,\d+"): ("", ","),
        re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:\.\d+)?"): (" \u00a0\u202f'’", ""),
        re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+,\d+"): (" \u00a0\u202f'’", ","),
        re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+|[+-]?\d{1,3}(?:,\d{3}){2,}"): (",", ""),
        re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+|[+-]?\d{1,3}(?:\.\d{3}){2,}"): (".", ","),
    }
)


def read_value(variable: Variable, written: Json) -> Value | None:
    """The value; None if the model says that it cannot tell, and may. Raises `Unusable` (malformed)."""
    if _says_nothing(variable, written):
        if variable.abstain:
            return None
        raise _malformed(variable, written)
    match variable.kind:
        case "any_of":
            return _several_labels(variable, written)
        case "number":
            return _number(variable, written)
        case "text":
            return _text(variable, written)
        case "span":
            return tuple(dict.fromkeys(_text(variable, part) for part in _listed(variable, written)))
        case _:
            return _label(variable, written)


def as_text(value: Value) -> str:
    """A value in a column of texts: labels and texts as they are, numbers as short as can be, lists as JSON."""
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return repr(value).removesuffix(".0") if isinstance(value, float) else value


def plain(text: str) -> str:
    """Without capitals, accents, and signs between words: `No_Support.` and `no support` are the same.

    Signs that mean something stay: those of calculation and of currencies, and a minus before a number.
    """
    letters = _ACCENTS.sub("", unicodedata.normalize("NFD", text.casefold().replace("\u2212", "-")))
    return " ".join("".join(c if _is_of_a_word(c) else " " for c in _MINUS.sub("\u2212", letters)).split())


def _is_of_a_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LMN" or category in ("Sc", "Sm")


def _says_nothing(variable: Variable, written: Json) -> bool:
    """Whether it is null, or a word for that which is no label."""
    if not isinstance(written, str) or variable.kind == "span":
        return written is None
    return plain(written) in _CANNOT_TELL and not _labels_meant(variable, written)


def _label(variable: Variable, written: Json) -> str:
    meant = _labels_meant(variable, written)
    if len(meant) != 1:
        raise _malformed(variable, written)
    return meant[0]


def _labels_meant(variable: Variable, written: Json) -> list[str]:
    """The labels that it may mean: the one that it is, or all that are spelled alike."""
    if isinstance(written, bool | int):
        written = json.dumps(written)
    if not isinstance(written, str):
        return []
    text = str(replace_surrogates(written))
    if text in variable.label_names:
        return [text]
    words = plain(text)
    return [label for label, spellings in _spellings(variable).items() if words and words in spellings]


def _spellings(variable: Variable) -> dict[str, set[str]]:
    """The plain forms of each label and its synonyms."""
    spellings = {label: {plain(label)} for label in variable.label_names}
    for label in variable.labels:
        spellings[label.label] |= set(map(plain, label.synonyms))
    if variable.kind == "yes_no":
        for name, words in _YES_NO.items():
            spellings[name] |= set(words)
    return spellings


def _several_labels(variable: Variable, written: Json) -> tuple[str, ...]:
    """In the order of the codebook."""
    given = {_label(variable, part) for part in _listed(variable, written)}
    return tuple(label for label in variable.label_names if label in given)


def _listed(variable: Variable, written: Json) -> list[Json]:
    """A list as it is, and anything else as a list of one; an empty list for `none` or an empty text alone."""
    parts = written if isinstance(written, list) else [written]
    match parts:
        case [str(only)] if not only or (only.casefold() == "none" and not _labels_meant(variable, only)):
            return []
    return parts


def _number(variable: Variable, written: Json) -> float:
    number: int | float | Decimal | None = None
    if isinstance(written, str):
        text = written.strip().replace("\u2212", "-")
        number = _in_digits(text)
        number = _in_words(text) if number is None else number
    elif isinstance(written, int | float) and not isinstance(written, bool):
        number = written
    value = None if number is None else _as_float(number)
    if value is None:
        raise _malformed(variable, written)
    return value


def _as_float(number: float | Decimal) -> float | None:
    """The float that is nearest; None for a whole number that no float holds exactly, and for what is not finite."""
    try:
        nearest = float(number)
    except OverflowError:  # of very many digits
        return None
    is_held = math.isfinite(nearest) and (nearest == number or not nearest.is_integer())
    return nearest + 0.0 if is_held else None  # never -0.0


def _in_digits(text: str) -> Decimal | None:
    if not text.isascii() and not set(text) <= set("\u00a0\u202f’0123456789+-.,"):
        return None
    for pattern, (left_out, decimal) in _DIGITS.items():
        if pattern.fullmatch(text) and not _AMBIGUOUS.fullmatch(text):
            digits = text.translate(dict.fromkeys(map(ord, left_out)))
            return Decimal(digits.replace(decimal, ".") if decimal else digits)
    return None


def _in_words(text: str) -> int | None:
    """The number, if the languages that know the words agree on it."""
    from text_to_num import text2num  # noqa: PLC0415 - few numbers are written in words

    words, found = text.casefold(), set()
    for language in _LANGUAGES:
        with suppress(ValueError):
            found.add(text2num(words, language))
    return found.pop() if len(found) == 1 and words not in _NO_NUMBERS else None


def _text(variable: Variable, written: Json) -> str:
    if not isinstance(written, str) or not written.strip():
        raise _malformed(variable, written)
    return str(replace_surrogates(written.strip()))


def _malformed(variable: Variable, written: Json) -> Unusable:
    shown = str(replace_surrogates(json.dumps(written, ensure_ascii=False)))[:100]
    return Unusable("malformed", f"{shown} is no value of the kind {variable.kind}")
