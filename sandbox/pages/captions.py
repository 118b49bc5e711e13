"""Captions of videos as on the website: their entries in a page's data, and their files."""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import JsonObject

Segment = tuple[float, float, str]
"""Start and end in seconds, and the text."""


@dataclass(frozen=True, slots=True)
class Caption:
    language: str
    """A two-letter code such as `es`."""
    source: str
    """`ASR` (speech recognition), `MT` (machine translation) or `LC` (the author's own)."""
    format: str
    """A key of `FORMATS`."""
    segments: tuple[Segment, ...]

    @property
    def is_automatic(self) -> bool:
        return self.source != "LC"


def caption_from_json(line: Mapping[str, Any]) -> Caption:
    """Raises `ValueError` for a source or a format that no page has."""
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
    """The editor's own JSON, in milliseconds. Its keys are guessed: tools only show that it is JSON."""
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
    suffix: str
    content_type: str
    write: Callable[[Sequence[Segment]], str]


FORMATS: Mapping[str, Format] = {
    "webvtt": Format("vtt", "text/vtt; charset=utf-8", webvtt),
    "srt": Format("srt", "application/x-subrip; charset=utf-8", srt),
    "creator_caption": Format("json", "application/json; charset=utf-8", utterances),
}
VERSIONS: Mapping[str, str] = {"ASR": "1:whisper_lid", "MT": "4", "LC": "1"}
"""The version of the captions' maker in a page; the values are invented, only their form is known."""
LANGUAGES: Mapping[str, tuple[str, str]] = {"es": ("spa-ES", "9"), "en": ("eng-US", "2")}
"""`LanguageCodeName` and `LanguageID`; what the numbers mean is not known."""


def file_of(caption: Caption) -> bytes:
    return FORMATS[caption.format].write(caption.segments).encode()


def subtitle_info(caption: Caption, url: str, expire: int) -> JsonObject:
    """An entry of `video.subtitleInfos`."""
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
    """The `video.claInfo` of all captions (cla: "closed captions")."""
    info = {"hasOriginalAudio": True, "enableAutoCaption": True, "captionInfos": []}
    if not captions:
        return info | {"noCaptionReason": 3}
    return info | {"captionInfos": [_caption_info(*pair) for pair in zip(captions, urls, strict=True)]}


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
    """`LanguageCodeName` and `LanguageID`; a language that is not listed keeps its own code."""
    return LANGUAGES.get(language, (language, "0"))
