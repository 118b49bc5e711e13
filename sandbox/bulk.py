"""Generates a corpus of any size: plausible rows of the Research API, without media.

`python -m sandbox.bulk FOLDER --videos 100000` writes `FOLDER/videos.json`, row by row. The same arguments give the
same bytes. The shares of rare fields are those of a recorded session (tiktok-library, 106 rows): speech in 28 %,
a playlist in 3 %. `sandbox.bulk_media` also gives each video a film.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from sandbox.exchange import JsonObject

DAY_S = 86400
USUAL_LEAD_S, LEAD_S = 44, (20, 135)
"""How much earlier an id's time is than the video's, in seconds: usually, and the range of the exceptions."""
SCHEDULED_LEAD_S = 219_361
"""The same for the one scheduled video: 2.5 days."""
MANY_COMMENTS = 1500

_SPEECH = """
hoy en la plaza el pueblo espera una respuesta del congreso y nadie sabe qué va a pasar mañana con el país
cuando la noticia llega desde lima las familias miran la televisión y escuchan a la presidenta hablar de paz
"""
WORDS = tuple(_SPEECH.split())
TAGS = ("Peru", "noticias", "politica", "fyp", "parati", "viral", "congreso", "ABC", "lima", "puno", "crisis")
EMOJI = ("", "", "", " 🇵🇪", " 📰", " 👩‍🌾", " ⚖️")


def no_page(_: JsonObject) -> JsonObject:
    """The contents of a page without media."""
    return {}


def write(  # noqa: PLR0913 - keyword arguments that callers choose
    folder: Path,
    *,
    videos: int,
    seed: str,
    start: date,
    days: int,
    keyword: str = "Castillo",
    page: Callable[[JsonObject], JsonObject] = no_page,
) -> None:
    """Write `videos.json` with that many rows from `start` on, newest last, with the keyword in every caption.

    `page` gives the contents of a row's web page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "videos.json").open("w", encoding="utf-8") as file:
        for number, row in enumerate(_rows(videos, seed, start, days, keyword)):
            video = {"api": row, "page": page(row)}
            text = json.dumps(video, ensure_ascii=False, separators=(",", ":"))
            file.write(f"{',' if number else '['}\n{text}")
        file.write("\n]\n" if videos else "[]\n")


def _rows(videos: int, seed: str, start: date, days: int, keyword: str) -> Iterator[JsonObject]:
    first = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
    for number in range(videos):
        draw = Random(f"{seed}/{number}")
        created = first + int((number + draw.random()) * days * DAY_S / videos)
        row = _row(draw, created, number, keyword)
        if number == videos // 3:
            row |= {"id": _id(created - SCHEDULED_LEAD_S, number)}
        if number == videos // 2:
            row |= {"comment_count": MANY_COMMENTS}
        yield row


def _row(draw: Random, created: int, number: int, keyword: str) -> JsonObject:
    tags = [keyword, *draw.sample(TAGS, draw.randrange(6))] if draw.random() < 0.9 else []
    opening = keyword if not tags or draw.random() < 0.5 else _sentence(draw, 1)
    views = int(10 ** draw.uniform(1, 5.5))
    lead = draw.randint(*LEAD_S) if draw.random() < 0.02 else USUAL_LEAD_S
    return {
        "id": _id(created - lead, number),
        "create_time": created,
        "username": f"autor_{draw.randrange(1, 40_000)}",
        "region_code": "PE",
        "video_description": _caption(draw, opening, tags),
        "music_id": str(7_000_000_000_000_000_000 + draw.randrange(10**15)),
        "view_count": views,
        "like_count": int(views * draw.uniform(0.01, 0.2)),
        "comment_count": draw.randrange(31),
        "share_count": int(views * draw.uniform(0, 0.02)),
        "favorites_count": int(views * draw.uniform(0, 0.03)),
        "hashtag_names": tags,
        "video_duration": int(10 ** draw.uniform(0.8, 2.6)),
        "is_stem_verified": False,
    } | _rare(draw, tags)


def _id(instant: int, number: int) -> str:
    """19 digits with the time in the upper 32 bits, as in TikTok's ids."""
    return str((instant << 32) + number)


def _caption(draw: Random, opening: str, tags: list[str]) -> str:
    return f"{opening} {_sentence(draw, draw.randint(2, 14))}{draw.choice(EMOJI)} " + " ".join(
        f"#{tag}" for tag in tags
    )


def _sentence(draw: Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def _rare(draw: Random, tags: list[str]) -> JsonObject:
    """The fields that most videos do not have."""
    row: JsonObject = {}
    if draw.random() < 0.28:
        row["voice_to_text"] = _sentence(draw, draw.randint(15, 120))
    if draw.random() < 0.03:
        row["playlist_id"] = str(7_100_000_000_000_000_000 + draw.randrange(500))
    if draw.random() < 0.04:
        row["effect_ids"] = [str(draw.randrange(10**6, 10**7)) for _ in range(draw.randint(1, 3))]
    if draw.random() < 0.1:
        row["video_mention_list"] = [f"autor_{draw.randrange(1, 40_000)}"]
    if draw.random() < 0.05:
        row["hashtag_info_list"] = [
            {"hashtag_id": str(10**9 + TAGS.index(tag)), "hashtag_name": tag} for tag in tags if tag in TAGS
        ]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.bulk", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--seed", default="gettok")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2022, 11, 20), help="YYYY-MM-DD")
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--keyword", default="Castillo", help="a word in every caption")
    options = parser.parse_args()
    write(
        options.folder,
        videos=options.videos,
        seed=options.seed,
        start=options.start,
        days=options.days,
        keyword=options.keyword,
    )


if __name__ == "__main__":
    main()
