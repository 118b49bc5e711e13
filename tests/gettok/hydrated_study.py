"""A release of few videos, written by hand, and what a lookup finds of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from small_study import coded, shared, tables, video

from gettok import release
from gettok.hydrate import Hydrated
from gettok.release import Tables
from gettok.tables.forms import Form

PROVENANCE = {
    "settings": {
        "study": {"start": "2022-12-05", "end": "2022-12-14"},
        "source": {"kind": "research_api", "name": "sandbox"},
    }
}
SEEN = (datetime(2023, 5, 1, 9, tzinfo=UTC), datetime(2023, 5, 1, 10, 30, tzinfo=UTC))
PUBLISHED = datetime(2022, 12, 5, 12, tzinfo=UTC)


def video_id(number: int) -> str:
    """The id of a video, made on 2022-12-07."""
    return str(7174500000000000000 + number)


def study() -> Tables:
    """Ten videos on two days, nine of them with media and labels: support, no support, neutral, in turn."""
    days = [date(2022, 12, 5)] * 6 + [date(2022, 12, 6)] * 4
    videos = [
        video(
            number,
            video_id=video_id(number),
            created_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        )
        for number, day in enumerate(days)
    ]
    return tables(*videos, lost={9: "private"})


def released(folder: Path, form: Form, *, every_kind: bool = False) -> Path:
    """The release of that study, with a variable of each kind if it is wanted."""
    release.write(folder, coded(study()) if every_kind else study(), shared(form, 1), PROVENANCE)
    return folder


def found(gone: Mapping[int, str], *, with_media: bool = True, **changes: Mapping[int, Any]) -> Hydrated:
    """What a lookup finds if some of the ten are gone; `changes` has other values by the video's number."""
    rows = []
    for number in range(10):
        row = {"video_id": video_id(number), "state": gone.get(number, "found")}
        if number not in gone:
            row |= {"created_at": PUBLISHED if number < 6 else PUBLISHED.replace(day=6)}
            row |= {"sha256": "a" * 64 if with_media and number < 9 else None}
            row |= {name: values[number] for name, values in changes.items() if number in values}
        rows.append(row)
    schema = {
        "video_id": pl.String,
        "state": pl.String,
        "created_at": pl.Datetime("us", "UTC"),
        "sha256": pl.String,
    }
    return Hydrated("sandbox", pl.DataFrame(rows, schema), with_media, SEEN)
