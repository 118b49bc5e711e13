"""Codes of languages, made comparable: TikTok writes `spa-ES`, Whisper `es`, and other models anything."""

from importlib import import_module

#: Languages for which the two use different codes: Whisper's Chinese is TikTok's Mandarin, its Tagalog is Filipino, and
#: its Javanese has a code that ISO 639 withdrew.
_SYNONYMS = {"cmn": "zh", "fil": "tl", "jw": "jv"}


def two_letters(name: str | None) -> str | None:
    """The ISO 639-1 code of `spa-ES`, `spa` or `es`; a language without such a code keeps its own.

    None for no name, and for the codes that mean an unknown language.
    """
    code = (name or "").replace("_", "-").split("-")[0].strip().lower()
    if code in ("", "und", "mis", "mul", "zxx"):
        return None
    codes = import_module("yt_dlp.utils").ISO639Utils
    return _SYNONYMS.get(code) or codes.long2short(code) or code
