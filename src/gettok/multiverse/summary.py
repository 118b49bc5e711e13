"""All numbers of a multiverse together, as tables and as what `multiverse.json` holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from gettok.multiverse.agreement import Alpha, Pair, alpha, pairs
from gettok.multiverse.comparisons import Comparison, compare, label_share
from gettok.multiverse.flips import Flip, flips
from gettok.multiverse.numbers import INTERVAL
from gettok.multiverse.specifications import Axis, LeftOut, Specification, axes, differing, in_words
from gettok.settings import Event, Study
from gettok.stats.proportions import Share
from gettok.step import Json, Row

#: What each number is, in words. The page and `multiverse.json` both say it.
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "n": "videos that have a label under the specification; all shares are shares of these",
        "lost": "videos without a label under the specification, by the reason why",
        "same": "share of the videos with a label under both specifications that have the same one",
        "kappa": "Cohen's kappa on these videos: agreement beyond what two such mixes of labels would have by chance;"
        " null where all labels are one and the same, or no video has both",
        "alpha": "Krippendorff's alpha (nominal) over the videos with a label under two specifications or more; null in"
        " the same cases",
        "different_labels": "how many different labels a video gets",
        "dissenting": "specifications that give the video another label than the one that it gets most often",
        "difference": "the label's share among videos published on the event's day (UTC) or later, minus its share"
        " among those published before",
        "sign": "the sign of the difference that most specifications have; null if two are as frequent",
        "share_with_same_sign": "of the specifications that have a difference, the share that has this sign",
        "interval": INTERVAL,
    }
)


@dataclass(frozen=True)
class Multiverse:
    """The specifications of one study in their order, and everything that is said of them."""

    study: Study
    label: str
    specifications: tuple[Specification, ...]
    left_out: tuple[LeftOut, ...]
    axes: tuple[Axis, ...]
    shares: tuple[Share, ...]
    pairs: tuple[Pair, ...]
    alpha: Alpha
    flips: tuple[Flip, ...]
    comparisons: tuple[Comparison, ...]


def multiverse(
    study: Study,
    label: str,
    events: Sequence[Event],
    found: Sequence[Specification],
    left_out: Sequence[LeftOut],
) -> Multiverse:
    """`found` has one specification at least, each of them once (see `specifications.distinct`)."""
    return Multiverse(
        study=study,
        label=label,
        specifications=tuple(found),
        left_out=tuple(left_out),
        axes=tuple(axes(found)),
        shares=tuple(label_share(one, label) for one in found),
        pairs=tuple(pairs(found)),
        alpha=alpha(found),
        flips=tuple(flips(found)),
        comparisons=tuple(compare(found, label, event) for event in events),
    )


def as_frame(whole: Multiverse) -> pl.DataFrame:
    """One row a specification: its names, the settings in which it differs, shares of labels, and what was lost."""
    found = whole.specifications
    columns = [
        pl.Series("specification", [one.name for one in found], pl.String),
        pl.Series("also", [list(one.also) for one in found], pl.List(pl.String)),
        *(_column(key, values) for key, values in differing(found).items()),
        pl.Series("videos", [one.stances.height for one in found], pl.Int64),
        pl.Series("n", [one.labelled.height for one in found], pl.Int64),
        *(
            pl.Series(f"share_{label}", [label_share(one, label).value for one in found], pl.Float64)
            for label in whole.study.stance.labels
        ),
        *(
            pl.Series(f"lost_{reason}", [_lost(one).get(reason, 0) for one in found], pl.Int64)
            for reason in reasons(found)
        ),
    ]
    return pl.DataFrame(columns)


def _column(key: str, values: Sequence[Json]) -> pl.Series:
    """Numbers as numbers, everything else in words."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return pl.Series(key, values, pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(key, values, pl.Float64, strict=False)
    return pl.Series(key, [None if value is None else in_words(value) for value in values], pl.String)


def reasons(found: Sequence[Specification]) -> list[str]:
    """Every reason for which some specification has no label."""
    return sorted({reason for one in found for reason in _lost(one)})


def _lost(one: Specification) -> dict[str, int]:
    counted = one.stances["reason"].drop_nulls().value_counts().sort("reason")
    return dict(counted.iter_rows())


def as_json(whole: Multiverse) -> dict[str, Any]:
    """What `multiverse.json` holds."""
    names = [one.name for one in whole.specifications]
    judged_twice = whole.alpha.n
    return {
        "meanings": dict(MEANINGS),
        "study": whole.study.name,
        "target": whole.study.stance.target,
        "label": whole.label,
        "specifications": _specifications(whole.specifications),
        "left_out": [asdict(one) for one in whole.left_out],
        "differ_in": [{"setting": axis.setting, "with_it": list(axis.with_it)} for axis in whole.axes],
        "agreement": {"alpha": asdict(whole.alpha), "pairs": [asdict(pair) for pair in whole.pairs]},
        "flips": {"videos": len(whole.flips), "of_videos_judged_twice_or_more": judged_twice},
        "label_share": {name: asdict(one) for name, one in zip(names, whole.shares, strict=True)},
        "comparisons": [_comparison(one, names) for one in whole.comparisons],
    }


def _specifications(found: Sequence[Specification]) -> list[Row]:
    values = differing(found)
    return [
        _one(one, {key: of_all[place] for key, of_all in values.items()}) for place, one in enumerate(found)
    ]


def _one(one: Specification, settings: Mapping[str, Json]) -> Row:
    counts = dict(one.labelled["label"].value_counts().sort("label").iter_rows())
    return {
        "name": one.name,
        "also": list(one.also),
        "settings": dict(settings),
        "videos": one.stances.height,
        "n": one.labelled.height,
        "labels": counts,
        "lost": _lost(one),
    }


def _comparison(one: Comparison, names: Sequence[str]) -> Row:
    return {
        "event": {"day": one.event.day.isoformat(), "label": one.event.label},
        "n": one.n,
        "sign": one.sign,
        "same_sign": one.same_sign,
        "share_with_same_sign": one.share_with_same_sign,
        "differences": {name: asdict(of_one) for name, of_one in zip(names, one.differences, strict=True)},
    }
