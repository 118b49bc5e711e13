"""TikTok's own captions of a video: chooses which to fetch, and reads them.

A page may offer several: from a speech recogniser (`ASR`), from a person (`LC`), and machine translations of them
(`MT`), each as WebVTT, SRT or JSON. TikTok documents none of this, so any key may be missing or have any type.
"""

import html
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from webvtt import WebVTT
from webvtt.errors import MalformedCaptionError, MalformedFileError

from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates, to_mapping, to_mappings
from gettok.step import Json, Row

#: The size limit of a captions file; an hour of speech has about 100 kB.
MAX_BYTES = 5_000_000

#: The sources, best first: a transcript comes before a translation.
_SOURCES = ("ASR", "LC", "", "MT")

Segment = dict[str, float | str]


@dataclass(frozen=True)
class Captions:
    """One file of captions as the page describes it, without its URL, which is signed and differs each time."""

    language: str
    source: str
    format: str
    version: str

    @property
    def suffix(self) -> str:
        """The suffix of a file with them."""
        return _FORMATS[self.format][0]


@dataclass(frozen=True)
class FetchedCaptions:
    """Captions with their file verbatim, or with the reason why it could not be fetched."""

    captions: Captions
    data: bytes | None
    trouble: str | None = None

    @property
    def facts(self) -> dict[str, Json]:
        return {**asdict(self.captions), "trouble": self.trouble}


def offered_captions(video: Mapping[str, Json]) -> list[tuple[str, Captions]]:
    """URL and facts of the captions worth fetching, best first; translations only if there is nothing else."""
    infos = to_mappings(to_mapping(video.get("video")).get("subtitleInfos"))
    offers = [_read(info) for info in infos]
    usable = [(url, captions) for url, captions in offers if url and captions.format in _FORMATS]
    original = [(url, captions) for url, captions in usable if captions.source != "MT"]
    return sorted(original or usable, key=lambda offer: (_rank(offer[1]), offer[1].version))


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
    """The segments in order of time. Raises `Unusable` if there are none: malformed."""
    text = data.decode("utf-8-sig", "replace")
    segments = [segment for cue in _FORMATS[form][1](text) if (segment := _segment(*cue))]
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
    """None for a cue without words or with impossible times."""
    if not isinstance(text, str) or not all(_is_time(time) for time in (start, end)) or end < start:
        return None
    words = " ".join(html.unescape(str(replace_surrogates(text))).replace("\0", "").split())
    return (
        {"start_s": round(float(start), 3), "end_s": round(float(end), 3), "text": words} if words else None
    )


def _is_time(value: Json) -> bool:
    """Whether it is a number of seconds that a video can have."""
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1e6


#: Start and end in seconds, and text, none of them checked yet.
_Cue = tuple[Json, Json, Json]


def _subtitles(form: str) -> Callable[[str], Iterable[_Cue]]:
    def cues(text: str) -> Iterable[_Cue]:
        try:
            captions = WebVTT.from_buffer(text.splitlines(keepends=True), format=form).captions
        except (MalformedFileError, MalformedCaptionError) as error:
            raise Unusable("malformed", f"no {form}: {error}") from error
        return [(_seconds(cue.start_time), _seconds(cue.end_time), cue.text) for cue in captions]

    return cues


def _seconds(time: Json) -> float:
    return float(time.hours * 3600 + time.minutes * 60 + time.seconds + time.milliseconds / 1000)


def _utterances(text: str) -> Iterable[_Cue]:
    """JSON with `utterances`, whose times are in milliseconds."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("malformed", "no JSON") from error
    lines = whole.get("utterances") if isinstance(whole, dict) else whole
    for line in to_mappings(lines):
        yield _from_ms(line.get("start_time")), _from_ms(line.get("end_time")), line.get("text")


_MAX_MS = 1e9


def _from_ms(time: Json) -> Json:
    return time / 1000 if type(time) in (int, float) and abs(time) < _MAX_MS else None


#: Each format's file suffix and parser, best first.
_FORMATS: Mapping[str, tuple[str, Callable[[str], Iterable[_Cue]]]] = {
    "webvtt": (".vtt", _subtitles("vtt")),
    "srt": (".srt", _subtitles("srt")),
    "creator_caption": (".json", _utterances),
}
