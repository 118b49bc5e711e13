"""The numbers of the report, out of the tables. Days are UTC."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import polars as pl

from gettok.compare.text_sources import TEXT_SOURCES, per_day, video_texts
from gettok.release import Tables
from gettok.report import screens
from gettok.settings import Study
from gettok.stance.human_labels.evaluation import Evaluation
from gettok.stance.prompt_injection.rates import flip_rates

Spellings: TypeAlias = Literal["folded", "verbatim"]
Ranking: TypeAlias = list[tuple[str, int]]
_SUMS = (
    ("likes", "like_count"),
    ("views", "view_count"),
    ("comments", "comment_count"),
    ("shares", "share_count"),
)


def totals(videos: pl.DataFrame) -> dict[str, int]:
    """Table 2 of the paper: users, and sums of the counts that TikTok gave."""
    users = videos["username"].drop_nulls().n_unique()
    return {"videos": videos.height, "users": users, **{name: int(videos[of].sum()) for name, of in _SUMS}}


def top_hashtags(videos: pl.DataFrame, spellings: Spellings) -> tuple[Ranking, Ranking]:
    """Figure 2 of the paper: the most frequent hashtags and the most viewed."""
    return hashtags(videos, "videos", spellings), hashtags(videos, "views", spellings)


def hashtags(videos: pl.DataFrame, by: str, spellings: Spellings = "folded") -> Ranking:
    """The ten hashtags first in `videos` (how many have it) or `views` (of the videos that have it), most first.

    Together, spellings that differ in capitals and accents alone are one hashtag, shown as most videos spell it; apart,
    each spelling is one. Either way a video has a hashtag once.
    """
    tag = "hashtags_folded" if spellings == "folded" else "hashtags"
    each = videos.select(
        "video_id", tag=tag, spelling="hashtags", views=pl.col("view_count").fill_null(0)
    ).explode("tag", "spelling")
    each = each.filter(pl.col("tag").str.len_chars() > 0)
    once = each.unique(["video_id", "tag"]).group_by("tag")
    sums = once.agg(pl.len().cast(pl.Int64).alias("videos"), pl.col("views").sum())
    first = sums.join(_spelled(each), on="tag").sort([by, "tag"], descending=[True, False]).head(10)
    return list(first.select("spelling", by).iter_rows())


def _spelled(each: pl.DataFrame) -> pl.DataFrame:
    """Each `tag` with the spelling that most videos have."""
    counts = each.unique(["video_id", "tag", "spelling"]).group_by("tag", "spelling").len()
    return counts.sort("len", "spelling", descending=[True, False]).unique(
        "tag", keep="first", maintain_order=True
    )


def posts_per_day(videos: pl.DataFrame, study: Study) -> pl.DataFrame:
    """`day`, `videos`: every day of the study, and any other that a video was published on, with 0 where none was."""
    days = videos["created_at"].dt.date().drop_nulls()
    every = pl.date_range(min([study.start, *days]), max([study.end, *days]), eager=True).alias("day")
    counted = days.alias("day").value_counts(name="videos")
    joined = every.to_frame().join(counted, on="day", how="left").sort("day")
    return joined.select("day", pl.col("videos").fill_null(0).cast(pl.Int64))


def transcripts_per_day(tables: Tables) -> pl.DataFrame:
    """Figure 4 of the paper: `day`, `videos`, and how many of these have a text from each source."""
    return per_day(video_texts(tables.videos, tables.captions, tables.transcripts))


def stances(table: pl.DataFrame, study: Study) -> list[tuple[str, int, float]]:
    """Each label of the study with the videos that have it and their share among all that have a stance."""
    given = table.filter(pl.col("status") == "ok")["label"].to_list()
    return [(name, given.count(name), _share(given.count(name), len(given))) for name in study.stance.labels]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def metrics(
    tables: Tables, study: Study, comparison: Mapping[str, Any], coded: Evaluation | None = None
) -> dict[str, Any]:
    """The numbers that `dvc metrics show` compares between runs."""
    return {
        "totals": totals(tables.videos),
        "ok": {stage: book.ok for stage, book in tables.books.items()},
        "unusable": {stage: dict(book.unusable) for stage, book in tables.books.items()},
        "screen_text": _of_screens(tables.descriptions),
        "prompt_injection": _of_attacks(tables.prompt_injection),
        "stance_share": {name: share for name, _, share in stances(tables.stances, study)},
        "stance_by_people": _of_people(coded),
        "comparison": {
            name: {key: _value(entry) for key, entry in of_pair.items() if isinstance(entry, Mapping)}
            for name, of_pair in comparison.get("pairs", {}).items()
        },
    }


def _of_screens(descriptions: pl.DataFrame) -> dict[str, float | int | None]:
    rate = screens.compared(descriptions).cer
    return {"cer": rate.value, "videos": rate.n}


def _of_attacks(variants: pl.DataFrame | None) -> dict[str, float | int | None]:
    rates = flip_rates(variants)
    if rates is None:
        return {"flip_rate": None, "control_flip_rate": None, "judged": 0}
    return {
        "flip_rate": rates.all.flipped.value,
        "control_flip_rate": rates.control.flipped.value,
        "judged": rates.all.judged,
    }


def _of_people(coded: Evaluation | None) -> dict[str, float | int | None]:
    """How right the stances are; null without people's judgements, so that runs with and without have the same keys."""
    if coded is None:
        return {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}
    matrix = coded.confusion
    return {
        "accuracy": matrix.accuracy.value,
        "kappa": matrix.kappa,
        "macro_f1": matrix.macro_f1,
        "videos": matrix.n,
    }


def _value(entry: Mapping[str, Any]) -> Any:
    """An estimate's value; counts stay as they are."""
    return entry["value"] if "value" in entry else dict(entry)


def plots(tables: Tables, study: Study, coded: Evaluation | None = None) -> dict[str, pl.DataFrame]:
    """What `dvc plots` draws, by the name of the CSV file; the columns are named for people."""
    shares = [(pl.col(source) / pl.col("videos")).round(4) for source in TEXT_SOURCES]
    return {
        "posts_per_day.csv": posts_per_day(tables.videos, study).rename({"videos": "videos published"}),
        "transcripts_per_day.csv": transcripts_per_day(tables)
        .with_columns(shares)
        .rename({source: f"share with {name}" for source, name in TEXT_SOURCES.items()}),
        "stances.csv": pl.DataFrame(
            stances(tables.stances, study),
            schema={"stance": pl.String, "videos": pl.Int64, "share of videos": pl.Float64},
            orient="row",
        ),
        "stances_by_people.csv": pl.DataFrame(
            [(one.video_id, one.people, one.model) for one in (coded.compared if coded else ())],
            schema=dict.fromkeys(("video_id", "people", "model"), pl.String),
            orient="row",
        ),
    }
