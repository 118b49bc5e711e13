"""Put together what others get: the dataset, its tables, dictionary, books, provenance and checksums."""

import json
from typing import Any

import polars as pl

import gettok
from gettok import release
from gettok.books import Books
from gettok.pipeline.answering import atomic_dir
from gettok.pipeline.paths import DATA
from gettok.pipeline.results import tables
from gettok.pipeline.runner import Stage, run_stage
from gettok.settings import Settings

PARAMS = (
    "study",
    "source.name",
    "download.backend",
    "frames",
    "asr.backend",
    "asr.model",
    "asr.revision",
    "asr.language",
    "asr.vad",
    "asr.chunk_s",
    "asr.window_s",
    "asr.beam_size",
    "asr.min_speech_ratio",
    "asr.align",
    "llm.base_url",
    "llm.model",
    "llm.temperature",
    "llm.votes",
    "llm.confidence",
    "llm.extra_models",
    "prompts",
    "prompt_injection",
    "ocr",
    "embedder",
    "release",
)


def run(stage: Stage) -> None:
    settings = stage.settings
    results = tables()
    with atomic_dir(DATA / "release") as folder:
        release.write(folder, results, settings.release.form, _provenance(settings, results))
    count = results.videos.height
    stage.keep_books(Books(count, count))


def _provenance(settings: Settings, results: release.Tables) -> dict[str, Any]:
    """What the tables were made from. No clock, host or commit: the same inputs give the same release."""
    return {
        "gettok": gettok.__version__,
        "study": settings.study.model_dump(mode="json"),
        "source": settings.source.name,
        "download": settings.download.backend,
        "frames": settings.frames.model_dump(),
        "asr": {
            "backend": settings.asr.backend,
            "model": settings.asr.model,
            "revision": settings.asr.revision,
            "language": settings.asr.language,
            "vad": settings.asr.vad,
            "chunk_s": settings.asr.chunk_s,
            "window_s": settings.asr.window_s,
            "beam_size": settings.asr.beam_size,
            "min_speech_ratio": settings.asr.min_speech_ratio,
            "align": settings.asr.align,
        },
        "speech_models": _speech_models(results.transcripts),
        "llm": {
            "base_url": settings.llm.base_url,
            "model": settings.llm.model,
            "temperature": settings.llm.temperature,
            "votes": settings.llm.votes,
            "confidence": settings.llm.confidence,
            "extra_models": [other.model for other in settings.llm.extra_models],
        },
        "prompts": settings.prompts.model_dump(),
        "prompt_injection": settings.prompt_injection and settings.prompt_injection.model_dump(),
        "ocr": settings.ocr and settings.ocr.model_dump(exclude={"max_concurrency"}),
        "ocr_readers": _readers(results.screen_texts),
        "embedder": settings.embedder.model_dump(),
        "embedding_model": _embedding_model(),
    }


def _speech_models(transcripts: pl.DataFrame) -> list[dict[str, str | None]]:
    """Which files the transcripts were made with, and in which number format: one, unless nobody was listened to."""
    named = transcripts.drop_nulls("speech_model_sha256").select(
        repository="speech_model",
        revision="speech_model_revision",
        sha256="speech_model_sha256",
        compute_type="speech_compute_type",
    )
    return named.unique().sort("sha256", "compute_type").to_dicts()


def _embedding_model() -> dict[str, str | None] | None:
    """Which files texts were compared with; none where they were compared by their letters."""
    comparison = json.loads((DATA / "comparison" / "summary.json").read_text("utf-8"))
    found: dict[str, str | None] | None = comparison["embedding_model"]
    return found


def _readers(screen_texts: pl.DataFrame | None) -> list[dict[str, str]]:
    """Which reader of text the frames were given to, if any, and which models it had."""
    if screen_texts is None:
        return []
    named = screen_texts.drop_nulls("reader_sha256").select(name="reader", sha256="reader_sha256")
    return named.unique().sort("sha256").to_dicts()


if __name__ == "__main__":
    run_stage(globals())
