"""The report's page: one HTML file that loads nothing, runs nothing and can be printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from gettok.compare.text_sources import COMPARED, TEXT_SOURCES, pair_name
from gettok.errors import REASONS
from gettok.ocr.error_rate import MEANING
from gettok.release import Tables, models
from gettok.report import examples, figures, metrics
from gettok.report.ai_labels import LABEL_SOURCES, label_pairs
from gettok.report.metrics import Spellings
from gettok.report.rendering import render
from gettok.settings import Study
from gettok.stance.human_labels.evaluation import LEFT_OUT, Evaluation
from gettok.stance.prompt_injection.attack_types import ATTACK_TYPES
from gettok.stance.prompt_injection.rates import flip_rates

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
#: Videos listed on which people and the model disagree.
_MAX_DISAGREEMENTS = 20


def write(  # noqa: PLR0913 -- the parts of the page, each by name
    folder: Path,
    tables: Tables,
    study: Study,
    comparison: Mapping[str, Any],
    spellings: Spellings = "folded",
    *,
    evaluation: Evaluation | None = None,
) -> None:
    """Write `index.html` and `figures/*.svg`; the same tables give the same bytes.

    `comparison` is the summary of `compare_transcripts`, empty if there was nothing to compare. `evaluation`
    compares the stances with human labels; None if there are none. The page shows names, captions and images: it is for
    those who made the dataset, and is not part of the release.
    """
    charts = {chart.number: chart for chart in figures.charts(tables, study, spellings)}
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for chart in charts.values():
        (folder / "figures" / f"figure_{chart.number}.svg").write_text(chart.svg, "utf-8")
    (folder / "index.html").write_text(
        html(tables, study, comparison, charts, spellings, evaluation=evaluation), "utf-8"
    )


def html(  # noqa: PLR0913 -- as above
    tables: Tables,
    study: Study,
    comparison: Mapping[str, Any],
    charts: Mapping[int, figures.Chart],
    spellings: Spellings = "folded",
    *,
    evaluation: Evaluation | None = None,
) -> str:
    """The page; every text is escaped."""
    frequent, viewed = metrics.top_hashtags(tables.videos, spellings)
    return render(
        "index.html",
        study=study,
        charts=charts,
        books=tables.books,
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
        stances=metrics.stances(tables.stances, study),
        evaluation=evaluation,
        left_out_reasons={**REASONS, **LEFT_OUT},
        max_disagreements=_MAX_DISAGREEMENTS,
        examples=examples.by_stance(tables, study),
        prompt_injection=found.stored() if (found := flip_rates(tables.prompt_injection)) else None,
        attack_types=ATTACK_TYPES,
        models=models(tables),
    )


def _compared(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pairs of text sources in their order, the paper's own first; none if no video has two texts."""
    found = comparison.get("pairs", {})
    entries = [found[name] for name in (pair_name(*sources) for sources in COMPARED) if name in found]
    return entries if any(entry["videos"]["both"] for entry in entries) else []


def _busiest(videos: pl.DataFrame, study: Study) -> dict[str, Any]:
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
