"""The videos that the report shows: one pair of transcripts, and one video for each label."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from gettok.annotate.human_labels.evaluation import Evaluation
from gettok.annotate.values import as_text
from gettok.compare.text_sources import COMPARED
from gettok.release import Tables
from gettok.report.display import address
from gettok.report.metrics import Evaluations
from gettok.report.word_differences import MarkedTexts, mark_differences
from gettok.tables.stored_rows import IdRange, Rows
from gettok.text.tokens import KINDS

#: A pair of about this length shows all kinds of differences and is short enough to read.
_IDEAL_WORDS = 40
_MAX_WORDS = 120


@dataclass(frozen=True)
class Example:
    """Figure 6: a video with a label. Texts are as in the tables, or None if the video has none."""

    video_id: str
    address: str | None
    label: str
    confidence: float | None
    confidence_by: str | None
    caption: str | None
    on_screen_text: str | None
    transcript: str | None
    evidence: str | None
    #: What most people gave it; None if none did.
    people: str | None
    jpeg: bytes | None


def pair(pairs: Rows) -> MarkedTexts | None:
    """Figure 5: the pair with the most kinds of differences, and of these the one nearest to 40 words.

    It is of the first two text sources in `COMPARED` that any video has: the paper's own, if there is one.
    """
    sources = set(pairs.lazy().select("left", "right").unique().collect().rows())
    for left, right in COMPARED:
        if (left, right) in sources:
            return _pair(pairs.lazy().filter(left=left, right=right), left, right)
    return None


def _pair(pairs: pl.LazyFrame, left: str, right: str) -> MarkedTexts:
    kinds = pl.sum_horizontal((pl.col(kind) > 0).cast(pl.Int64) for kind in KINDS)
    distance = (pl.col("right_words") - _IDEAL_WORDS).abs()
    ranked = pairs.select("video_id", kinds=-kinds, distance=distance).collect()
    chosen = ranked.sort("kinds", "distance", "video_id", nulls_last=True)["video_id"][0]
    found = pairs.filter(video_id=chosen).select("left_text", "right_text").collect()
    left_text, right_text = found.row(0)
    return mark_differences(chosen, {left: left_text or "", right: right_text or ""}, _MAX_WORDS)


def shown_videos(tables: Tables, evaluations: Evaluations = MappingProxyType({})) -> tuple[str, ...]:
    """The videos whose frames the page shows: the only ones for which `write` needs images."""
    chosen = _chosen(tables, evaluations)
    return tuple(dict.fromkeys(video["video_id"] for videos in chosen.values() for video in videos))


def by_label(
    tables: Tables, evaluations: Evaluations = MappingProxyType({})
) -> dict[str, dict[str, Example | None]]:
    """For each variable with labels, an example of each label; None if no video has it."""
    examples: dict[str, dict[str, Example | None]] = {}
    chosen = _chosen(tables, evaluations)
    pictures = _images(tables.frames, {video["video_id"] for videos in chosen.values() for video in videos})
    for name, labels in _closed(tables).items():
        found = {video["label"]: _example(video, pictures) for video in chosen[name]}
        examples[name] = {label: found.get(label) for label in labels}
    return examples


def _closed(tables: Tables) -> dict[str, tuple[str, ...]]:
    """The labels of each variable that has some."""
    variables = tables.codebook.variables.items()
    return {name: variable.label_names for name, variable in variables if variable.label_names}


def _chosen(tables: Tables, evaluations: Evaluations) -> dict[str, list[dict[str, Any]]]:
    """For each variable and label, a video to which people give it, too, if there is one, and else an unlabelled one.

    Of these, the one with the most of frames, caption and on-screen text; then confidence, then views.
    """
    by_people = {name: _by_people(evaluations.get(name)) for name in _closed(tables)}
    best: dict[str, list[pl.DataFrame]] = {name: [] for name in by_people}
    for ids in tables.ranges:
        described, ok = _described(tables, ids), _labelled(tables, ids)
        for name, of_people in by_people.items():
            of_variable = ok.filter(pl.col("variable") == name).join(described, on="video_id", how="left")
            first = _first(of_variable.join(of_people, on="video_id", how="left"))
            # rows that were copied: those of a frame keep all of its texts in memory
            best[name].append(pl.DataFrame(first.to_dicts(), first.schema))
    return {name: _in_order(tables, name, _first(pl.concat(parts))) for name, parts in best.items()}


def _described(tables: Tables, ids: IdRange) -> pl.DataFrame:
    """What a page shows of each video of a range, and how much of it there is."""
    captions = tables.rows("videos", ids).select("video_id", "username", "view_count", caption="description")
    described = tables.rows("descriptions", ids).select("video_id", "on_screen_text", "frame_indices")
    joined = captions.join(described, on="video_id", how="left").collect()
    complete = pl.col("frame_indices").list.len().fill_null(0).clip(0, 1)
    return joined.with_columns(complete=complete + _filled("caption") + _filled("on_screen_text"))


def _labelled(tables: Tables, ids: IdRange) -> pl.DataFrame:
    """Each label that a video of a range has of any variable."""
    rows = tables.rows("annotations", ids).filter(pl.col("status") == "ok")
    shown = ("video_id", "variable", "confidence", "confidence_by", "evidence")
    label = pl.coalesce("labels", pl.concat_list("label"))
    return rows.select(*shown, label=label).explode("label").drop_nulls("label").collect()


def _first(ranked: pl.DataFrame) -> pl.DataFrame:
    """The first video of each label."""
    agreed = (
        pl.when(pl.col("people").is_null())
        .then(0)
        .when(pl.col("labels_by_people").list.contains(pl.col("label")))
        .then(1)
        .otherwise(-1)
    )
    in_order = ranked.with_columns(agreed=agreed).sort(
        ["agreed", "complete", "confidence", "view_count", "video_id"],
        descending=[True, True, True, True, False],
        nulls_last=True,
    )
    return in_order.unique("label", keep="first", maintain_order=True)


def _in_order(tables: Tables, variable: str, first: pl.DataFrame) -> list[dict[str, Any]]:
    """As dictionaries in the order of the labels, with their transcripts."""
    named = pl.col("video_id").is_in(first["video_id"].to_list())
    spoken = tables.rows("transcripts").filter(named).select("video_id", transcript="text").collect()
    found = {row["label"]: row for row in first.join(spoken, on="video_id", how="left").to_dicts()}
    return [found[label] for label in tables.codebook.variables[variable].label_names if label in found]


def _by_people(evaluation: Evaluation | None) -> pl.DataFrame:
    """What most people gave each video that they labelled: in words, and its labels."""
    rows = []
    for video in evaluation.compared if evaluation else ():
        labels = list(video.people) if isinstance(video.people, tuple) else [as_text(video.people)]
        rows.append((video.video_id, ", ".join(labels) or "none", labels))
    of_each = {"video_id": pl.String, "people": pl.String}
    return pl.DataFrame(rows, schema={**of_each, "labels_by_people": pl.List(pl.String)}, orient="row")


def _filled(column: str) -> pl.Expr:
    return (pl.col(column).str.strip_chars().str.len_chars() > 0).fill_null(value=False).cast(pl.UInt32)


def _example(video: dict[str, Any], pictures: Mapping[str, Sequence[bytes]]) -> Example:
    video_id = video["video_id"]
    names = (
        "label", "confidence", "confidence_by", "caption", "on_screen_text", "transcript", "evidence", "people",
    )  # fmt: skip
    return Example(
        video_id,
        address(video["username"], video_id),
        jpeg=_middle(pictures.get(video_id, ())),
        **{name: video[name] for name in names},
    )


def _images(frames: Rows | None, videos: Collection[str]) -> dict[str, list[bytes]]:
    """The pictures of some videos, in order."""
    if frames is None or "image" not in frames.lazy().collect_schema():
        return {}
    shown = frames.lazy().filter(pl.col("video_id").is_in(videos)).sort("video_id", "frame_index")
    images = shown.select("video_id", jpeg=pl.col("image").struct.field("bytes")).drop_nulls("jpeg")
    found: dict[str, list[bytes]] = {}
    for video_id, jpeg in images.collect().iter_rows():
        found.setdefault(video_id, []).append(jpeg)
    return found


def _middle(images: Sequence[bytes]) -> bytes | None:
    return images[len(images) // 2] if images else None
