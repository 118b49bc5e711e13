"""Everything that the tables have of one video, in words: the same sections for the terminal and for a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any

from gettok.annotate.human_labels.reading import HumanLabel
from gettok.annotate.values import COLUMN_OF
from gettok.errors import counted, reason_in_words
from gettok.report.display import address, title_of
from gettok.report.rendering import render
from gettok.stats.formatting import number
from gettok.step import Row

_COUNTS = {
    "view_count": "view",
    "like_count": "like",
    "comment_count": "comment",
    "share_count": "share",
    "favorites_count": "bookmark",
}
#: As a value.
_CANNOT_TELL = "cannot tell"
_PROFILE = (
    "display_name",
    "bio_description",
    "follower_count",
    "following_count",
    "likes_count",
    "video_count",
)


@dataclass(frozen=True)
class VideoRecord:
    """One video's rows by table, without pictures and verbatim answers; `not_made` has each missing table's stage."""

    video_id: str
    tables: Mapping[str, Sequence[Row]]
    not_made: Mapping[str, str]
    human_labels: Sequence[HumanLabel] = ()
    #: Why the human labels cannot be read.
    human_labels_trouble: str | None = None
    #: Why the video is no longer in the table of videos, though other tables still have it.
    left_out: str | None = None

    def row(self, table: str) -> Row:
        """The video's only row of a table; empty if it has none."""
        rows = self.tables.get(table, ())
        return rows[0] if rows else {}

    @property
    def frames(self) -> list[Row]:
        """The video's frames; a row without a frame has the reason."""
        return [row for row in self.tables.get("frames", ()) if row["frame_index"] is not None]


@dataclass(frozen=True)
class RecordSection:
    """A part of the record: texts by name, and why there are none or not all. Texts are verbatim: escape them."""

    title: str
    facts: Sequence[tuple[str, str]] = field(default=())
    missing: str | None = None


def sections(record: VideoRecord) -> list[RecordSection]:
    """The record from the author to the history of its counts. A fact that the tables do not have is left out."""
    return [
        RecordSection("Video", _given(_video(record)), _missing(record, "videos")),
        RecordSection("File", _given(_file(record.row("media"))), _missing(record, "media")),
        RecordSection("Caption", _given(_caption(record.row("videos"))), _missing(record, "videos")),
        RecordSection("TikTok's transcript", _given(_theirs(record)), _missing(record, "captions")),
        RecordSection(
            "Our transcript", _given(_ours(record.row("transcripts"))), _missing(record, "transcripts")
        ),
        RecordSection("Frames", _given(_frames(record)), _missing(record, "frames")),
        RecordSection(
            "On the screen", _given(_screen(record.row("descriptions"))), _missing(record, "descriptions")
        ),
        RecordSection("Description", _given(_description(record)), _missing(record, "descriptions")),
        *_annotations(record),
        RecordSection("Human labels", _given(_people(record)), record.human_labels_trouble),
        RecordSection("Prompt injection", _given(_variants(record)), _missing(record, "prompt_injection")),
        RecordSection("Counts by day", _given(_history(record)), _missing(record, "counts")),
    ]


def page(record: VideoRecord, images: Mapping[int, bytes]) -> str:
    """The record as one HTML page with the video's frames; every text is escaped."""
    frames = [
        (when(frame), images[frame["frame_index"]])
        for frame in record.frames
        if frame["frame_index"] in images
    ]
    return render("video.html", record=record, sections=sections(record), frames=frames)


def why_missing(row: Row) -> str | None:
    """Why a row of a costly stage has no result, in words; None if it has one."""
    if row.get("status") != "unusable":
        return None
    return reason_in_words(row["reason"], row.get("detail"))


def _missing(record: VideoRecord, table: str) -> str | None:
    if stage := record.not_made.get(table):
        return f"not made yet: run `dvc repro {stage}`"
    rows = record.tables[table]
    if not rows and record.left_out and table == "videos":
        return f"left out of the study: {record.left_out}"
    if not rows:
        return _NO_ROW.get(table, "the table has no row of this video: run `dvc repro`")
    return why_missing(rows[0])


