"""What a run found for each variable of the codebook, in numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations

import polars as pl

from gettok.annotate.values import COLUMN_OF, plain
from gettok.books import Books
from gettok.release import Tables
from gettok.report.display import title_of
from gettok.settings import Event, Study, Variable
from gettok.stats.bootstrap import Estimate
from gettok.stats.clustered import Change, change, clustered_means, clustered_shares
from gettok.stats.proportions import Share, rounded, share
from gettok.tables.stored_rows import IdRange

#: Labels that get a panel of the figure: those that most videos have.
MAX_PANELS = 6

#: What `text` and `span` have for each video; the shares of their videos are of it.
HAS_ONE = "has one"
#: Quotations that are listed.
_MOST_FREQUENT = 10
#: Two-way tables that are shown; the others are named.
_MAX_TABLES = 6


@dataclass(frozen=True)
class FiveNumbers:
    """The distribution of a number over `n` videos, with its mean."""

    n: int
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float
    mean: float


@dataclass(frozen=True)
class Coded:
    """A variable's values, for one video in a row: `video`, `account`, `day` and the `value` of its kind.

    Videos and accounts are numbers, in the order of their ids and names, which would take more memory. `books` counts
    all videos, `abstained` those of which the model says that it cannot tell; neither has a row.
    """

    name: str
    variable: Variable
    books: Books
    abstained: int
    rows: pl.DataFrame
    #: How many videos have a quotation that is in none of the texts.
    misquoted: int

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels; a single one where the values are words, and none for a number."""
        if self.variable.kind in ("text", "span"):
            return (HAS_ONE,)
        return self.variable.label_names

    @cached_property
    def held(self) -> pl.DataFrame:
        """`video` and `label`: a row for each label that a video has."""
        match self.variable.kind:
            case "number":
                return self.rows.clear().select("video", label=pl.lit(""))
            case "text":
                return self.rows.select("video", label=pl.lit(HAS_ONE))
            case "span":
                with_one = self.rows.filter(pl.col("value").list.len() > 0)
                return with_one.select("video", label=pl.lit(HAS_ONE))
            case "any_of":
                return self.rows.select("video", label="value").explode("label").drop_nulls()
            case _:
                return self.rows.select("video", label="value")

    @property
    def is_number(self) -> bool:
        return self.variable.kind == "number"

    def shares(self) -> dict[str, Share]:
        """Of each label: the share of the videos that have a value."""
        counts = dict(self.held["label"].value_counts().iter_rows())
        return {label: share(counts.get(label, 0), self.rows.height) for label in self.labels}

    def numbers(self) -> FiveNumbers | None:
        """None if it is no number, or no video has one."""
        if not self.is_number or self.rows.is_empty():
            return None
        values = self.rows["value"].sort()
        quartiles = [float(values.quantile(part, "linear") or 0) for part in (0, 0.25, 0.5, 0.75, 1)]
        return FiveNumbers(values.len(), *map(rounded, [*quartiles, float(values.sum()) / values.len()]))

    def most_frequent(self) -> list[tuple[str, int]]:
        """The texts or quotations that most videos have, as most of these write them: in how many videos each is."""
        if self.variable.kind not in ("text", "span"):
            return []
        each = self.rows.explode("value") if self.variable.kind == "span" else self.rows
        each = each.drop_nulls("value").select("video", "value").unique()
        written = each.group_by("value").len().sort(["len", "value"], descending=[True, False])
        forms = written.select("value", form=written["value"].map_elements(_form, pl.String))
        counts = each.join(forms, on="value").select("video", "form").unique().group_by("form").len("videos")
        spelled = forms.unique("form", keep="first", maintain_order=True)
        ranked = counts.join(spelled, on="form").sort(["videos", "form"], descending=[True, False])
        return ranked.head(_MOST_FREQUENT).select("value", "videos").rows()

    def by_day(self) -> Mapping[tuple[date, str], Share]:
        """The share of each day's videos that have each label, by day and label."""
        dated = self.rows.drop_nulls("day")
        found = clustered_shares(dated.drop("value"), self.held, self.labels, "day")
        return {(day, label): found[day, label] for day, label in found if isinstance(day, date)}

    def means_by_day(self) -> Mapping[date, Estimate]:
        """Of a number."""
        found = clustered_means(self.rows.drop_nulls("day"), "day")
        return {day: mean for day, mean in found.items() if isinstance(day, date)}

    def changes(self, event: Event) -> dict[str, Change]:
        """How each label's share, or the mean, differs from the event's day on; the day itself counts as after."""
        dated = self.rows.drop_nulls("day").with_columns(is_after=pl.col("day") >= event.day)
        if self.is_number:
            means = clustered_means(dated, "is_after")
            return {"mean": change(means.get(False), means.get(True))}
        shares = clustered_shares(dated.drop("value"), self.held, self.labels, "is_after")
        return {label: change(shares.get((False, label)), shares.get((True, label))) for label in self.labels}


