"""The numbers of the report, computed from the tables. Days are UTC."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import polars as pl

from gettok.compare.text_sources import TEXT_SOURCES, per_day, video_texts
from gettok.release import Tables
from gettok.report.ai_labels import label_pairs
from gettok.settings import Study
from gettok.stance.human_labels.evaluation import Evaluation
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.stats.bootstrap import Estimate, mean

Spellings: TypeAlias = Literal["folded", "verbatim"]
Ranking: TypeAlias = list[tuple[str, int]]
#: Videos listed whose on-screen text the model and OCR read differently.
_MAX_LISTED = 10
_SUMS = (
    ("likes", "like_count"),
    ("views", "view_count"),
    ("comments", "comment_count"),
    ("shares", "share_count"),
)


@dataclass(frozen=True)
class OnScreenText:
    """The videos whose text both the model and OCR read; `cer` is the mean over those in which either found text."""

    videos: int
    cer: Estimate
    #: Rows of descriptions, the largest difference first; empty where the two agree.
    most_different: Sequence[dict[str, Any]]
    #: How many videos have letters that OCR cannot write, so that the two are not compared, and of which scripts.
    not_compared: int
    unread_scripts: Ranking


def totals(videos: pl.DataFrame) -> dict[str, int]:
    """Table 2 of the paper: users, and sums of TikTok's counts."""
    users = videos["username"].drop_nulls().n_unique()
    return {"videos": videos.height, "users": users, **{name: int(videos[of].sum()) for name, of in _SUMS}}


def top_hashtags(videos: pl.DataFrame, spellings: Spellings) -> tuple[Ranking, Ranking]:
    """Figure 2 of the paper: the most frequent hashtags and the most viewed."""
    return hashtags(videos, "videos", spellings), hashtags(videos, "views", spellings)


def hashtags(videos: pl.DataFrame, by: str, spellings: Spellings = "folded") -> Ranking:
    """The top ten hashtags by `videos` (how many have it) or by `views` (of the videos that have it).

    Folded, spellings that differ only in case or accents count as one hashtag, shown in its most frequent spelling;
    verbatim, each spelling counts on its own. The two Unicode forms of an accent are one spelling (NFC). A video counts
    once for each hashtag.
    """
    spelling = pl.col("hashtags").list.eval(pl.element().str.normalize("NFC"))
    tag = pl.col("hashtags_folded") if spellings == "folded" else spelling
    each = videos.select(
        "video_id", tag=tag, spelling=spelling, views=pl.col("view_count").fill_null(0)
    ).explode("tag", "spelling")
    each = each.filter(pl.col("tag").str.len_chars() > 0)
    once = each.unique(["video_id", "tag"]).group_by("tag")
    sums = once.agg(pl.len().cast(pl.Int64).alias("videos"), pl.col("views").sum())
    first = sums.join(_spelled(each), on="tag").sort([by, "tag"], descending=[True, False]).head(10)
    return list(first.select("spelling", by).iter_rows())


def _spelled(each: pl.DataFrame) -> pl.DataFrame:
    """Each `tag` with its most frequent spelling."""
    counts = each.unique(["video_id", "tag", "spelling"]).group_by("tag", "spelling").len()
    return counts.sort("len", "spelling", descending=[True, False]).unique(
        "tag", keep="first", maintain_order=True
    )


def posts_per_day(videos: pl.DataFrame, study: Study) -> pl.DataFrame:
    """`day`, `videos`: every day of the study, and other days with videos; 0 for a day without videos."""
    days = videos["created_at"].dt.date().drop_nulls()
    every = pl.date_range(min([study.start, *days]), max([study.end, *days]), eager=True).alias("day")
    counted = days.alias("day").value_counts(name="videos")
    joined = every.to_frame().join(counted, on="day", how="left").sort("day")
    return joined.select("day", pl.col("videos").fill_null(0).cast(pl.Int64))


def transcripts_per_day(tables: Tables) -> pl.DataFrame:
    """Figure 4 of the paper: `day`, `videos`, and how many of these have a text from each source."""
    return per_day(video_texts(tables.videos, tables.captions, tables.transcripts))


