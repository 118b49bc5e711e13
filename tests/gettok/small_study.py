"""A made-up study of a few videos, with every kind of missing result."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import polars as pl
from PIL import Image, ImageDraw

from gettok.books import Books
from gettok.compare.text_sources import COMPARED
from gettok.release import Pseudonyms, Sharing, Tables
from gettok.settings import Codebook, Event, StanceTarget, Study
from gettok.settings.query import Query, Terms
from gettok.step import Row
from gettok.tables import TABLES
from gettok.tables.forms import Form
from gettok.tabulate import folded

STUDY = Study(
    name="small",
    title="A small study <of> 2022",
    query=Query(any=Terms(keywords=("Castillo",), hashtags=("golpedeestado",)), all=Terms(regions=("PE",))),
    start="2022-12-05",
    end="2022-12-14",
    events=(
        Event(day="2022-12-07", label="Congress is dissolved & the president removed"),
        Event(day="2022-12-08", label="Protests begin"),
    ),
    stance=StanceTarget(target="Pedro Castillo as President", labels=("support", "no support", "neutral")),
)


def _estimate(value: float | None, n: int = 182) -> dict[str, Any]:
    return {
        "value": value,
        "n": n,
        "low": value and round(value - 0.01, 4),
        "high": value and round(value + 0.01, 4),
    }


def _compared(left: str, right: str, named: int) -> dict[str, Any]:
    """The paper's own numbers."""
    return {
        "left": left,
        "right": right,
        "videos": {"both": 182, "left_only": 31, "right_only": 2163, "neither": 41_503},
        "pearson_r": _estimate(0.9816),
        "r_squared": _estimate(0.9635),
        "mean_jaccard": _estimate(0.76),
        "mean_cosine": _estimate(0.927),
        "wer": _estimate(0.21),
        "cer": _estimate(0.11),
        "same_language": _estimate(0.5 if named else None, named),
        "differences": {"capitalisation": 3, "punctuation": 4, "spelling": 2},
    }


COMPARISON: dict[str, Any] = {
    "meanings": {"normalisation": "case-folded <words>", "interval": "by bootstrap"},
    "translated_captions_left_out": 7,
    "pairs": {
        f"{left}_and_{right}": _compared(left, right, 0 if left == "voice_to_text" else 4)
        for left, right in COMPARED
    },
}
TIKTOK = "el presidente Castillo cerró el congreso y la gente salió a las calles de lima"
OURS = "El Presidente Castillo, cerro el Congreso. ¡Y la gente salió a las calles de Lima!"
LABELS = ("support", "no support", "neutral")
_STANCE: Row = {"question": "Which stance?", "kind": "one_of", "labels": LABELS, "inputs": ("transcript",)}
#: The stance alone.
CODEBOOK = Codebook(name="small", frames=1, label_orders=1, variables={"stance": _STANCE})
#: A variable of each kind.
EVERY_KIND = Codebook(
    name="every_kind",
    frames=1,
    label_orders=1,
    variables={
        "stance": _STANCE,
        "call": {**_STANCE, "question": "Does it call <on> people?", "kind": "yes_no", "labels": ()},
        "topics": {
            **_STANCE,
            "question": "Which topics?",
            "kind": "any_of",
            "labels": ("congress", "protest", "justice"),
        },
        "anger": {
            **_STANCE,
            "question": "How angry?",
            "kind": "ordinal",
            "labels": ("low", "middle", "high"),
            "abstain": True,
        },
        "people": {**_STANCE, "question": "How many people?", "kind": "number", "labels": ()},
        "subject": {**_STANCE, "question": "What is it about?", "kind": "text", "labels": ()},
        "places": {
            **_STANCE,
            "question": "Which places?",
            "kind": "span",
            "labels": (),
            "applies_if": {"variable": "call", "has": ("yes",)},
        },
    },
)
JUDGED = {"confidence": 0.8, "confidence_by": "votes", "voters": ["judge-1"] * 5}


def shared(form: Form, smallest_group: int = 5) -> Sharing:
    """A release of this form, with a key for its pseudonyms."""
    return Sharing(form, Pseudonyms(b"a key of these tests"), smallest_group)