def _form(text: str) -> str:
    """What two spellings of a quotation have in common."""
    return plain(text) or text


@lru_cache(maxsize=1)  # the figures, the page, the metrics and the plots ask for those of the same tables
def coded(tables: Tables) -> Mapping[str, Coded]:
    """Every variable, in the order of the codebook."""
    variables, facts = tables.codebook.variables, _facts(tables)
    parts = [_valued(tables, ids, facts) for ids in tables.ranges]
    books = tables.books["annotate"].variables
    return {
        name: _coded(name, variable, books[name], [part[name] for part in parts])
        for name, variable in variables.items()
    }


def _facts(tables: Tables) -> pl.DataFrame:
    """`video_id`, and the numbers of the video and of its account, and its day."""
    account = pl.coalesce("username", "video_id")
    found = tables.rows("videos").select(
        "video_id", account.alias("account"), day=pl.col("created_at").dt.date()
    )
    in_order = found.collect().sort("video_id").with_row_index("video")
    return in_order.with_columns(pl.col("account").rank("dense"))


def _valued(tables: Tables, ids: IdRange, facts: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """By variable: the videos of a range that have a row that is ok, sorted."""
    variables = tables.codebook.variables
    columns = dict.fromkeys(("variable", "abstained", "misquoted", *COLUMN_OF.values()))
    ok = tables.rows("annotations", ids).filter(pl.col("status") == "ok").select("video_id", *columns)
    of_range = facts.lazy().filter(ids.contains())
    joined = ok.join(of_range, on="video_id", how="left").drop("video_id").collect().sort("video")
    return {
        name: joined.filter(pl.col("variable") == name).select(
            "video",
            "account",
            "day",
            "abstained",
            value=COLUMN_OF[variable.kind],
            is_misquoted=pl.col("misquoted").list.len() > 0,
        )
        for name, variable in variables.items()
    }


def _coded(name: str, variable: Variable, books: Books, parts: Sequence[pl.DataFrame]) -> Coded:
    known = pl.col("value").is_not_null() & pl.col("video").is_not_null()
    return Coded(
        name,
        variable,
        books,
        sum(int(part["abstained"].sum()) for part in parts),
        pl.concat(part.filter(known).select("video", "account", "day", "value") for part in parts),
        sum(int(part["is_misquoted"].sum()) for part in parts),
    )


@dataclass(frozen=True)
class TwoWay:
    """How many videos have each label of one variable (a row) and of another (a column)."""

    rows: Coded
    columns: Coded
    counts: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def cramers_v(self) -> float | None:
        """Cramér's V: 0 if the one says nothing of the other, 1 if it decides it. None if one has a single label."""
        from scipy.stats.contingency import association  # noqa: PLC0415 - takes seconds to import

        rows = [row for row in self.counts if any(row)]
        columns = [column for column in zip(*rows, strict=True) if any(column)]
        if len(rows) < 2 or len(columns) < 2:
            return None
        return rounded(float(association(list(columns), method="cramer")))


def two_way(variables: Mapping[str, Coded]) -> tuple[list[TwoWay], list[tuple[Coded, Coded]]]:
    """The tables of the first pairs of variables with one label, and the pairs that are left out."""
    single = [coded for coded in variables.values() if coded.variable.is_single_choice]
    pairs = list(combinations(single, 2))
    return [_two_way(*pair) for pair in pairs[:_MAX_TABLES]], pairs[_MAX_TABLES:]


def _two_way(rows: Coded, columns: Coded) -> TwoWay:
    both = rows.rows.join(columns.rows.select("video", column="value"), on="video")
    found = both.group_by("value", "column").len().iter_rows()
    counts = Counter({(row, column): count for row, column, count in found})
    return TwoWay(
        rows,
        columns,
        tuple(tuple(counts[row, column] for column in columns.labels) for row in rows.labels),
    )


def question(variable: Variable, study: Study) -> str:
    """As the model is asked."""
    return variable.question.replace("{target}", study.stance.target)
