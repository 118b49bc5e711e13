"""Assemble the release: the dataset, its tables, dictionary, books, provenance and checksums."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

import gettok
from gettok import release
from gettok.books import Books
from gettok.pipeline.annotating.cascade_outcome import cascade_outcome
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import DATA
from gettok.pipeline.results import tables
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.settings import Citation, Settings
from gettok.settings.roles import results_only
from gettok.store.atomic_write import atomic_dir

PARAMS = (
    "study",
    "source.kind",
    "source.name",
    "download.backend",
    "frames",
    "asr",
    "llm",
    "codebook",
    "prompts",
    "prompt_injection",
    "ocr",
    "embedder",
    "release",
    "citation",
)


def run(stage: Stage) -> None:
    settings = stage.settings
    results = tables(settings.codebook)
    with atomic_dir(DATA / "release") as folder:
        origin = _provenance(settings, results)
        release.write(folder, results, settings.release.form, origin, settings=settings)
    for line in _uncited(settings.citation):
        say(line)
    count = results.count
    stage.keep_books(Books(count, count))


def _uncited(citation: Citation) -> Iterator[str]:
    """A line about what a reader of the release would need in order to cite or use it, and does not find."""
    if citation.missing:
        yield (
            f"release: to be cited, it lacks {', '.join(citation.missing)}: fill in conf/citation/ "
            "(docs/how-to/cite.md)"
        )


def _provenance(settings: Settings, results: release.Tables) -> dict[str, Any]:
    """What the tables were made from. No clock, host or commit: the same inputs give the same release."""
    return {
        "gettok": gettok.__version__,
        "settings": results_only(settings.model_dump(mode="json")),
        "speech_models": _speech_models(results.rows("transcripts")),
        "ocr_readers": _readers(results.rows("screen_texts")),
        "embedding_model": _embedding_model(),
        "cascade": cascade_outcome(),
    }


def _speech_models(transcripts: pl.LazyFrame) -> list[dict[str, str | None]]:
    """The model files that made the transcripts, and their number format: usually one, none without speech."""
    named = transcripts.drop_nulls("speech_model_sha256").select(
        repository="speech_model",
        revision="speech_model_revision",
        sha256="speech_model_sha256",
        compute_type="speech_compute_type",
    )
    return named.unique().sort("sha256", "compute_type").collect().to_dicts()


def _embedding_model() -> dict[str, str | None] | None:
    """The model files that compared the texts; none if they were compared by their letters."""
    comparison = json.loads((output("comparison") / "summary.json").read_text("utf-8"))
    model: dict[str, str | None] | None = comparison["embedding_model"]
    return model


def _readers(screen_texts: pl.LazyFrame) -> list[dict[str, str]]:
    """The OCR that read the frames, if any, with the digest of its models."""
    named = screen_texts.drop_nulls("reader_sha256").select(name="reader", sha256="reader_sha256")
    return named.unique().sort("sha256").collect().to_dicts()


if __name__ == "__main__":
    run_stage(globals())
