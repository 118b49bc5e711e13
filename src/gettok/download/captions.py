"""TikTok's own captions of a video: chooses which to fetch, and reads them.

A page may offer several: from a speech recogniser (`ASR`), from a person (`LC`), and machine translations of them
(`MT`), each as WebVTT, SRT or JSON. TikTok documents none of this, so any key may be missing or have any type.
"""

import html
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from gettok.download.caption_formats import FORMATS, decoded
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
        return FORMATS[self.format][0]


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
    usable = [(url, captions) for url, captions in offers if url and captions.format in FORMATS]
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
    segments = [segment for cue in FORMATS[form][1](decoded(data)) if (segment := _segment(*cue))]
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
    return _SOURCES.index(source), list(FORMATS).index(captions.format), captions.language


def _segment(start: Json, end: Json, text: Json) -> Segment | None:
    """None for a cue without words or with impossible times.

    A time before the video begins is its beginning. A cue that ends before it starts has no duration.
    """
    if not isinstance(text, str) or not all(_is_time(time) for time in (start, end)):
        return None
    start = max(start, 0)
    end = max(start, end)
    words = " ".join(html.unescape(str(replace_surrogates(text))).replace("\0", "").split())
    return (
        {"start_s": round(float(start), 3), "end_s": round(float(end), 3), "text": words} if words else None
    )


def _is_time(value: Json) -> bool:
    """Whether it is a number of seconds that a video can have."""
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e6
