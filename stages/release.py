"""Assemble the release: the dataset, its tables, dictionary, books, provenance and checksums."""

from gettok import release
from gettok.books import Books
from gettok.pipeline.paths import DATA
from gettok.pipeline.provenance import provenance
from gettok.pipeline.results import tables, with_history
from gettok.pipeline.runner import Stage, run_stage
from gettok.pipeline.sharing import refuse_overdue, sharing
from gettok.store.atomic_write import atomic_dir

PARAMS = (
    "study",
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
    "terms",
    "release",
)


def run(stage: Stage) -> None:
    settings = stage.settings
    refuse_overdue(settings)
    results = with_history(tables(settings.codebook))
    with atomic_dir(DATA / "release") as folder:
        release.write(folder, results, sharing(settings), provenance(settings, results))
    count = results.count
    stage.keep_books(Books(count, count))


if __name__ == "__main__":
    run_stage(globals())
