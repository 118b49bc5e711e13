"""Writing a release of the results of the last run."""

from collections.abc import Iterator
from pathlib import Path

from gettok import release
from gettok.pipeline.paths import HUMAN_LABELS
from gettok.pipeline.provenance import provenance
from gettok.pipeline.results import cascade_rows, collection_of, human_evaluations, tables, with_history
from gettok.pipeline.sharing import refuse_overdue, sharing
from gettok.settings import Citation, Settings
from gettok.store.atomic_write import atomic_dir

#: The settings that a release depends on, and names.
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
    "terms",
    "release",
    "citation",
)


def write_release(settings: Settings, folder: Path) -> int:
    """Write it in place of an earlier one, and say how many videos it has; nothing while a refresh is overdue."""
    refuse_overdue(settings)
    results = with_history(tables(settings.codebook))
    _, evaluations = human_evaluations(HUMAN_LABELS, results)
    collection = collection_of(settings.source.kind)
    about = release.About(
        settings.citation.title or settings.study.title, settings, collection, evaluations, cascade_rows()
    )
    made_from = provenance(settings, results)
    with atomic_dir(folder) as unfinished:
        release.write(unfinished, results, sharing(settings), made_from, about=about)
    return results.count


def uncited(citation: Citation) -> Iterator[str]:
    """A line about what a reader of the release would need in order to cite or use it, and does not find."""
    if citation.missing:
        yield (
            f"to be cited, the release lacks {', '.join(citation.missing)}: fill in conf/citation/ "
            "(docs/how-to/cite.md)"
        )
