"""The letters that a recogniser can write, and the scripts that it reads."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from fontTools.unicodedata import script, script_name

#: Scripts, by their codes in ISO 15924, of letters that no script has to itself, such as `ー` and `ʼ`.
_NO_SCRIPT = {"Zyyy", "Zinh", "Zzzz"}
#: An alphabet that has fewer letters of a script has them as symbols.
_FEWEST_LETTERS = 10
#: A Chinese alphabet has the letters of these as symbols, from mathematics and GB 2312, and its model knows no words in
#: them: PP-OCRv6, which has all capitals of Greek, reads `ΕΚΛΟΓΕΣ ΤΩΡΑ` as `EKΛOFEΣ TΩPA`, with a confidence of 0.9.
_SYMBOLS_BESIDE_HAN = {"Grek", "Cyrl"}


@dataclass(frozen=True)
class OcrAlphabet:
    """The characters that a recogniser can write. Letter case, and the widths and forms of a letter, do not matter."""

    characters: frozenset[str]

    @cached_property
    def letters_by_script(self) -> Mapping[str, int]:
        """The names of the scripts that it reads, such as `Latin`, with the number of letters, the most first."""
        return {script_name(code): count for code, count in self._scripts.most_common()}

    def unread_scripts(self, text: str) -> list[str]:
        """The names of the scripts of those letters of the text that the recogniser cannot write; sorted.

        Vietnamese gives `Latin` if the alphabet lacks its accents: the recogniser then leaves these letters out.
        """
        unread = {code for letter, code in _letters(text) if (letter, code) not in self._letters}
        return sorted(map(script_name, unread))

    @cached_property
    def _letters(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (letter, code) for letter, code in _letters("".join(self.characters)) if code in self._scripts
        )

    @cached_property
    def _scripts(self) -> Counter[str]:
        counts = Counter(code for _, code in set(_letters("".join(self.characters))))
        symbols = _SYMBOLS_BESIDE_HAN if "Hani" in counts else set[str]()
        return Counter(
            {code: n for code, n in counts.items() if n >= _FEWEST_LETTERS and code not in symbols}
        )


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """Each letter that belongs to a script, in its plain form, with the script's code. Signs such as `№` are none."""
    for character in filter(_is_letter, unicodedata.normalize("NFC", text)):
        for letter in filter(_is_letter, unicodedata.normalize("NFKC", character).casefold()):
            if (code := script(letter)) not in _NO_SCRIPT:
                yield letter, code


def _is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L")
