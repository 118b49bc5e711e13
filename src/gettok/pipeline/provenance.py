"""What a release was made from."""

import json
from typing import Any

import polars as pl

import gettok
from gettok import release
from gettok.pipeline.annotating.cascade_outcome import cascade_outcome
from gettok.pipeline.outputs import output
from gettok.settings import Settings
from gettok.settings.roles import results_only


def provenance(settings: Settings, results: release.Tables) -> dict[str, Any]:
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
