"""Whether the books of a release balance, and agree with its tables."""

from collections import Counter
from collections.abc import Iterator, Mapping

from gettok.books import STAGES, Books
from gettok.errors import Damaged
from gettok.step import Json
from gettok.verification.table_checks import TableCheck

BOOKS = "books.json"
#: Their books count something else, such as days.
_NOT_OF_VIDEOS = frozenset(stage.name for stage in STAGES if stage.counts != "videos")


def wrong_books(content: Json, checks: Mapping[str, TableCheck]) -> Iterator[str]:
    """A line for each number that does not add up. `checks` are those of the tables that were read, by name."""
    try:
        books = {stage: Books.of_stored(stored) for stage, stored in content["stages"].items()}
        videos, withdrawn, released = (int(content[name]) for name in ("videos", "withdrawn", "released"))
        for stage, book in sorted(books.items()):
            yield from _unbalanced(stage, book, videos)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield f"{BOOKS} does not have the books of a release: {type(error).__name__}: {error}"
        return
    if released != videos - withdrawn:
        yield f"{BOOKS} counts {videos} videos, {withdrawn} of them withdrawn, and {released} released"
    if "dataset" in checks and checks["dataset"].rows != released:
        yield f"dataset.parquet has {checks['dataset'].rows} videos, and {BOOKS} counts {released} released"
    for name, _, table in STAGES:
        if table and table in checks:
            yield from _unlike_table(name, books.get(name), checks[table], released, withdrawn)


def _unbalanced(stage: str, book: Books, videos: int) -> Iterator[str]:
    try:
        book.check(stage)
    except Damaged as error:
        yield f"{BOOKS}: {error.what}"
    if stage in _NOT_OF_VIDEOS:
        return
    # tabulate counts every row on the pages; the later stages are asked about the videos that it finds
    counted = book.ok if stage == "tabulate" else book.asked
    if counted != videos:
        yield f"{BOOKS}: the books of {stage} count {counted} videos, and there are {videos}"


def _unlike_table(
    stage: str, book: Books | None, check: TableCheck, released: int, withdrawn: int
) -> Iterator[str]:
    if book is None:
        yield f"{BOOKS} lacks the books of {stage}, which made {check.file}"
        return
    if check.videos != released:
        yield f"{check.file} has rows of {check.videos} videos, and {BOOKS} counts {released} released"
    if not check.counts:
        return
    variables = {variable for variable, _ in check.counts if variable is not None}
    if unlike := variables ^ book.variables.keys():
        yield f"{check.file} and {BOOKS} differ in variables: {', '.join(sorted(unlike))}"
    for variable in sorted(variables & book.variables.keys()):
        yield from _unlike_counts(f"{check.file}, {variable}:", check, variable, book, withdrawn)
    if not variables:
        yield from _unlike_counts(f"{check.file}:", check, None, book, withdrawn)


def _unlike_counts(
    what: str, check: TableCheck, variable: str | None, book: Books, withdrawn: int
) -> Iterator[str]:
    """Withdrawn videos are in the books and not in the table."""
    of_variable = book if variable is None else book.variables[variable]
    counted: Counter[str | None] = Counter({None: of_variable.ok})
    counted.update(of_variable.unusable)
    found: Counter[str | None] = Counter(
        {why: count for (name, why), count in check.counts.items() if name == variable}
    )
    differences = [counted[why] - found[why] for why in counted.keys() | found.keys()]
    if any(difference < 0 for difference in differences) or sum(differences) != withdrawn:
        yield f"{what} {_listed(found)}, and {BOOKS} says {_listed(counted)}"


def _listed(counts: Counter[str | None]) -> str:
    reasons = sorted((reason, count) for reason, count in counts.items() if reason is not None)
    return ", ".join([f"ok {counts[None]}", *(f"{reason} {count}" for reason, count in reasons if count)])
