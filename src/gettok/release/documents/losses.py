"""What became of the videos at each stage, in sentences."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gettok.books import Books
from gettok.collect.collection import CollectionSummary
from gettok.errors import REASONS, counted
from gettok.release.documents.rendering import code, have

#: What a stage makes of a video.
_RESULTS: Mapping[str, str] = MappingProxyType(
    {
        "download": "media file",
        "extract_frames": "frames",
        "transcribe": "transcript",
        "describe": "description",
        "annotate": "annotations",
        "compare_transcripts": "two texts to compare",
    }
)


def losses(books: Mapping[str, Books]) -> Iterator[str]:
    """A line for each stage that has no result for some of what it was asked about."""
    for stage, book in books.items():
        if book.unusable:
            yield f"{_subject(stage, book)}: {reasons(book)}."
        for name, of_variable in book.variables.items():
            if dict(of_variable.unusable) != dict(book.unusable):
                yield f"{code(name)} has no value for {_part(of_variable, 'video')}: {reasons(of_variable)}."


def _subject(stage: str, book: Books) -> str:
    if stage == "tabulate":
        return f"Of {counted(book.asked, 'row')} on the source's pages, {_lost(book):,} became no video"
    result = _RESULTS.get(stage, f"result of {code(stage)}")
    return f"{_part(book, 'video')} {have(_lost(book))} no {result}"


def _part(book: Books, noun: str) -> str:
    return f"{_lost(book):,} of {counted(book.asked, noun)}"


def _lost(book: Books) -> int:
    return book.asked - book.ok


def reasons(book: Books) -> str:
    """Such as: 2 `private` (its author keeps it private), 1 `removed` (its author or TikTok removed it)."""
    most_first = sorted(book.unusable.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {code(name)} ({REASONS.get(name, name)})" for name, count in most_first)


def losses_of_source(collection: CollectionSummary) -> str:
    """What the source has and did not give; empty if it gave all."""
    books = collection.origin.books
    if not books.unusable:
        return ""
    if collection.origin.is_query:
        return (
            f"The Research API counted {counted(books.asked, 'candidate')} and returned {counted(books.ok, 'row')}; it"
            " does not say why it leaves some out."
        )
    noun = "id" if collection.origin.kind == "ids" else "captured video"
    return f"{_part(books, noun)} {have(_lost(books))} no video here: {reasons(books)}."
