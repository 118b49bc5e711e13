"""The letters, digits and marks that a recogniser can write, and the scripts that it reads."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from fontTools.unicodedata import script, script_name

from gettok.text.tokens import normalise

#: Scripts, by their codes in ISO 15924, of letters that no script has to itself, such as `ー` and `ʼ`.
_NO_SCRIPT = {"Zyyy", "Zinh", "Zzzz"}
#: The code of a mark that takes the script of its letter, such as a tilde or the vowels of Arabic.
_OF_THE_BASE = "Zinh"
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
        """The names of the scripts of what the recogniser cannot write of the text's words; sorted.

        Letters, digits and marks count, since all of them count in the error rate. Vietnamese gives `Latin` if the
        alphabet lacks its accents: the recogniser then leaves these letters out.
        """
        plain = _plain("".join(normalise(text)))
        if all(map(self._reads.__getitem__, set(plain))):
            return []
        unread = {code for sign, code in _signs(plain) if not self._writes(sign, code)}
        return sorted(map(script_name, unread))

    @cached_property
    def _reads(self) -> Mapping[str, bool]:
        return _ReadSigns(self._writes)

    def _writes(self, sign: str, code: str) -> bool:
        """A letter with an accent may be written as two characters. Letters that are symbols do not count."""
        is_word = code in self._scripts or not _is_letter(sign)
        return is_word and (sign in self._written or self._written.issuperset(_decomposed(sign)))

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(sign for character in self.characters for sign in _plain(character))

    @cached_property
    def _scripts(self) -> Counter[str]:
        letters = {
            letter
            for character in filter(_is_letter, "".join(self.characters))
            for letter in filter(_is_letter, _plain(character))
        }
        counts = Counter(map(script, letters))
        symbols = _SYMBOLS_BESIDE_HAN if "Hani" in counts else set[str]()
        return Counter(
            {
                code: n
                for code, n in counts.items()
                if n >= _FEWEST_LETTERS and code not in symbols | _NO_SCRIPT
            }
        )


class _ReadSigns(dict[str, bool]):
    """Whether a plain sign is written, whatever it is on; found when it is first seen.

    It depends for a mark that all scripts share, which counts as not written.
    """

    def __init__(self, writes: Callable[[str, str], bool]) -> None:
        self._writes = writes

    def __missing__(self, sign: str) -> bool:
        code = script(sign)
        self[sign] = code != _OF_THE_BASE and (code in _NO_SCRIPT or self._writes(sign, code))
        return self[sign]


def _signs(plain: str) -> Iterator[tuple[str, str]]:
    """Each letter, digit and mark of a plain text that belongs to a script, with its script.

    A mark that all scripts share belongs to the script of what it is on.
    """
    code = ""
    for sign in plain:
        code = code if (own := script(sign)) == _OF_THE_BASE else own
        if code not in _NO_SCRIPT:
            yield sign, code


def _plain(text: str) -> str:
    """In Unicode's composed form, without letter case, widths and forms of a letter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _decomposed(sign: str) -> str:
    return unicodedata.normalize("NFD", sign)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L")
