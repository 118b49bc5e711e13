"""TikTok's own captions of a video: which of them to fetch, and what they say.

A page may offer several: those of a recogniser (`ASR`), those of a person (`LC`), and machine translations of them
(`MT`), each as WebVTT, SRT or JSON. None of it is documented, so every key is optional and of any type.
"""

import html
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from webvtt import WebVTT
from webvtt.errors import MalformedCaptionError, MalformedFileError

from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates, to_list, to_mapping
from gettok.step import Json, Row

#: What a file of captions may weigh; an hour of speech has about 100 kB.
MOST_BYTES = 5_000_000

#: By their source, best first: what was said comes before what was made of it.
_SOURCES = ("ASR", "LC", "", "MT")

Segment = dict[str, float | str]


@dataclass(frozen=True)
class Captions:
    """One file of captions as the page states it, without its address: that is signed, and another each time."""

    language: str
    source: str
    format: str
    version: str

    @property
    def suffix(self) -> str:
        """The ending of a file with them."""
        return _FORMATS[self.format][0]


@dataclass(frozen=True)
class Fetched:
    """Captions with their file verbatim, or with the reason why it could not be had."""

    captions: Captions
    data: bytes | None
    trouble: str | None = None

    @property
    def facts(self) -> dict[str, Json]:
        return {**asdict(self.captions), "trouble": self.trouble}


def listed(video: Mapping[str, Json]) -> list[tuple[str, Captions]]:
    """Address and facts of the captions worth fetching, best first; a translation is listed only if nothing else is."""
    infos = to_list(to_mapping(video.get("video")).get("subtitleInfos"))
    found = [_read(info) for info in infos if isinstance(info, dict)]
    usable = [(url, captions) for url, captions in found if url and captions.format in _FORMATS]
    original = [(url, captions) for url, captions in usable if captions.source != "MT"]
    return sorted(original or usable, key=lambda one: (_rank(one[1]), one[1].version))


def row(video_id: str, facts: Mapping[str, Json], data: bytes) -> Row:
    """The row of the table `captions`. Raises `Unusable`: malformed."""
    segments = parse(data, str(facts["format"]))
    return {
        "video_id": video_id,
        "language": facts["language"],
        "source": facts["source"],
        "format": facts["format"],
        "text": " ".join(str(segment["text"]) for segment in segments),
        "segments": segments,
    }


def parse(data: bytes, form: str) -> list[Segment]:
    """The pieces in order of time. Raises `Unusable("malformed")` where there is not one."""
    text = data.decode("utf-8-sig", "replace")
    segments = [segment for piece in _FORMATS[form][1](text) if (segment := _segment(*piece))]
    if not segments:
        raise Unusable("malformed", f"no captions in a file of {form}")
    return sorted(segments, key=lambda segment: (segment["start_s"], segment["end_s"]))


def _read(info: dict[str, Json]) -> tuple[str, Captions]:
    names = ("Url", "LanguageCodeName", "Source", "Format", "Version")
    url, *facts = (
        "" if info.get(name) is None else str(replace_surrogates(str(info[name])))[:2000] for name in names
    )
    return url, Captions(*facts)


def _rank(captions: Captions) -> tuple[int, int, str]:
    source = captions.source if captions.source in _SOURCES else ""
    return _SOURCES.index(source), list(_FORMATS).index(captions.format), captions.language


def _segment(start: Json, end: Json, text: Json) -> Segment | None:
    """None for a piece without words, or whose times are none."""
    if not isinstance(text, str) or not all(_is_time(time) for time in (start, end)) or end < start:
        return None
    words = " ".join(html.unescape(str(replace_surrogates(text))).replace("\0", "").split())
    return (
        {"start_s": round(float(start), 3), "end_s": round(float(end), 3), "text": words} if words else None
    )


def _is_time(value: Json) -> bool:
    """Seconds that a video can have."""
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1e6


_Piece = tuple[Json, Json, Json]


def _subtitles(form: str) -> Callable[[str], Iterable[_Piece]]:
    def pieces(text: str) -> Iterable[_Piece]:
        try:
            found = WebVTT.from_buffer(text.splitlines(keepends=True), format=form).captions
        except (MalformedFileError, MalformedCaptionError) as error:
            raise Unusable("malformed", f"no {form}: {error}") from error
        return [(_seconds(one.start_time), _seconds(one.end_time), one.text) for one in found]

    return pieces


def _seconds(time: Json) -> float:
    return float(time.hours * 3600 + time.minutes * 60 + time.seconds + time.milliseconds / 1000)


def _utterances(text: str) -> Iterable[_Piece]:
    """JSON with `utterances`, whose times are in milliseconds."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("malformed", "no JSON") from error
    lines = whole.get("utterances") if isinstance(whole, dict) else whole
    for line in to_list(lines):
        if isinstance(line, dict):
            yield _thousandth(line.get("start_time")), _thousandth(line.get("end_time")), line.get("text")


_LONGEST_MS = 1e9


def _thousandth(time: Json) -> Json:
    return time / 1000 if type(time) in (int, float) and abs(time) < _LONGEST_MS else None


#: Each format's file ending and reader, best first.
_FORMATS: Mapping[str, tuple[str, Callable[[str], Iterable[_Piece]]]] = {
    "webvtt": (".vtt", _subtitles("vtt")),
    "srt": (".srt", _subtitles("srt")),
    "creator_caption": (".json", _utterances),
}
