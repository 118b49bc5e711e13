"""How texts are compared in a search that knows only digests.

The digest of a whole text does not find it inside a larger one: a caption in a prompt, in a JSON body, in a page. So a
text is known by a few **windows** of six words in a row, each by its SHA-256. Words are compared in small letters, by
NFKC, and without what is between them, so that a copy is found whatever its quotes, line ends or escapes.

The windows of a text do not overlap or touch, and a text has at most four. Digests of all windows would give the text
away: who guesses one has only a single unknown word in the next. Of 13 words or more, the first and the last window are
among them, so a text that was cut at one end is found.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from gettok.collect.tombstones import sha256

#: Words in a window. A text with fewer is not looked for by itself, but where it stands beside an id or a name.
WINDOW = 6
#: Bytes (UTF-8) that the words of a window have together, so that it is not made of digits and single letters.
LEAST_BYTES = 18
MOST_WINDOWS = 4
#: Hex digits of the first word's digest.
ANCHOR_DIGITS = 4

#: Thai, Lao, Burmese, Khmer, kana and Han do not put spaces between words: each character counts as one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_ESCAPE = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrtbf"'/\\]))""")
_SPACES = frozenset("nrtbf")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_TAG = re.compile(r"<[^<>]*>")
#: JSON within JSON within JSON: a page in an answer in a log.
_MOST_ESCAPED = 4


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are compared."""
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def windows(text: str) -> list[str]:
    """The traces of the windows by which a text is known; none for one that is too short."""
    found = words(unescaped(text))
    starts = [at for at in _starts(len(found)) if _is_long(found[at : at + WINDOW])]
    return [window_trace(found[at : at + WINDOW]) for at in starts]


def window_trace(window: Sequence[str]) -> str:
    """How a window is known: by the beginning of its first word's digest, and the SHA-256 of its words.

    With the beginning, only one window in thousands has to be hashed to be compared.
    """
    return f"{sha256(window[0])[:ANCHOR_DIGITS]}:{window_digest(window)}"


def window_digest(window: Sequence[str]) -> str:
    """The SHA-256 of a window's words."""
    return sha256(" ".join(window))


def unescaped(text: str) -> str:
    r"""A text without the escapes of JSON, HTML and addresses, however deep: `\u00e9`, `\\n`, `&eacute;`, `%40`."""
    for _ in range(_MOST_ESCAPED):
        before = text
        if "\\" in text:
            text = _paired(_ESCAPE.sub(_character, text))
        if "&" in text:
            text = html.unescape(text)
        if "%" in text and _PERCENT.search(text):
            text = unquote(text)
        if text == before:
            break
    return text


def without_tags(text: str) -> str | None:
    """What a reader of a page sees as one text, though parts of it are marked; None if it is not a page."""
    return _TAG.sub("", text) if "</" in text else None


def _starts(count: int) -> list[int]:
    """Where the windows begin in so many words: at both ends and evenly between, with a word or more left out."""
    most = min(MOST_WINDOWS, (count + 1) // (WINDOW + 1))
    if most < 2:
        return [0] if count >= WINDOW else []
    return [round(number * (count - WINDOW) / (most - 1)) for number in range(most)]


def _is_long(window: Sequence[str]) -> bool:
    return sum(len(word.encode("utf-8", "surrogatepass")) for word in window) >= LEAST_BYTES


def _character(escape: re.Match[str]) -> str:
    number, byte, letter = escape.groups()
    if number or byte:
        return chr(int(number or byte, 16))
    return " " if letter in _SPACES else str(letter)


def _paired(text: str) -> str:
    r"""With each two halves of a character, such as `\ud83d\ude00`, made one."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
