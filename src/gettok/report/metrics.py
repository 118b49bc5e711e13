"""The numbers of the report, computed from the tables. Days are UTC."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import polars as pl

from gettok.annotate.human_labels.confusion import Confusion
from gettok.annotate.human_labels.evaluation import IN_WORDS, Evaluation
from gettok.annotate.prompt_injection.rates import rates_by_variable
from gettok.annotate.values import as_text
from gettok.compare.text_sources import TEXT_SOURCES, per_day, video_texts
from gettok.release import Tables
from gettok.report.ai_labels import label_pairs
from gettok.report.label_places import LabelPlaces, label_places
from gettok.report.variables import Coded, coded
from gettok.settings import Study, Variable
from gettok.settings.codebook import Kind
from gettok.stats.bootstrap import Estimate, mean
from gettok.stats.proportions import Share
from gettok.tables.stored_rows import IdRange, Rows, parts_of

Spellings: TypeAlias = Literal["folded", "verbatim"]
Ranking: TypeAlias = list[tuple[str, int]]
#: By variable.
Evaluations: TypeAlias = Mapping[str, Evaluation]
#: Beside the accuracy, where they are not Cohen's kappa and F1.
_MEASURES: Mapping[Kind, Sequence[str]] = MappingProxyType(
    {"any_of": ("macro_f1",), "number": ("mean_absolute_difference",)}
)
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


def totals(videos: Rows) -> dict[str, int]:
    """Table 2 of the paper: users, and sums of TikTok's counts."""
    sums = {name: pl.col(of).sum() for name, of in _SUMS}
    found = videos.lazy().select(videos=pl.len(), users=pl.col("username").drop_nulls().n_unique(), **sums)
    return {name: int(value) for name, value in found.collect().row(0, named=True).items()}


def top_hashtags(videos: Rows, spellings: Spellings) -> tuple[Ranking, Ranking]:
    """Figure 2 of the paper: the most frequent hashtags and the most viewed."""
    return hashtags(videos, "videos", spellings), hashtags(videos, "views", spellings)


def hashtags(videos: Rows, by: str, spellings: Spellings = "folded") -> Ranking:
    """The top ten hashtags by `videos` (how many have it) or by `views` (of the videos that have it).

    Folded, spellings that differ only in case or accents count as one hashtag, shown in its most frequent spelling;
    verbatim, each spelling counts on its own. The two Unicode forms of an accent are one spelling (NFC). A video counts
    once for each hashtag.
    """
    parts = [_tags(part, spellings) for part in parts_of(videos)]
    sums = pl.concat(sums for sums, _ in parts).group_by("tag").agg(pl.col("videos", "views").sum())
    counts = pl.concat(counts for _, counts in parts).group_by("tag", "spelling").agg(pl.col("videos").sum())
    in_order = counts.sort("videos", "spelling", descending=[True, False])
    spelled = in_order.unique("tag", keep="first", maintain_order=True).select("tag", "spelling")
    first = sums.join(spelled, on="tag").sort([by, "tag"], descending=[True, False]).head(10)
    return list(first.select("spelling", by).iter_rows())


