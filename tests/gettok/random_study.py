"""Random studies of a few videos, with any mixture of what a study may lack; a seed always gives the same one."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from small_study import STUDY, coded, tables, video

from gettok.books import Books
from gettok.release import Tables
from gettok.step import Row
from gettok.tables import TABLES

#: Days of the study, and two before and after it.
_DAYS = [STUDY.start + timedelta(days=place) for place in range(-2, (STUDY.end - STUDY.start).days + 3)]
#: A share of 32 videos can lie midway between two of four digits.
_COUNTS = (0, 1, 2, 9, 20, 32, 33, 64)
#: The first and the last moment of a day are on another day elsewhere.
_TIMES = (time(0), time(0, 0, 0, 1), time(4, 59, 59), time(12), time(23, 59, 59, 999_999))
_NUMBERS = (None, 0, 1, 1, 5, 1000, 5_000_000_000)
_HASHTAGS = (
    *("golpedeestado", "GolpeDeEstado", "golpedéestado", "Perú", "PERÚ", "peru", "Peru"),
    *(unicodedata.normalize("NFD", "Perú"), "niñez", "NIÑEZ", "ninez", "Север", "СЕВЕР", "東京", "لیما"),
    *(
        "",
        "\N{COMBINING ACUTE ACCENT}",
        "0123",
        "a_b",
        "<b>",
        "🇵🇪",
        "z",
        *(f"t{number}" for number in range(12)),
    ),
)
#: Of several languages, and some without a letter or digit.
_TEXTS = (
    *("La gente salió a las calles", "They left", "Llaqtanchik", "في ليما", "東京", "٣", "½", "7"),
    *(None, "", " ", "… ¡! —", "🔥🔥", "_", "\u0301"),
)
_LANGUAGES = (None, "es", "en", "qu", "ar", "ja")


def random_study(seed: int) -> Tables:
    """A study whose tables and books agree with each other, as a release demands."""
    random = Random(seed)
    count = random.choice(_COUNTS)
    days = random.sample(_DAYS, random.choice((1, 1, 2, 8)))
    # a few hashtags are equally frequent, many are more than ten
    hashtags = random.sample(_HASHTAGS, random.choice((1, 4, len(_HASHTAGS))))
    videos = [_video(random, number, days, hashtags) for number in range(count)]
    lost = {place: random.choice(("private", "removed")) for place in range(count) if random.random() < 0.2}
    of = _with_texts(random, tables(*videos, lost=lost))
    return coded(of) if random.random() < 0.5 else of


def _video(random: Random, number: int, days: Sequence[date], hashtags: Sequence[str]) -> Row:
    tags = [random.choice(hashtags) for _ in range(random.randint(0, 6))]
    counts = ("view_count", "like_count", "comment_count", "share_count")
    return video(
        number,
        created_at=datetime.combine(random.choice(days), random.choice(_TIMES), UTC),
        username=random.choice((None, "ana", "Ana", "b.c", f"user.{number}")),
        region_code=random.choice((None, "PE", "NA", "US")),
        hashtags=None if random.random() < 0.1 else tags,
        voice_to_text=random.choice(_TEXTS),
        **{name: random.choice(_NUMBERS) for name in counts},
    )


def _with_texts(random: Random, of: Tables) -> Tables:
    """The same study with other transcripts, of which some are missing, and other captions."""
    transcripts = [_transcript(random, row) for row in of.transcripts.sort("video_id").to_dicts()]
    captions = [_captions(random, video_id) for video_id in of.videos["video_id"] if random.random() < 0.7]
    heard = Books.of((row["reason"] for row in transcripts), len(transcripts))
    return replace(
        of,
        transcripts=TABLES["transcripts"].frame(transcripts),
        captions=TABLES["captions"].frame(captions),
        screen_texts=TABLES["screen_texts"].frame([]),
        prompt_injection=TABLES["prompt_injection"].frame([]),
        books={**of.books, "transcribe": heard},
    )


def _transcript(random: Random, row: Row) -> Row:
    if row["status"] != "ok":
        return row
    if random.random() < 0.2:
        reason = random.choice(("no_audio", "undecodable"))
        return {"video_id": row["video_id"], "status": "unusable", "reason": reason}
    return {**row, **_text(random)}


def _captions(random: Random, video_id: str) -> Row:
    source = random.choice((None, "ASR", "MT", "LC"))
    return {"video_id": video_id, "source": source, "format": "webvtt", **_text(random)}


def _text(random: Random) -> dict[str, Any]:
    return {"text": random.choice(_TEXTS), "language": random.choice(_LANGUAGES)}
