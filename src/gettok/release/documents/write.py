"""Writes the documents into a release folder, from what is in it and from the run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from gettok.collect.collection import CollectionSummary
from gettok.errors import counted
from gettok.release.documents.about import About
from gettok.release.documents.collection_text import (
    collection_text,
    is_synthetic,
    observed_sentence,
    sample_sentence,
)
from gettok.release.documents.evaluation_text import cost_text, evaluation_text
from gettok.release.documents.facts import cost, observed
from gettok.release.documents.losses import losses
from gettok.release.documents.processing_text import processing_text, prompts_text
from gettok.release.documents.readme import readme_values
from gettok.release.documents.rendering import be, render
from gettok.release.inputs import Tables
from gettok.release.workbook import Fit
from gettok.settings import Settings
from gettok.settings.codebook import KINDS_IN_WORDS
from gettok.step import Json
from gettok.store.atomic_write import atomic_write
from gettok.tables import Table
from gettok.tables.forms import MEANINGS


def write_documents(  # noqa: PLR0913 -- what the documents are about, each by name
    folder: Path,
    tables: Tables,
    parts: Sequence[Table],
    *,
    fit: Fit,
    provenance: Mapping[str, Json],
    withdrawn: int,
    about: About,
) -> None:
    """Write README.md, and the datasheet and the methods if there are settings, beside the files of the release.

    `tables` has the released videos, `withdrawn` counts the others, and `parts` are the declarations of the released
    tables, the dataset first. The same files and tables give the same bytes.
    """
    common = {
        "title": about.title,
        "videos": tables.count,
        "version": provenance.get("gettok", ""),
        "form": provenance["form"],
        "has": MEANINGS[provenance["form"]],
        "is_synthetic": about.settings is not None and is_synthetic(about.settings),
    }
    if about.settings is not None and about.collection is not None:
        texts = _texts(tables, about, about.settings, about.collection, provenance)
        _write(folder, "methods.md", {**common, **texts})
        more = _of_datasheet(tables, parts, about.settings, about.collection, withdrawn)
        _write(folder, "datasheet.md", {**common, **texts, **more})
    _write(
        folder,
        "README.md",
        {**common, **readme_values(folder, tables, parts, fit=fit, about=about, withdrawn=withdrawn)},
    )


def _write(folder: Path, name: str, values: Mapping[str, Any]) -> None:
    atomic_write(folder / name, render(f"{name}.j2", **values).encode())


def _texts(
    tables: Tables,
    about: About,
    settings: Settings,
    collection: CollectionSummary,
    provenance: Mapping[str, Json],
) -> dict[str, Any]:
    """The texts that the datasheet and the methods share."""
    lost = "\n".join(f"- {line}" for line in losses(tables.books))
    seen, version = observed(tables), str(provenance.get("gettok", ""))
    # labels of another study, which an old file has, are compared with nothing
    evaluated = {name: of for name, of in about.evaluations.items() if of.compared}
    return {
        "collection_text": collection_text(settings, collection, seen, version),
        "processing_text": processing_text(settings, provenance),
        "losses_text": lost or "Every stage has a result for every video.",
        "evaluation_text": evaluation_text(evaluated),
        "evaluations": evaluated,
        "cost_text": cost_text(cost(tables, about.cascade)),
        "prompts_text": prompts_text(settings),
        "observed_sentence": observed_sentence(seen),
    }


def _of_datasheet(
    tables: Tables, parts: Sequence[Table], settings: Settings, collection: CollectionSummary, withdrawn: int
) -> dict[str, Any]:
    dataset, *others = parts
    return {
        "target": settings.study.stance.target if "stance" in settings.codebook.variables else "",
        "dataset_sentence": dataset.sentence,
        "sample_sentence": sample_sentence(collection),
        "columns": len(dataset.columns),
        "tables": [table.name for table in others],
        "variables": [
            {
                "name": name,
                "kind": KINDS_IN_WORDS[of.kind],
                "question": _asked(of.question, settings),
                "labels": of.label_names,
            }
            for name, of in settings.codebook.variables.items()
        ],
        "missing": list(losses(tables.books)),
        "doubt_sentence": _doubt(tables),
        "withdrawn_sentence": (
            f"{counted(withdrawn, 'video')} {be(withdrawn)} left out, as people asked for it."
            if withdrawn
            else ""
        ),
    }


def _asked(question: str, settings: Settings) -> str:
    return question.replace("{target}", settings.study.stance.target)


def _doubt(tables: Tables) -> str:
    """How many transcripts are doubtful, by their own quality flags."""
    counts = (pl.col("speech") == "suspect").sum(), pl.col("speech").is_in(["speech", "suspect"]).sum()
    found = tables.rows("transcripts").select(suspect=counts[0], spoken=counts[1]).collect()
    suspect, all_of_them = found.row(0)
    if not all_of_them:
        return "There are no transcripts of speech."
    spoken = counted(all_of_them, "transcript")
    return f"Of {spoken} of speech, {suspect:,} {be(suspect)} marked as doubtful (`quality_flags`)."
