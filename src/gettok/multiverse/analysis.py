"""All numbers of a multiverse, as objects, as a table and as the content of `multiverse.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from gettok.multiverse.before_after import INTERVAL, Comparison, compare, label_share
from gettok.multiverse.compared_variable import ComparedVariable
from gettok.multiverse.flips import Flip, flips
from gettok.multiverse.label_agreement import AgreementPair, Alpha, alpha, pairs
from gettok.multiverse.specifications import Axis, LeftOut, Specification, axes, differing, in_words
from gettok.settings import Event, Study
from gettok.stats.proportions import Share
from gettok.step import Json, Row

#: What each number means. Both the page and `multiverse.json` print it.
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "n": "videos that have a label under the specification; all shares are of these",
        "lost": "videos without a label under the specification, by the reason why",
        "same": "share of the videos with a label under both specifications that have the same one",
        "kappa": "Cohen's kappa on these videos: agreement beyond what the two distributions of labels give by chance;"
        " null where all labels are the same, or no video has both",
        "alpha": "Krippendorff's alpha (nominal) over the videos with a label under two specifications or more; null in"
        " the same cases",
        "different_labels": "how many different labels a video gets",
        "dissenting": "specifications that give the video another label than its most frequent one",
        "difference": "the label's share among videos published on the event's day (UTC) or later, minus its share"
        " among those published before",
        "sign": "the most frequent sign of the difference; null if two are equally frequent",
        "share_with_same_sign": "of the specifications that have a difference, the share that has this sign",
        "interval": INTERVAL,
    }
)


@dataclass(frozen=True)
class Multiverse:
    """The specifications of one study in their order, and every number about them."""

    study: Study
    compared: ComparedVariable
    specifications: tuple[Specification, ...]
    left_out: tuple[LeftOut, ...]
    axes: tuple[Axis, ...]
    shares: tuple[Share, ...]
    pairs: tuple[AgreementPair, ...]
    alpha: Alpha
    flips: tuple[Flip, ...]
    comparisons: tuple[Comparison, ...]


def analyse(
    study: Study,
    compared: ComparedVariable,
    events: Sequence[Event],
    specifications: Sequence[Specification],
    left_out: Sequence[LeftOut],
) -> Multiverse:
    """There is at least one specification, and each occurs once (see `specifications.distinct`)."""
    return Multiverse(
        study=study,
        compared=compared,
        specifications=tuple(specifications),
        left_out=tuple(left_out),
        axes=tuple(axes(specifications)),
        shares=tuple(label_share(specification, compared.label) for specification in specifications),
        pairs=tuple(pairs(specifications)),
        alpha=alpha(specifications),
        flips=tuple(flips(specifications)),
        comparisons=tuple(compare(specifications, compared.label, event) for event in events),
    )


def as_frame(multiverse: Multiverse) -> pl.DataFrame:
    """One row for each specification: its names, the settings that differ, the labels' shares, and losses by reason."""
    specifications = multiverse.specifications
    columns = [
        pl.Series("specification", [specification.name for specification in specifications], pl.String),
        pl.Series("also", [list(specification.also) for specification in specifications], pl.List(pl.String)),
        *(_column(key, values) for key, values in differing(specifications).items()),
        pl.Series("videos", [specification.labels.height for specification in specifications], pl.Int64),
        pl.Series("n", [specification.labelled.height for specification in specifications], pl.Int64),
        *(
            pl.Series(
                f"share_{label}",
                [label_share(specification, label).value for specification in specifications],
                pl.Float64,
            )
            for label in multiverse.compared.labels
        ),
        *(
            pl.Series(
                f"lost_{reason}",
                [_lost(specification).get(reason, 0) for specification in specifications],
                pl.Int64,
            )
            for reason in reasons(specifications)
        ),
    ]
    return pl.DataFrame(columns)


def _column(key: str, values: Sequence[Json]) -> pl.Series:
    """Numbers as numbers, everything else as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return pl.Series(key, values, pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(key, values, pl.Float64, strict=False)
    return pl.Series(key, [None if value is None else in_words(value) for value in values], pl.String)


def reasons(specifications: Sequence[Specification]) -> list[str]:
    """Every reason why a video has no label under some specification."""
    return sorted({reason for specification in specifications for reason in _lost(specification)})


def _lost(specification: Specification) -> dict[str, int]:
    counted = specification.labels["reason"].drop_nulls().value_counts().sort("reason")
    return dict(counted.iter_rows())


def as_json(multiverse: Multiverse) -> dict[str, Any]:
    """The content of `multiverse.json`."""
    names = [specification.name for specification in multiverse.specifications]
    judged_twice = multiverse.alpha.n
    return {
        "meanings": dict(MEANINGS),
        "study": multiverse.study.name,
        "variable": multiverse.compared.name,
        "question": multiverse.compared.question,
        "label": multiverse.compared.label,
        "specifications": _specifications(multiverse.specifications),
        "left_out": [asdict(result) for result in multiverse.left_out],
        "differ_in": [{"setting": axis.setting, "with_it": list(axis.with_it)} for axis in multiverse.axes],
        "agreement": {
            "alpha": asdict(multiverse.alpha),
            "pairs": [asdict(pair) for pair in multiverse.pairs],
        },
        "flips": {"videos": len(multiverse.flips), "of_videos_judged_twice_or_more": judged_twice},
        "label_share": {name: asdict(share) for name, share in zip(names, multiverse.shares, strict=True)},
        "comparisons": [_comparison(comparison, names) for comparison in multiverse.comparisons],
    }


def _specifications(specifications: Sequence[Specification]) -> list[Row]:
    values = differing(specifications)
    return [
        _specification(specification, {key: of_all[place] for key, of_all in values.items()})
        for place, specification in enumerate(specifications)
    ]


def _specification(specification: Specification, settings: Mapping[str, Json]) -> Row:
    counts = dict(specification.labelled["label"].value_counts().sort("label").iter_rows())
    return {
        "name": specification.name,
        "also": list(specification.also),
        "settings": dict(settings),
        "videos": specification.labels.height,
        "n": specification.labelled.height,
        "labels": counts,
        "lost": _lost(specification),
    }


def _comparison(comparison: Comparison, names: Sequence[str]) -> Row:
    return {
        "event": {"day": comparison.event.day.isoformat(), "label": comparison.event.label},
        "n": comparison.n,
        "sign": comparison.sign,
        "same_sign": comparison.same_sign,
        "share_with_same_sign": comparison.share_with_same_sign,
        "differences": {
            name: asdict(difference) for name, difference in zip(names, comparison.differences, strict=True)
        },
    }
