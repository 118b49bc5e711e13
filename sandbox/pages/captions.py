"""Captions of videos as the website has them: what a page says of them, and their files."""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import JsonObject

Segment = tuple[float, float, str]
"""From when to when, in seconds, and the words."""


@dataclass(frozen=True, slots=True)
class Caption:
    language: str
    """Two letters, as in `es`."""
    source: str
    """`ASR` (heard by a machine), `MT` (translated by one) or `LC` (the author's own)."""
    format: str
    """A key of `FORMATS`."""
    segments: tuple[Segment, ...]

    @property
    def is_automatic(self) -> bool:
        return self.source != "LC"


def caption_from_json(line: Mapping[str, Any]) -> Caption:
    """A `ValueError` for a source or a format that no page has."""
    if line["source"] not in VERSIONS or line["format"] not in FORMATS:
        raise ValueError(f"no page has captions like these: {line['source']!r}, {line['format']!r}")
    segments = tuple((float(start), float(end), str(text)) for start, end, text in line["segments"])
    return Caption(line["language"], line["source"], line["format"], segments)


def webvtt(segments: Sequence[Segment]) -> str:
    cues = (
        f"{_clock(start)} --> {_clock(end)}\n{html.escape(text, quote=False)}\n"
        for start, end, text in segments
    )
    return "\n".join(("WEBVTT\n", *cues))


def srt(segments: Sequence[Segment]) -> str:
    cues = (
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(segments, 1)
    )
    return "\n".join(cues)


def utterances(segments: Sequence[Segment]) -> str:
    """The editor's own JSON, in milliseconds. Its keys are guessed: no tool shows more than that it is JSON."""
    lines = [
        {"start_time": round(start * 1000), "end_time": round(end * 1000), "text": text}
        for start, end, text in segments
    ]
    return json.dumps({"utterances": lines}, ensure_ascii=False, separators=(",", ":"))


def _clock(seconds: float, point: str = ".") -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{thousandths:03}"


@dataclass(frozen=True, slots=True)
class Format:
    ending: str
    content_type: str
    written: Callable[[Sequence[Segment]], str]


FORMATS: Mapping[str, Format] = {
    "webvtt": Format("vtt", "text/vtt; charset=utf-8", webvtt),
    "srt": Format("srt", "application/x-subrip; charset=utf-8", srt),
    "creator_caption": Format("json", "application/json; charset=utf-8", utterances),
}
VERSIONS: Mapping[str, str] = {"ASR": "1:whisper_lid", "MT": "4", "LC": "1"}
"""What a page states as the maker's version; invented but for being short texts."""
LANGUAGES: Mapping[str, tuple[str, str]] = {"es": ("spa-ES", "9"), "en": ("eng-US", "2")}
"""`LanguageCodeName` and `LanguageID`; the numbers' meaning is not known."""


def file_of(caption: Caption) -> bytes:
    return FORMATS[caption.format].written(caption.segments).encode()


def subtitle_info(caption: Caption, url: str, expire: int) -> JsonObject:
    """What `video.subtitleInfos` says of one file."""
    name, number = language_names(caption.language)
    return {
        "LanguageID": number,
        "LanguageCodeName": name,
        "Url": url,
        "UrlExpire": expire,
        "Format": caption.format,
        "Version": VERSIONS[caption.source],
        "Source": caption.source,
        "Size": len(file_of(caption)),
    }


def cla_info(captions: Sequence[Caption], urls: Sequence[str]) -> JsonObject:
    """What `video.claInfo` says of all of them ("closed captions": cla)."""
    told = {"hasOriginalAudio": True, "enableAutoCaption": True, "captionInfos": []}
    if not captions:
        return told | {"noCaptionReason": 3}
    return told | {"captionInfos": [_caption_info(*pair) for pair in zip(captions, urls, strict=True)]}


def _caption_info(caption: Caption, url: str) -> JsonObject:
    name, number = language_names(caption.language)
    return {
        "language": name,
        "languageCode": caption.language,
        "languageID": number,
        "url": url,
        "urlList": [url],
        "captionFormat": caption.format,
        "isAutoGen": caption.is_automatic,
        "isOriginalCaption": caption.source != "MT",
    }


def language_names(language: str) -> tuple[str, str]:
    """`LanguageCodeName` and `LanguageID`; a language that is not listed goes by its own code."""
    return LANGUAGES.get(language, (language, "0"))
