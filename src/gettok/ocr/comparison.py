"""A model's reading of a video's on-screen text beside that of OCR: the columns of `descriptions` about the two."""

from collections.abc import Sequence

from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.error_rate import cer, distinct
from gettok.step import Row


def ocr_columns(text: str | None, lines: Sequence[str] | None, alphabet: OcrAlphabet | None) -> Row:
    """The columns for one video; the table has their meaning.

    `text` is the model's reading, None if it has none; `lines` are those of OCR, None if it could not read the frames;
    `alphabet` is that of its recogniser, None without OCR. Where the model's text has a letter that OCR cannot write,
    their difference would be OCR's fault, so there is no rate.
    """
    read = {} if lines is None else {"ocr_text": "\n".join(distinct(lines))}
    if text is None:
        return read
    if alphabet is None or lines is None:
        return {"ocr_cer_reason": "off" if alphabet is None else "unread"}
    if unread := alphabet.unread_scripts(text):
        return {**read, "ocr_cer_reason": "unknown_letters", "ocr_unread_scripts": unread}
    return {**read, "ocr_cer": cer(lines, text)}
