"""Codes of languages, made comparable: TikTok writes `spa-ES`, Whisper `es`, and other models anything."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import import_module

#: The codes of ISO 639 for a language that is not known or has no code, several languages, and no language at all.
_NO_LANGUAGE = {"", "und", "mis", "mul", "zxx"}


@lru_cache(maxsize=1024)
def language_code(name: str | None) -> str | None:
    """Whisper's code of the language in `spa-ES`, `spa` or `es`; of one that Whisper lacks, its code in ISO 639.

    A member of a macrolanguage (ISO 639-3) that Whisper has takes its code, unless Whisper has the member as well:
    Egyptian Arabic is `ar` and Bokmål `no`, but Cantonese `yue`. In a macrolanguage that Whisper lacks, only the
    standard member does (Unicode's CLDR): Cusco Quechua is `qu`, that of Ayacucho stays `quy`. No language gets the
    code of one that is only near, as langcodes' matching would give `de` to Alemannic. Scripts and regions go.

    None for no name, and for the codes that mean an unknown language. What is not a code stays as it is, in lower case.
    """
    tag = (name or "").strip().lower()
    language = _language(tag) or tag
    return None if language in _NO_LANGUAGE else next(_codes(language), language)


def _codes(language: str) -> Iterator[str]:
    """The codes to prefer to this one of the language, best first."""
    from langcodes.data_dicts import MACROLANGUAGES, NORMALIZED_MACROLANGUAGES  # noqa: PLC0415 - as in `_language`

    whisper = _whisper_codes()
    for code in (language, _language(MACROLANGUAGES.get(language, ""))):
        if code in whisper:
            yield whisper[code]
    yield from (
        code for code in (language, NORMALIZED_MACROLANGUAGES.get(language, "")) if len(code) == len("qu")
    )


def _language(tag: str) -> str | None:
    """The language of a tag as the registry of languages writes it today.

    The language alone counts if what follows it is not well-formed: `es_ES.UTF-8`. None if that is not, either.
    """
    from langcodes import Language  # noqa: PLC0415 - reads large tables, and most importers of this module have no name
    from langcodes.tag_parser import LanguageTagError  # noqa: PLC0415 - as above

    for part in (tag, tag.replace("_", "-").split("-")[0]):
        try:
            return Language.get(part).language or "und"
        except LanguageTagError:
            continue
    return None


@cache
def _whisper_codes() -> Mapping[str | None, str]:
    """Whisper's codes by today's: it has `jw` for Javanese, which is `jv`, and `tl` for Filipino, which is `fil`."""
    return {_language(code): code for code in import_module("whisperx.utils").LANGUAGES}
