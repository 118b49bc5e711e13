"""Put together what others get: the dataset, its tables, dictionary, books, provenance and checksums."""

from typing import Any

import gettok
from gettok import release
from gettok.books import Books
from gettok.settings import Settings
from stages.answering import whole
from stages.results import tables
from stages.shell import DATA, Stage, main

PARAMS = (
    "study",
    "source.name",
    "download.backend",
    "frames",
    "asr.model",
    "asr.revision",
    "asr.compute_type",
    "asr.language",
    "llm.base_url",
    "llm.model",
    "llm.temperature",
    "llm.votes",
    "prompts",
    "embedder",
    "release",
)


def run(stage: Stage) -> None:
    settings = stage.settings
    results = tables()
    with whole(DATA / "release") as folder:
        release.write(folder, results, settings.release.form, _provenance(settings))
    count = results.videos.height
    stage.keep(Books(count, count))


def _provenance(settings: Settings) -> dict[str, Any]:
    """What the tables were made from. No clock, host or commit: the same inputs give the same release."""
    return {
        "gettok": gettok.__version__,
        "study": settings.study.model_dump(mode="json"),
        "source": settings.source.name,
        "download": settings.download.backend,
        "frames": settings.frames.model_dump(),
        "asr": {
            "model": settings.asr.model,
            "revision": settings.asr.revision,
            "compute_type": settings.asr.compute_type,
            "language": settings.asr.language,
        },
        "llm": {
            "base_url": settings.llm.base_url,
            "model": settings.llm.model,
            "temperature": settings.llm.temperature,
            "votes": settings.llm.votes,
        },
        "prompts": settings.prompts.model_dump(),
        "embedder": settings.embedder.model_dump(),
    }


if __name__ == "__main__":
    main(globals(), run)