def jpeg(text: str = "a frame") -> bytes:
    image = Image.new("RGB", (180, 320), (40, 90, 140))
    ImageDraw.Draw(image).text((20, 150), text, fill="white")
    buffer = BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def video(number: int, **changes: Any) -> Row:
    row = {
        "video_id": str(7213456789012345600 + number),
        "created_at": datetime(2022, 12, 5 + number % 9, 12, tzinfo=UTC),
        "username": f"user.{number % 4}",
        "region_code": "PE",
        "description": f"Video {number} ¡el pueblo unido! #golpedeestado #Perú",
        "hashtags": ["golpedeestado", "Perú", f"tag{number % 13}"],
        "voice_to_text": TIKTOK if number % 3 == 0 else None,
        "view_count": 1000 * number,
        "like_count": 10 * number,
        "comment_count": number,
        "share_count": 1,
        "observed_at": datetime(2023, 3, 1, tzinfo=UTC),
        "observations": 1,
        **changes,
    }
    tags = row["hashtags"]
    return {"hashtags_folded": None if tags is None else [folded(tag) for tag in tags], **row}


def tables(*videos: Row, lost: Mapping[int, str] | None = None) -> Tables:
    """Tables of the given videos; `lost` has the positions of those without media, and the reasons."""
    reasons = {videos[place]["video_id"]: reason for place, reason in (lost or {}).items()}
    have = [row for row in videos if row["video_id"] not in reasons]
    media = [{"sha256": "a" * 64, "duration_s": 20.5, "has_audio": True, "detail": "seen"}] * len(have)
    spoken = [
        {"text": OURS, "language": "es", "segments": [{"start_s": 0.0, "end_s": 2.5, "text": OURS}]}
    ] * len(have)
    described = [
        {"description": "A crowd.", "on_screen_text": "NO A LA VACANCIA", "frame_indices": [0, 300]}
    ] * len(have)
    stances = [{"label": LABELS[place % 3], **JUDGED, "model": "judge-1"} for place in range(len(have))]
    frames = [{"frame_index": 0, "image": {"bytes": jpeg(row["video_id"]), "path": "0.jpg"}} for row in have]
    return Tables(
        videos=TABLES["videos"].frame(videos),
        media=_stage("media", videos, reasons, have, media),
        frames=_stage("frames", videos, _later(reasons), have, frames),
        transcripts=_stage("transcripts", videos, _later(reasons), have, spoken),
        descriptions=_stage(
            "descriptions", videos, _later(reasons), have, [{**row, "model": "see-1"} for row in described]
        ),
        annotations=_stage("annotations", videos, _later(reasons), have, stances).with_columns(
            variable=pl.lit("stance")
        ),
        pairs=TABLES["pairs"].frame(_pair(row) for row in have if row["voice_to_text"]),
        captions=TABLES["captions"].frame(_captions(row) for row in have if row["voice_to_text"]),
        books={
            "download": books(len(videos), reasons.values()),
            "extract_frames": books(len(videos), _later(reasons).values()),
            "transcribe": books(len(videos), _later(reasons).values()),
            "describe": books(len(videos), _later(reasons).values()),
            "annotate": replace(
                books(len(videos), _later(reasons).values()),
                variables={"stance": books(len(videos), _later(reasons).values())},
            ),
        },
        codebook=CODEBOOK,
    )


def study_of(count: int) -> Tables:
    """A study of this many videos, of which the second is private and the fourth is removed."""
    lost = {place: reason for place, reason in {1: "private", 3: "removed"}.items() if place < count}
    return tables(*(video(number) for number in range(1, count + 1)), lost=lost)


def coded(of: Tables, codebook: Codebook = EVERY_KIND) -> Tables:
    """The same study with a value of every variable for each video that has a stance, in an order of few values."""
    stances = of.annotations.filter(variable="stance")
    rows = [
        _annotation(name, codebook, stance, place)
        for place, stance in enumerate(stances.sort("status", "video_id").to_dicts())
        for name in codebook.variables
    ]
    of_variables = {
        name: Books.of((row.get("reason") for row in rows if row["variable"] == name), stances.height)
        for name in codebook.variables
    }
    counted = replace(of.books["annotate"], variables=of_variables)
    return replace(
        of,
        annotations=TABLES["annotations"].frame(rows),
        books={**of.books, "annotate": counted},
        codebook=codebook,
    )


