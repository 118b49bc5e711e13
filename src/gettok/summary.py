"""What a person reads in the terminal when a run has ended."""

from collections.abc import Iterable, Mapping

from gettok.books import Books


def terminal_summary(
    title: str,
    days: Mapping[str, int],
    books: Mapping[str, Books],
    stances: Mapping[str, int],
    others: Mapping[str, str],
) -> str:
    """How the days are covered, each stage's books, the stances that were found, and other facts by name."""
    lines = [("days", _counts(days.items()) or "a list of videos covers none")]
    lines += [(stage.replace("_", " "), _book(book)) for stage, book in books.items()]
    lines.append(("stances", _counts(stances.items()) or "none"))
    lines += others.items()
    width = max(len(name) for name, _ in lines)
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in lines)])


def _book(book: Books) -> str:
    lost = _counts(sorted(book.unusable.items(), key=lambda found: (-found[1], found[0])))
    return f"{book.ok:,} of {book.asked:,} ok" + (f"; {lost}" if lost else "")


def _counts(found: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in found)
