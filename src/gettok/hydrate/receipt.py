"""The receipt of a hydration: how much of a release is found again, and what that does to its shares of labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import polars as pl

from gettok.collect.ids import day_of
from gettok.hydrate.published import PublishedRelease
from gettok.stats.proportions import rounded
from gettok.step import Json

#: What a found video is compared by.
Compared = Literal["created_at", "media"]


@dataclass(frozen=True, eq=False)  # frames cannot be compared by ==
class Hydrated:
    """What the lookup of a release's ids gave.

    `videos` has a row for each of them: `video_id`; `state`, which is `found` or the reason why not; and, if it is
    found, `created_at`, and `sha256` of the file that was fetched. `with_media`: whether files were fetched again.
    """

    source: str
    videos: pl.DataFrame
    with_media: bool
    #: When the found videos were observed, the first and the last; None if none was.
    observed: tuple[datetime, datetime] | None


@dataclass(frozen=True)
class FoundAgain:
    """Of `released` videos, how many are found again, and how many of these are changed: None if nothing can tell."""

    released: int
    found: int
    changed: int | None

    @property
    def gone(self) -> int:
        return self.released - self.found

    def stored(self) -> dict[str, Json]:
        """As plain JSON."""
        counts = {"released": self.released, "found": self.found}
        return {**counts, "changed": self.changed, "gone": self.gone}


@dataclass(frozen=True)
class LabelBounds:
    """The videos with one label, and its share among all labelled videos of the release."""

    label: str
    videos: FoundAgain
    #: All labelled videos of its variable.
    labelled: FoundAgain

    @property
    def share(self) -> float:
        """In the release."""
        return rounded(self.videos.released / self.labelled.released)

    @property
    def share_among_found(self) -> float | None:
        """None if no labelled video is found."""
        return rounded(self.videos.found / self.labelled.found) if self.labelled.found else None

    @property
    def lowest(self) -> float:
        """The share among all labelled videos if none of the gone ones had the label."""
        return rounded(self.videos.found / self.labelled.released)

    @property
    def highest(self) -> float:
        """The share among all labelled videos if all of the gone ones had the label."""
        return rounded((self.videos.found + self.labelled.gone) / self.labelled.released)

    def stored(self) -> dict[str, Json]:
        """As plain JSON."""
        shares = {"share": self.share, "share_among_found": self.share_among_found}
        bounds = {"lowest": self.lowest, "highest": self.highest}
        return {"label": self.label, **self.videos.stored(), **shares, **bounds}


@dataclass(frozen=True)
class VariableBounds:
    """The videos with a value of one variable, with each label, and without a value."""

    name: str
    labelled: FoundAgain
    labels: tuple[LabelBounds, ...]
    without_label: FoundAgain

    def stored(self) -> dict[str, Json]:
        """As plain JSON."""
        return {
            "labelled": self.labelled.stored(),
            "labels": [each.stored() for each in self.labels],
            "without_label": self.without_label.stored(),
        }


@dataclass(frozen=True)
class Receipt:
    """All of it; no ids, so that it shows no one which videos are gone."""

    release: PublishedRelease
    hydrated: Hydrated
    compared: tuple[Compared, ...]
    videos: FoundAgain
    gone_because: Mapping[str, int]
    #: Of the found videos that can be compared by each, how many differ, and how many are compared.
    changed_in: Mapping[Compared, tuple[int, int]]
    #: Found videos that had a file when they were released, and have none now; None if files were not fetched again.
    without_file: int | None
    days: Mapping[date, FoundAgain]
    variables: tuple[VariableBounds, ...]

    def stored(self) -> dict[str, Json]:
        """As plain JSON."""
        observed = self.hydrated.observed
        release = {"form": self.release.form, "checksums_sha256": self.release.digest}
        days = {"start": str(self.release.start), "end": str(self.release.end)}
        return {
            "release": {**release, **days},
            "asked": {
                "source": self.hydrated.source,
                "observed_at": [at.isoformat() for at in observed] if observed else None,
            },
            "videos": self.videos.stored(),
            "gone_because": dict(self.gone_because),
            "changed_in": {
                what: {"changed": differ, "compared": both}
                for what, (differ, both) in self.changed_in.items()
            },
            "without_file": self.without_file,
            "days": [{"day": str(day), **outcome.stored()} for day, outcome in self.days.items()],
            "variables": {variable.name: variable.stored() for variable in self.variables},
        }


def compare(release: PublishedRelease, hydrated: Hydrated) -> Receipt:
    """Compare a release with what was found of it."""
    now = hydrated.videos.select(
        "video_id",
        "state",
        created_at_now="created_at",
        sha256_now="sha256",
        is_found=pl.col("state") == "found",
    )
    compared: list[Compared] = ["created_at"] if release.has_results else []
    compared += ["media"] if release.has_results and hydrated.with_media else []
    videos = _with_changes(release.videos.join(now, on="video_id"), compared)
    found = videos.filter("is_found")
    return Receipt(
        release,
        hydrated,
        tuple(compared),
        _outcome(videos),
        _counts(videos.filter(~pl.col("is_found"))["state"]),
        {what: _changed(found, *_COLUMNS[what]) for what in compared},
        _without_file(found) if "media" in compared else None,
        _by_day(videos),
        tuple(_by_label(release.labels, videos)),
    )


#: The columns with what was released and with what is there now.
_COLUMNS: Mapping[Compared, tuple[str, str]] = {
    "created_at": ("created_at", "created_at_now"),
    "media": ("sha256", "sha256_now"),
}


def _with_changes(videos: pl.DataFrame, compared: Iterable[Compared]) -> pl.DataFrame:
    """With `is_changed`, which is null where nothing is compared."""
    differ = [pl.col(before) != pl.col(now) for before, now in (_COLUMNS[what] for what in compared)]
    if not differ:
        return videos.with_columns(is_changed=pl.lit(None, pl.Boolean))
    return videos.with_columns(
        is_changed=pl.any_horizontal(differ).fill_null(value=False) & pl.col("is_found")
    )


def _outcome(videos: pl.DataFrame) -> FoundAgain:
    is_compared = not videos["is_changed"].has_nulls()
    changed = int(videos["is_changed"].sum()) if is_compared else None
    return FoundAgain(videos.height, int(videos["is_found"].sum()), changed)


def _counts(states: pl.Series) -> dict[str, int]:
    return dict(sorted(states.value_counts().iter_rows()))


def _changed(found: pl.DataFrame, before: str, now: str) -> tuple[int, int]:
    both = found.drop_nulls([before, now])
    return both.filter(pl.col(before) != pl.col(now)).height, both.height


def _without_file(found: pl.DataFrame) -> int:
    return found.filter(pl.col("sha256").is_not_null() & pl.col("sha256_now").is_null()).height


def _by_day(videos: pl.DataFrame) -> dict[date, FoundAgain]:
    """By the day of publication; of a release that does not have it, by the day on which the id was made."""
    of_id = pl.col("video_id").map_elements(day_of, pl.Date)
    days = videos.with_columns(day=pl.coalesce(pl.col("created_at").dt.date(), of_id))
    parts = days.partition_by("day", as_dict=True)
    return {day: _outcome(rows) for (day,), rows in sorted(parts.items())}


def _by_label(labels: pl.DataFrame, videos: pl.DataFrame) -> Iterable[VariableBounds]:
    joined = labels.join(videos.select("video_id", "is_found", "is_changed"), on="video_id")
    for (name,), rows in joined.partition_by("variable", as_dict=True, maintain_order=True).items():
        has_label = pl.col("labels").is_not_null()
        labelled = _outcome(rows.filter(has_label))
        of_labels = (
            rows.explode("labels")
            .unique(["video_id", "labels"])
            .drop_nulls("labels")
            .partition_by("labels", as_dict=True)
        )
        found = (LabelBounds(label, _outcome(of), labelled) for (label,), of in of_labels.items())
        in_order = sorted(found, key=lambda each: (-each.videos.released, each.label))
        yield VariableBounds(name, labelled, tuple(in_order), _outcome(rows.filter(~has_label)))