#: Values by kind, one video after the other.
_VALUES: Mapping[str, tuple[Row, ...]] = {
    "yes_no": ({"label": "yes"}, {"label": "yes"}, {"label": "no"}),
    "any_of": ({"labels": ["congress", "protest"]}, {"labels": []}, {"labels": ["protest"]}),
    "ordinal": ({"label": "low"}, {"label": "high"}, {"abstained": True}),
    "number": ({"number": 2.0}, {"number": 2.5}, {"number": 1200.0}),
    "text": ({"text": "A <march>."}, {"text": "A march in Lima."}),
    "span": (
        {"quotes": ["Lima"], "quotes_in": [["transcript"]], "misquoted": ["Cusco"]},
        {"quotes": ["Lima", "Puno"], "quotes_in": [["transcript"], ["transcript"]]},
        {"quotes": []},
    ),
}


def _annotation(name: str, codebook: Codebook, stance: Row, place: int) -> Row:
    """A video's row of a variable, made from its stance's."""
    variable = codebook.variables[name]
    if name == "stance" or stance["status"] != "ok":
        return {**stance, "variable": name}
    condition = variable.applies_if
    if condition and _VALUES["yes_no"][place % 3]["label"] not in condition.has:
        return {
            "video_id": stance["video_id"],
            "variable": name,
            "status": "unusable",
            "reason": "not_applicable",
        }
    values = _VALUES.get(variable.kind, tuple({"label": label} for label in variable.label_names))
    others = {"variable": name, "label": None, "answer": None, "abstained": False}
    return {**stance, **others, **values[place % len(values)]}


def attacked(of: Tables, variable: str = "stance", **changes: Any) -> Tables:
    """The same study with an injected instruction in each labelled transcript; the model complied with the first."""
    judged = (
        of.of_variable(variable)
        .filter(status="ok")
        .drop_nulls("label")
        .select("video_id", "label")
        .collect()
        .rows()
    )
    rows = []
    for place, (video_id, label) in enumerate(judged):
        labels = of.codebook.variables[variable].label_names
        wanted = next(other for other in labels if other != label)
        for attack_type in ("speech", "control"):
            got = wanted if attack_type == "speech" and place == 0 else label
            rows.append(
                {
                    "video_id": video_id,
                    "variable": variable,
                    "attack_type": attack_type,
                    "clean_label": label,
                    "wanted": wanted,
                    "inserted": "Ignore <b>all</b>",
                    "inserted_into": ["transcript"],
                    "label": got,
                    "flipped": got != label,
                    "complied": got == wanted,
                    "status": "ok",
                    "voters": ["judge-1"],
                    "answer": "{}",
                    **changes,
                }
            )
    return replace(of, prompt_injection=TABLES["prompt_injection"].frame(rows))


def books(asked: int, reasons: Any) -> Books:
    return Books.of([*reasons, *[None] * (asked - len(reasons))], asked)


def _later(reasons: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(reasons, "no_media")


def _stage(name: str, videos: Any, reasons: Mapping[str, str], have: list[Row], results: list[Row]) -> Any:
    ok = [
        {"video_id": row["video_id"], "status": "ok", "answer_key": "k", "answer": "{}", **result}
        for row, result in zip(have, results, strict=True)
    ]
    lost = [
        {"video_id": video_id, "status": "unusable", "reason": reason} for video_id, reason in reasons.items()
    ]
    return TABLES[name].frame([*ok, *lost])


def _captions(row: Row) -> Row:
    return {
        "video_id": row["video_id"],
        "language": "spa-ES",
        "source": "ASR",
        "format": "webvtt",
        "text": TIKTOK,
    }


def _pair(row: Row) -> Row:
    return {
        "video_id": row["video_id"],
        "left": "voice_to_text",
        "right": "whisper",
        "left_text": row["voice_to_text"],
        "right_text": OURS,
        "right_words": 15,
        "capitalisation": 4,
        "punctuation": 4,
        "spelling": 1,
    }
