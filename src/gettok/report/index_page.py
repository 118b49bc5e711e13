"""The report's page: one HTML file that loads nothing, runs nothing and can be printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gettok.annotate.human_labels.evaluation import LEFT_OUT
from gettok.annotate.prompt_injection.attack_types import ATTACK_TYPES
from gettok.annotate.prompt_injection.rates import rates_by_variable, stored
from gettok.collect.origin import SourceKind
from gettok.compare.text_sources import COMPARED, TEXT_SOURCES, pair_name
from gettok.errors import REASONS
from gettok.ocr.error_rate import MEANING
from gettok.release import Tables, models
from gettok.report import examples, metrics
from gettok.report.ai_labels import LABEL_SOURCES, label_pairs
from gettok.report.label_places import label_places
from gettok.report.metrics import Evaluations, Spellings
from gettok.report.rendering import render
from gettok.report.variables import MAX_PANELS, coded, question, two_way
from gettok.settings import Study
from gettok.settings.codebook import KINDS_IN_WORDS
from gettok.stats.clustered import INTERVAL
from gettok.tables.stored_rows import Rows

if TYPE_CHECKING:
    from gettok.report.figures import Chart

#: The numbers of section 3.1 of the paper, by their names on the page.
_COMPARISON_NUMBERS = {
    "pearson_r": "Correlation of word counts (Pearson r)",
    "r_squared": "R² of word counts",
    "mean_jaccard": "Mean Jaccard index of the word sets",
    "mean_cosine": "Mean cosine similarity of the embeddings",
    "wer": "Word error rate, the first as reference",
    "cer": "Character error rate, the first as reference",
    "same_language": "Same language, where both have one",
}
#: What the row of collect counts, for each kind of source.
_COLLECT_COUNTS: Mapping[SourceKind, str] = {
    "research_api": "Collect counts candidates of the Research API's searches, and the rows that they gave; a video"
    " may come twice. The API does not say why it leaves out a candidate.",
    "ids": "Collect counts the ids of the list.",
    "zeeschuimer": "Collect counts captured videos.",
}
#: Videos listed on which people and the model disagree.
_MAX_DISAGREEMENTS = 20


@dataclass(frozen=True)
class ByPeople:
    """What people's labels say of each variable."""

    evaluations: Evaluations = field(default_factory=dict)
    #: Values of variables that the codebook does not have, and of those whose values are words: how many people gave.
    unknown: Mapping[str, int] = field(default_factory=dict)
    in_words: Mapping[str, int] = field(default_factory=dict)


#: Without human labels.
_NO_LABELS = ByPeople()


def write(  # noqa: PLR0913 -- the parts of the page, each by name
    folder: Path,
    tables: Tables,
    study: Study,
    comparison: Mapping[str, Any],
    spellings: Spellings = "folded",
    *,
    by_people: ByPeople = _NO_LABELS,
) -> None:
    """Write `index.html` and `figures/*.svg`; the same tables give the same bytes.

    `comparison` is the summary of `compare_transcripts`, empty if there was nothing to compare. The page shows names,
    captions and images: it is for those who made the dataset, and is not part of the release.
    """
    from gettok.report import figures, variable_figures  # noqa: PLC0415 - matplotlib takes a second to import

    drawn = figures.charts(tables, study, spellings)
    drawn += variable_figures.charts(list(coded(tables).values()), study.events)
    charts = {chart.name: chart for chart in drawn}
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for chart in charts.values():
        (folder / "figures" / f"{chart.name}.svg").write_text(chart.svg, "utf-8")
    (folder / "index.html").write_text(
        html(tables, study, comparison, charts, spellings, by_people=by_people), "utf-8"
    )


def html(  # noqa: PLR0913 -- as above
    tables: Tables,
    study: Study,
    comparison: Mapping[str, Any],
    charts: Mapping[str, "Chart"],
    spellings: Spellings = "folded",
    *,
    by_people: ByPeople = _NO_LABELS,
) -> str:
    """The page; every text is escaped."""
    frequent, viewed = metrics.top_hashtags(tables.videos, spellings)
    variables = coded(tables)
    shown_tables, other_pairs = two_way(variables)
    rates = rates_by_variable(tables.prompt_injection, variables)
    return render(
        "index.html",
        study=study,
        charts=charts,
        books={"collect": tables.origin.books, **tables.books},
        origin=tables.origin,
        collect_counts=_COLLECT_COUNTS,
        reasons=REASONS,
        totals=metrics.totals(tables.videos),
        frequent=frequent,
        viewed=viewed,
        spellings=spellings,
        busiest=_busiest(tables.videos, study),
        coverage=_coverage(tables),
        uncovered=tables.uncovered,
        comparison=comparison,
        compared=_compared(comparison),
        text_sources=TEXT_SOURCES,
        comparison_numbers=_COMPARISON_NUMBERS,
        pair=examples.pair(tables.pairs),
        on_screen_text=metrics.on_screen_text(tables.descriptions),
        on_screen_text_meaning=MEANING,
        label_pairs=label_pairs(tables),
        label_sources=LABEL_SOURCES,
        codebook=tables.codebook,
        variables=variables,
        question=question,
        kinds=KINDS_IN_WORDS,
        clustered=INTERVAL,
        max_panels=MAX_PANELS,
        changes={name: [of.changes(event) for event in study.events] for name, of in variables.items()},
        two_way=shown_tables,
        label_places=label_places(tables),
        other_pairs=other_pairs,
        human_labels=by_people,
        left_out_reasons={**REASONS, **LEFT_OUT},
        max_disagreements=_MAX_DISAGREEMENTS,
        examples=examples.by_label(tables, by_people.evaluations),
        prompt_injection=stored(rates),
        attack_types=ATTACK_TYPES,
        models=models(tables),
    )


def _compared(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pairs of text sources in their order, the paper's own first; none if no video has two texts."""
    found = comparison.get("pairs", {})
    entries = [found[name] for name in (pair_name(*sources) for sources in COMPARED) if name in found]
    return entries if any(entry["videos"]["both"] for entry in entries) else []


def _busiest(videos: Rows, study: Study) -> dict[str, Any]:
    """The day with the most videos (the earliest if there are several), for the alternative text of Figure 3."""
    return (
        metrics.posts_per_day(videos, study)
        .sort("videos", "day", descending=[True, False])
        .row(0, named=True)
    )


def _coverage(tables: Tables) -> dict[str, int]:
    return {
        name: int(of_day.sum())
        for name, of_day in metrics.transcripts_per_day(tables).to_dict().items()
        if name != "day"
    }