def on_screen_text(descriptions: pl.DataFrame) -> OnScreenText:
    """How much the model's reading of the screen differs from OCR's, and the videos with the largest differences."""
    both = descriptions.drop_nulls("ocr_cer")
    with_text = both.filter((pl.col("ocr_text") != "") | (pl.col("on_screen_text") != ""))
    different = with_text.filter(pl.col("ocr_cer") > 0)
    ranked = different.sort(["ocr_cer", "video_id"], descending=[True, False])
    unread = descriptions["ocr_unread_scripts"].drop_nulls()
    return OnScreenText(
        both.height,
        mean(with_text["ocr_cer"].to_list()),
        ranked.head(_MAX_LISTED).to_dicts(),
        unread.len(),
        Counter(script for scripts in unread for script in scripts).most_common(),
    )


def stances(table: pl.DataFrame, study: Study) -> list[tuple[str, int, float]]:
    """Each label of the study, its number of videos, and their share of the videos that have a stance."""
    given = table.filter(pl.col("status") == "ok")["label"].to_list()
    return [(name, given.count(name), _share(given.count(name), len(given))) for name in study.stance.labels]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def metrics(
    tables: Tables, study: Study, comparison: Mapping[str, Any], evaluation: Evaluation | None = None
) -> dict[str, Any]:
    """The numbers that `dvc metrics show` compares between runs."""
    return {
        "totals": totals(tables.videos),
        "ok": {stage: book.ok for stage, book in tables.books.items()},
        "unusable": {stage: dict(book.unusable) for stage, book in tables.books.items()},
        "screen_text": _on_screen_text_metrics(tables.descriptions),
        "prompt_injection": _prompt_injection_metrics(tables.prompt_injection),
        "ai_labels": _label_metrics(tables),
        "stance_share": {name: share for name, _, share in stances(tables.stances, study)},
        "stance_by_people": _evaluation_metrics(evaluation),
        "comparison": {
            name: {key: _value(entry) for key, entry in of_pair.items() if isinstance(entry, Mapping)}
            for name, of_pair in comparison.get("pairs", {}).items()
        },
    }


def _on_screen_text_metrics(descriptions: pl.DataFrame) -> dict[str, float | int | None]:
    rate = on_screen_text(descriptions).cer
    return {"cer": rate.value, "videos": rate.n}


def _label_metrics(tables: Tables) -> dict[str, int]:
    """How many videos each two sources contradict each other about; a pair that no video has both of is left out."""
    return {f"{pair.left}_{pair.right}_contradictions": pair.contradictions for pair in label_pairs(tables)}


def _prompt_injection_metrics(variants: pl.DataFrame | None) -> dict[str, float | int | None]:
    rates = flip_rates(variants)
    if rates is None:
        return {"flip_rate": None, "control_flip_rate": None, "judged": 0}
    return {
        "flip_rate": rates.all.flipped.value,
        "control_flip_rate": rates.control.flipped.value,
        "judged": rates.all.judged,
    }


def _evaluation_metrics(evaluation: Evaluation | None) -> dict[str, float | int | None]:
    """The accuracy of the stances; null without human labels, so that runs with and without have the same keys."""
    if evaluation is None:
        return {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}
    matrix = evaluation.confusion
    return {
        "accuracy": matrix.accuracy.value,
        "kappa": matrix.kappa,
        "macro_f1": matrix.macro_f1,
        "videos": matrix.n,
    }


def _value(entry: Mapping[str, Any]) -> Any:
    """An estimate's value; counts stay as they are."""
    return entry["value"] if "value" in entry else dict(entry)


def plots(tables: Tables, study: Study, evaluation: Evaluation | None = None) -> dict[str, pl.DataFrame]:
    """The data that `dvc plots` draws, by the name of the CSV file; the column names are for readers."""
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
            [
                (video.video_id, video.people, video.model)
                for video in (evaluation.compared if evaluation else ())
            ],
            schema=dict.fromkeys(("video_id", "people", "model"), pl.String),
            orient="row",
        ),
    }