#: Tables that need not have a row of every video.
_NO_ROW = {
    "captions": None,
    "comments": None,
    "prompt_injection": "no variant of this video was judged",
}


def _given(facts: Iterator[tuple[str, Any]]) -> list[tuple[str, str]]:
    """The facts that are there, as text."""
    return [(name, text) for name, value in facts if (text := _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return number(value) if isinstance(value, int | float) else str(value or "")


def _video(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    video = record.row("videos")
    yield "author", f"@{video['username']}" if video.get("username") else None
    for name in _PROFILE:
        yield f"author's {name.replace('_', ' ')}", record.row("users").get(name)
    yield "author's profile", why_missing(record.row("users"))
    yield "published", video.get("created_at")
    yield "link", address(video.get("username"), record.video_id)
    yield "region", video.get("region_code")
    yield "length", f"{video['duration_s']:,} s" if video.get("duration_s") is not None else None
    yield "counts", _counts(video)
    yield "AI label", video.get("ai_label")
    yield "paid label", video.get("paid_label")
    yield "music", video.get("music_id")
    yield "comments collected", len(record.tables.get("comments", ())) or None
    yield "first observed", video.get("first_observed_at")
    yield "last observed", video.get("observed_at")


def _counts(row: Row) -> str:
    counts = ((row.get(column), noun) for column, noun in _COUNTS.items())
    return ", ".join(counted(n, noun) for n, noun in counts if n is not None)


def _file(media: Row) -> Iterator[tuple[str, Any]]:
    yield "file", f"data/media/{media['file']}" if media.get("file") else None
    yield "kind", media.get("kind")
    yield "size", f"{media['bytes']:,} bytes" if media.get("bytes") is not None else None
    yield "length", f"{media['duration_s']:.3f} s" if media.get("duration_s") is not None else None
    yield "pictures", _pictures(media)
    yield "sound", _sound(media)
    yield "no sound because", media.get("sound_trouble")
    yield "no captions because", media.get("captions_trouble")
    yield "Content Credentials", media.get("c2pa")
    yield "of AI by its credentials", media.get("c2pa_ai")
    yield "AI label on its page", media.get("page_ai_label")
    yield "fetched by", media.get("backend")
    yield "SHA-256", media.get("sha256")


def _pictures(media: Row) -> str | None:
    if media.get("width") is None:
        return None
    rate = f" at {media['frame_rate']:.4g} per second" if media.get("frame_rate") else ""
    size = f"{media['width']} by {media['height']} pixels"
    return f"{media['frame_count']:,}{rate}, {size}, {media.get('video_codec') or 'unknown codec'}"


def _sound(media: Row) -> str | None:
    if media.get("has_audio") is None:
        return None
    if not media["has_audio"]:
        return "none"
    loudness = media.get("loudness_lufs")
    parts = (media.get("audio_codec"), None if loudness is None else f"{loudness} LUFS")
    return ", ".join(filter(None, parts)) or "yes"


def _caption(video: Row) -> Iterator[tuple[str, Any]]:
    yield "title", video.get("title")
    yield "text", video.get("description") or ("none" if video else None)
    yield "hashtags", video.get("hashtags")
    yield "mentions", video.get("mentions")


def _theirs(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    video, captions = record.row("videos"), record.row("captions")
    yield "voice_to_text", video.get("voice_to_text") or ("none" if video else None)
    made_by = ", ".join(filter(None, (captions.get("language"), captions.get("source"))))
    yield "captions", captions.get("text") or ("none" if "captions" in record.tables else None)
    yield "captions are", made_by


def _ours(transcript: Row) -> Iterator[tuple[str, Any]]:
    yield "text", transcript.get("text")
    if transcript.get("raw_text") != transcript.get("text"):
        yield "with hallucinations", transcript.get("raw_text")
    yield "language", _language(transcript)
    yield "sound", transcript.get("speech")
    if transcript.get("status") == "ok":
        yield "quality flags", transcript.get("quality_flags") or "none"
    yield "model", transcript.get("speech_model")


def _language(transcript: Row) -> str | None:
    language, probability = transcript.get("language"), transcript.get("language_probability")
    return language if probability is None else f"{language}, with probability {probability:.2f}"


def _frames(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    yield "frames", len(record.frames) or None
    yield "at", [when(frame) for frame in record.frames]


def when(frame: Row) -> str:
    """When a frame is shown; a photo has a number instead."""
    time = frame["time_s"]
    return f"photo {frame['frame_index'] + 1}" if time is None else f"{time:.3f} s"


def _screen(described: Row) -> Iterator[tuple[str, Any]]:
    if described.get("status") != "ok":
        return
    yield "read by the model", described.get("on_screen_text") or "no text"
    yield "language", described.get("on_screen_language")
    ocr_text = described.get("ocr_text")
    yield "read by OCR", "not read" if ocr_text is None else ocr_text or "no text"
    yield "character error rate", described.get("ocr_cer")
    yield "no error rate because", described.get("ocr_cer_reason")


def _description(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    described = record.row("descriptions")
    times = {frame["frame_index"]: when(frame) for frame in record.frames}
    yield "text", described.get("description")
    yield (
        "of the frames at",
        [times.get(index, f"index {index}") for index in described.get("frame_indices") or ()],
    )
    yield "model", described.get("model")


def _annotations(record: VideoRecord) -> Iterator[RecordSection]:
    """A section for each variable of the codebook."""
    rows = record.tables.get("annotations", ())
    if not rows:
        yield RecordSection("Annotations", missing=_missing(record, "annotations"))
    for row in rows:
        yield RecordSection(title_of(row["variable"]), _given(_annotation(row)), why_missing(row))


def _annotation(row: Row) -> Iterator[tuple[str, Any]]:
    yield _value(row)
    if row.get("confidence") is not None:
        yield "confidence", f"{row['confidence']:.0%}, by {row['confidence_by']}"
    yield "votes", _votes(row)
    yield "tied with", [value or _CANNOT_TELL for value in row.get("tied_with") or ()]
    yield "quotations are in", [", ".join(inputs) for inputs in row.get("quotes_in") or ()]
    yield "quoted, but in none of the texts", row.get("misquoted")
    yield "evidence", row.get("evidence")
    if row.get("evidence"):
        yield "evidence is in", row.get("evidence_in") or "none of the texts, literally"
    yield "missing, says the model", row.get("missing")
    yield "judged by", row.get("inputs_used")
    yield "model", row.get("model")


def _value(row: Row) -> tuple[str, Any]:
    """The name and the value of the column that has one; an empty list is a value."""
    if row.get("status") != "ok":
        return "value", None
    if row.get("abstained"):
        return "value", _CANNOT_TELL
    name, value = next(
        ((name, row[name]) for name in COLUMN_OF.values() if row.get(name) is not None), ("value", None)
    )
    return name, "none" if value == [] else value


def _votes(row: Row) -> list[str]:
    """Each vote's value, or its reason, with its model."""
    reasons = iter(row.get("failed_votes") or ())
    votes = row.get("votes") or ()
    values = [next(reasons, "no value") if value is None else value or _CANNOT_TELL for value in votes]
    voters = row.get("voters") or ()
    return [
        f"{value} ({voter})" if voter else value
        for value, voter in zip_longest(values, voters[: len(values)])
    ]


def _people(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    for given in record.human_labels:
        name = ", ".join(filter(None, (given.variable, given.coder)))
        yield name or "label", given.label or "left blank"
    if not record.human_labels and not record.human_labels_trouble:
        yield "label", "none"


def _variants(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    for variant in record.tables.get("prompt_injection", ()):
        outcome = why_missing(variant) or f"judged {variant['label']!r}"
        name = f"{variant['variable']}, {variant['attack_type'].replace('_', ' ')}"
        yield name, f"{outcome}; the instruction asks for {variant['wanted']!r}"


def _history(record: VideoRecord) -> Iterator[tuple[str, Any]]:
    """The last observation of each day."""
    by_day = {f"{row['observed_at']:%Y-%m-%d}": row for row in record.tables.get("counts", ())}
    for day, row in by_day.items():
        yield day, _counts(row)
