"""The receipt of a hydration as Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from gettok.errors import counted, reason_in_words
from gettok.hydrate.receipt import FoundAgain, Receipt, VariableBounds
from gettok.release.documents.rendering import code, paragraphs, plain
from gettok.report.display import label as shown_label
from gettok.stats.formatting import number, percent, percents

_LONGEST_LABEL = 80
_COLUMNS = ("in the release", "found again", "changed", "gone", "gone, share")
_WHAT = {"created_at": "the time of publication", "media": "the SHA-256 of the media file"}
_ABOUT_GONE = (
    "*Gone* means that the Research API does not give the video: it was asked twice for each id. The video may still"
    " exist, and may be found again later."
)
_ABOUT_MEDIA = (
    "Another SHA-256 means other bytes, not another film: TikTok encodes files anew, and another download backend"
    " may get another of its files."
)
_ABOUT_BOUNDS = (
    "*Lowest* and *highest* are bounds on the share among all labelled videos of the release: if none of the gone"
    " videos had the label, and if all had it. They assume nothing about why videos are gone: a study that labels only"
    " the found videos can claim this much about all of them, and no more."
)


def as_markdown(receipt: Receipt) -> str:
    """The receipt for people."""
    return (
        paragraphs(
            [
                "# What is still there of a release",
                _about(receipt),
                "## Videos",
                *_videos(receipt),
                "## By day of publication",
                _about_days(receipt),
                _outcomes("day", ((str(day), outcome) for day, outcome in receipt.days.items())),
                "## By label",
                *_labels(receipt),
            ]
        )
        + "\n"
    )


def headline(receipt: Receipt) -> str:
    """How many videos are found again, changed and gone, in one line."""
    videos = receipt.videos
    changed = "" if videos.changed is None else f" ({videos.changed:,} of them changed)"
    found, gone = of(videos.found, videos.released), of(videos.gone, videos.released)
    return f"{found} videos are found again{changed}, {gone} are gone"


def of(count: int, all_: int) -> str:
    """Such as `2 of 10 (20 %)`."""
    return f"{count:,} of {all_:,} ({percent(count / all_, all_)})" if all_ else "0 of 0"


def _about(receipt: Receipt) -> str:
    release, observed = receipt.release, receipt.hydrated.observed
    when = f", from {observed[0]:%Y-%m-%d %H:%M} to {observed[1]:%Y-%m-%d %H:%M} UTC" if observed else ""
    return (
        f"A release of the form {code(release.form)} with {counted(receipt.videos.released, 'video')}, published from"
        f" {release.start} to {release.end}; the SHA-256 of its checksums is {code(release.digest)}. The source"
        f" {code(receipt.hydrated.source)} was asked for them again{when}."
    )


def _videos(receipt: Receipt) -> Iterator[str]:
    yield f"{headline(receipt)}."
    yield "\n".join(
        f"- {count:,} gone: {reason_in_words(reason)}" for reason, count in receipt.gone_because.items()
    )
    yield _ABOUT_GONE
    yield _about_changes(receipt)
    if receipt.without_file is not None:
        yield (
            f"Found videos that had a media file when they were released, and have none now: {receipt.without_file:,}."
            f" {_ABOUT_MEDIA}"
        )
    yield _about_shares(receipt.videos)


def _about_changes(receipt: Receipt) -> str:
    if not receipt.release.has_results:
        return (
            "The receipt cannot say whether the found videos have changed: a release of the form `ids_only` has"
            " neither values nor checksums of its videos."
        )
    lines = [
        f"- {_WHAT[what]} differs for {of(differ, both)} that have it in both"
        for what, (differ, both) in receipt.changed_in.items()
    ]
    if "media" not in receipt.compared:
        lines.append("- media files were not fetched again, so they are not compared")
    return "Of the found videos:\n\n" + "\n".join(lines)


def _about_shares(videos: FoundAgain) -> str:
    n = videos.released
    return (
        f"For any share *s* that is measured on the found videos alone, the share among all videos of the release is at"
        f" least {number(videos.found / n, n)} · *s*, and at most {percents(videos.gone / n, n)} percentage points more"
        " than that."
    )


def _about_days(receipt: Receipt) -> str:
    if receipt.release.has_results:
        return "The days are in UTC."
    return (
        "The release does not have the days of publication. These are the days (UTC) on which the ids were made: most"
        " videos are published seconds later, scheduled ones days later."
    )


def _labels(receipt: Receipt) -> Iterator[str]:
    if not receipt.variables:
        yield "The release has no labels, so no shares of them can be compared."
        return
    yield _ABOUT_BOUNDS
    for variable in receipt.variables:
        yield from _variable(variable)


def _variable(variable: VariableBounds) -> Iterator[str]:
    labelled, n = variable.labelled, variable.labelled.released
    yield f"### {_text(variable.name)}"
    yield f"{of(labelled.found, n)} videos with a value are found again."
    rows = [(each.label, each.videos) for each in variable.labels]
    yield _outcomes("label", [*rows, ("(no value)", variable.without_label)])
    yield _table(
        ("label", "share in the release", "among those found", "lowest", "highest"),
        (
            (
                _text(each.label),
                of(each.videos.released, n),
                of(each.videos.found, labelled.found),
                of(each.videos.found, n),
                of(each.videos.found + labelled.gone, n),
            )
            for each in variable.labels
        ),
    )


def _outcomes(name: str, rows: Iterable[tuple[str, FoundAgain]]) -> str:
    return _table((name, *_COLUMNS), ((_text(text), *_cells(outcome)) for text, outcome in rows))


def _cells(outcome: FoundAgain) -> list[str]:
    counts = (outcome.released, outcome.found, outcome.changed, outcome.gone)
    share = outcome.gone / outcome.released if outcome.released else None
    return [*map(number, counts), percent(share, outcome.released)]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _text(text: str) -> str:
    """A text of the release, which may be a stranger's."""
    return plain(shown_label(text, _LONGEST_LABEL))