def _tags(videos: pl.LazyFrame, spellings: Spellings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of some videos: how many have each `tag`, with their views; and how many have it in each spelling."""
    spelling = pl.col("hashtags").list.eval(pl.element().str.normalize("NFC"))
    tag = pl.col("hashtags_folded") if spellings == "folded" else spelling
    views = pl.col("view_count").fill_null(0)
    each = videos.select("video_id", tag=tag, spelling=spelling, views=views).explode("tag", "spelling")
    named = each.filter(pl.col("tag").str.len_chars() > 0).collect()
    count = pl.len().cast(pl.Int64).alias("videos")
    once, spelled = named.unique(["video_id", "tag"]), named.unique(["video_id", "tag", "spelling"])
    return (
        once.group_by("tag").agg(count, pl.col("views").sum()),
        spelled.group_by("tag", "spelling").agg(count),
    )


def posts_per_day(videos: Rows, study: Study) -> pl.DataFrame:
    """`day`, `videos`: every day of the study, and other days with videos; 0 for a day without videos."""
    dated = videos.lazy().select(day=pl.col("created_at").dt.date()).drop_nulls()
    counted = dated.group_by("day").len("videos").collect()
    days = counted["day"]
    every = pl.date_range(min([study.start, *days]), max([study.end, *days]), eager=True).alias("day")
    joined = every.to_frame().join(counted, on="day", how="left").sort("day")
    return joined.select("day", pl.col("videos").fill_null(0).cast(pl.Int64))


@lru_cache(maxsize=1)  # the figures, the page and the plots ask for those of the same tables
def transcripts_per_day(tables: Tables) -> pl.DataFrame:
    """Figure 4 of the paper: `day`, `videos`, and how many of these have a text from each source."""
    counts = pl.concat(_transcripts_per_day(tables, ids) for ids in tables.ranges)
    return counts.group_by("day").agg(pl.all().sum()).sort("day")


def _transcripts_per_day(tables: Tables, ids: IdRange) -> pl.DataFrame:
    videos = tables.rows("videos", ids).select("video_id", "created_at", "voice_to_text")
    captions = tables.rows("captions", ids).select("video_id", "source", "language", "text")
    transcripts = tables.rows("transcripts", ids).select("video_id", "language", "text")
    return per_day(video_texts(videos.collect(), captions.collect(), transcripts.collect()))


def on_screen_text(descriptions: Rows) -> OnScreenText:
    """How much the model's reading of the screen differs from OCR's, and the videos with the largest differences."""
    rows = descriptions.lazy()
    has_text = (pl.col("ocr_text") != "") | (pl.col("on_screen_text") != "")
    both = rows.select("video_id", "ocr_cer", has_text=has_text).drop_nulls("ocr_cer").collect()
    with_text = both.filter("has_text")
    unread = rows.select("ocr_unread_scripts").drop_nulls().collect()["ocr_unread_scripts"]
    return OnScreenText(
        both.height,
        mean(with_text["ocr_cer"].to_list()),
        _most_different(rows, with_text),
        unread.len(),
        Counter(script for scripts in unread for script in scripts).most_common(),
    )


def _most_different(rows: pl.LazyFrame, with_text: pl.DataFrame) -> Sequence[dict[str, Any]]:
    """The rows of the videos whose text was read most differently."""
    order, descending = ["ocr_cer", "video_id"], [True, False]
    first = with_text.filter(pl.col("ocr_cer") > 0).sort(order, descending=descending).head(_MAX_LISTED)
    found = rows.filter(pl.col("video_id").is_in(first["video_id"].to_list())).collect()
    return found.sort(order, descending=descending).to_dicts()


def metrics(
    tables: Tables,
    comparison: Mapping[str, Any],
    evaluations: Evaluations = MappingProxyType({}),
) -> dict[str, Any]:
    """The numbers that `dvc metrics show` compares between runs."""
    variables = coded(tables)
    return {
        "totals": totals(tables.videos),
        "ok": {stage: book.ok for stage, book in tables.books.items()},
        "unusable": {stage: dict(book.unusable) for stage, book in tables.books.items()},
        "screen_text": _on_screen_text_metrics(tables.descriptions),
        "prompt_injection": _prompt_injection_metrics(tables),
        "ai_labels": _label_metrics(tables),
        "variables": {name: _variable_metrics(of) for name, of in variables.items()},
        "by_people": {
            name: _evaluation_metrics(of.variable, evaluations.get(name))
            for name, of in variables.items()
            if of.variable.kind not in IN_WORDS
        },
        "comparison": {
            name: {key: _value(entry) for key, entry in of_pair.items() if isinstance(entry, Mapping)}
            for name, of_pair in comparison.get("pairs", {}).items()
        },
    }


def _variable_metrics(of: Coded) -> dict[str, Any]:
    """Each label's share of the videos that have a value, or the number's mean and median; None if none has."""
    found: dict[str, Any] = {"videos": of.rows.height, "abstained": of.abstained}
    if of.is_number:
        numbers = of.numbers()
        return found | {"mean": numbers and numbers.mean, "median": numbers and numbers.median}
    return found | {"share": {label: shared.value for label, shared in of.shares().items()}}


def _on_screen_text_metrics(descriptions: Rows) -> dict[str, float | int | None]:
    rate = on_screen_text(descriptions).cer
    return {"cer": rate.value, "videos": rate.n}


def _label_metrics(tables: Tables) -> dict[str, int]:
    """How many videos each two sources contradict each other about; a pair that no video has both of is left out."""
    return {f"{pair.left}_{pair.right}_contradictions": pair.contradictions for pair in label_pairs(tables)}


def _prompt_injection_metrics(tables: Tables) -> dict[str, dict[str, float | int | None]]:
    """By variable; null without variants, so that runs with and without have the same keys."""
    single = [name for name, of in tables.codebook.variables.items() if of.is_single_choice]
    rates = rates_by_variable(tables.prompt_injection, single)
    return {
        name: {
            "flip_rate": of.all.flipped.value,
            "control_flip_rate": of.control.flipped.value,
            "judged": of.all.judged,
        }
        if (of := rates.get(name))
        else {"flip_rate": None, "control_flip_rate": None, "judged": 0}
        for name in single
    }


def _evaluation_metrics(variable: Variable, evaluation: Evaluation | None) -> dict[str, float | int | None]:
    """How far people agree; null without human labels, so that runs with and without have the same keys."""
    names = ["accuracy", *_MEASURES.get(variable.kind, ("kappa", "macro_f1"))]
    if evaluation is None:
        return {**dict.fromkeys(names), "videos": 0}
    found = (getattr(evaluation.agreement, name) for name in names)
    values = (entry.value if isinstance(entry, Share | Estimate) else entry for entry in found)
    return {**dict(zip(names, values, strict=True)), "videos": evaluation.agreement.n}


def _value(entry: Mapping[str, Any]) -> Any:
    """An estimate's value; counts stay as they are."""
    return entry["value"] if "value" in entry else dict(entry)


def plots(
    tables: Tables, study: Study, evaluations: Evaluations = MappingProxyType({})
) -> dict[str, pl.DataFrame]:
    """The data that `dvc plots` draws, by the name of the CSV file; the column names are for readers."""
    shares = [(pl.col(source) / pl.col("videos")).round(4) for source in TEXT_SOURCES]
    variables = [of for of in coded(tables).values() if not of.is_number]
    return {
        "posts_per_day.csv": posts_per_day(tables.videos, study).rename({"videos": "videos published"}),
        "transcripts_per_day.csv": transcripts_per_day(tables)
        .with_columns(shares)
        .rename({source: f"share with {name}" for source, name in TEXT_SOURCES.items()}),
        "labels.csv": pl.DataFrame(
            [
                (f"{of.name}: {label}", shared.count, shared.value, shared.low, shared.high)
                for of in variables
                for label, shared in of.shares().items()
            ],
            schema={
                "label": pl.String,
                "videos": pl.Int64,
                **dict.fromkeys(("share of videos", "low", "high"), pl.Float64),
            },
            orient="row",
        ),
        "labels_per_day.csv": _per_day(variables),
        "labels_by_place.csv": _by_place(label_places(tables)),
        "labels_by_people.csv": _by_people(evaluations),
        "confusion.csv": pl.DataFrame(
            [
                (f"{name}: {video.people}", f"{name}: {video.model}")
                for name, evaluation in evaluations.items()
                if isinstance(evaluation.agreement, Confusion)
                for video in evaluation.compared
            ],
            schema=dict.fromkeys(("people", "model"), pl.String),
            orient="row",
        ),
    }


def _by_place(places: Mapping[str, LabelPlaces]) -> pl.DataFrame:
    """For each variable, label and place in which it was shown: the share of these videos that got it."""
    return pl.DataFrame(
        [
            (name, label, place, of.n, of.value, of.low, of.high)
            for name, of_variable in places.items()
            for label, place, of in of_variable.rows()
        ],
        schema={
            **dict.fromkeys(("variable", "label"), pl.String),
            **dict.fromkeys(("place", "videos"), pl.Int64),
            **dict.fromkeys(("share of videos", "low", "high"), pl.Float64),
        },
        orient="row",
    )


def _by_people(evaluations: Evaluations) -> pl.DataFrame:
    """Both values of each compared video."""
    return pl.DataFrame(
        [
            (video.video_id, name, as_text(video.people), as_text(video.model))
            for name, evaluation in evaluations.items()
            for video in evaluation.compared
        ],
        schema=dict.fromkeys(("video_id", "variable", "people", "model"), pl.String),
        orient="row",
    )


def _per_day(variables: Sequence[Coded]) -> pl.DataFrame:
    """For each variable, label and day: the share of the day's videos, with its interval."""
    return pl.DataFrame(
        [
            (of.name, label, day, shared.n, shared.value, shared.low, shared.high)
            for of in variables
            for (day, label), shared in of.by_day().items()
        ],
        schema={
            "variable": pl.String,
            "label": pl.String,
            "day": pl.Date,
            "videos": pl.Int64,
            **dict.fromkeys(("share of videos", "low", "high"), pl.Float64),
        },
        orient="row",
    )
