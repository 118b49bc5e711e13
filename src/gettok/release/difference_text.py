"""The difference of two releases for people: as plain text, or as Markdown for a list of changes."""

from collections.abc import Iterator, Sequence

from gettok.errors import REASONS, counted
from gettok.release.code_changes import MovedShare, VariableChange
from gettok.release.difference import ReleaseDifference
from gettok.settings.differences import SettingDifference
from gettok.step import Json, canonical, digest_of

_LONGEST = 60
#: Of a variable with many labels; `--format json` has all.
_MOST_RECODED = 12
_OTHER_REASONS = {
    "withdrawn": "someone asked to have it removed",
    "unknown": "the books do not say why",
}


def as_text(found: ReleaseDifference, *, markdown: bool = False) -> str:
    """Sections that have something to say, each with its lines; or the one line that there is nothing."""
    title = f"{found.old} → {found.new}"
    head = f"# Changes: {title}\n" if markdown else f"{title}\n"
    if found.is_empty:
        return f"{head}\nNo difference: all files are the same.\n"
    sections = [(name, [*lines]) for name, lines in _sections(found)]
    heading, line = ("\n## {}\n\n", "- {}\n") if markdown else ("\n{}\n", "  {}\n")
    as_written = _escaped if markdown else _printable
    return head + "".join(
        heading.format(name) + "".join(line.format(as_written(text)) for text in lines)
        for name, lines in sections
        if lines
    )


def _sections(found: ReleaseDifference) -> Iterator[tuple[str, Iterator[str]]]:
    yield "Videos", _videos(found)
    yield "Codes", _variables(found)
    yield "Prompts", map(_setting, found.prompts)
    yield "Models", map(_setting, found.models)
    yield "Settings", map(_setting, found.settings)
    yield "Files", _files(found)


def _videos(found: ReleaseDifference) -> Iterator[str]:
    old, new = found.videos
    yield f"{old:,} before, {new:,} now: {found.added:,} added, {found.gone:,} gone"
    for reason, videos in found.gone_by_reason.items():
        why = REASONS.get(reason) or _OTHER_REASONS[reason]
        yield f"gone, {reason}: {videos:,} ({why})"


def _variables(found: ReleaseDifference) -> Iterator[str]:
    yield from (f"{name}: a new variable" for name in found.variables_added)
    yield from (f"{name}: no longer a variable" for name in found.variables_gone)
    for change in found.variables:
        yield from _variable(change)


def _variable(change: VariableChange) -> Iterator[str]:
    yield f"{change.name}: {change.changed:,} of {counted(change.compared, 'video')} in both releases changed"
    for each in change.recoded[:_MOST_RECODED]:
        yield f"{change.name}, {each.old} → {each.new}: {counted(each.videos, 'video')}"
    if more := change.recoded[_MOST_RECODED:]:
        yield f"{change.name}, other changes: {counted(sum(each.videos for each in more), 'video')}"
    if change.shares:
        old, new = change.coded_videos
        shares = "; ".join(map(_share, change.shares))
        yield f"{change.name}, shares of {old:,} and {counted(new, 'video')} with a code: {shares}"


def _share(moved: MovedShare) -> str:
    old, new = ("–" if share is None else f"{share:.1f} %" for share in (moved.old, moved.new))
    points = "" if moved.points is None else f" ({moved.points:+.1f} points)"
    return f"{moved.label} {old} → {new}{points}"


def _setting(found: SettingDifference) -> str:
    return f"{found.key}: {_short(found.old)} → {_short(found.new)}"


def _short(value: Json) -> str:
    """On one line; a long value by the first digits of its SHA-256."""
    text = value if isinstance(value, str) else canonical(value)
    return text if len(text) <= _LONGEST and text.isprintable() else f"#{digest_of(value)[:8]}"


def _files(found: ReleaseDifference) -> Iterator[str]:
    groups: Sequence[tuple[str, Sequence[str]]] = (
        ("added", found.files_added),
        ("gone", found.files_gone),
        ("with other bytes", found.files_changed),
    )
    yield from (f"{what}: {', '.join(names)}" for what, names in groups if names)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{each}" if each in r"\`*_[]<>#|" else each for each in _printable(text))


def _printable(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text)
