"""Names of languages, made comparable: TikTok says `spa-ES`, Whisper says `es`, a model what it likes."""

from importlib import import_module

#: What both name, each in a code of its own: Whisper's Chinese is TikTok's Mandarin, its Tagalog is Filipino, and its
#: Javanese has a code that ISO 639 withdrew.
_ALSO = {"cmn": "zh", "fil": "tl", "jw": "jv"}


def two_letters(name: str | None) -> str | None:
    """The ISO 639-1 code of `spa-ES`, `spa` or `es`; a language without one keeps what it is called by.

    None for no name, and for the codes that say that it is not known.
    """
    code = (name or "").replace("_", "-").split("-")[0].strip().lower()
    if code in ("", "und", "mis", "mul", "zxx"):
        return None
    known = import_module("yt_dlp.utils").ISO639Utils
    return _ALSO.get(code) or known.long2short(code) or code
