"""Make tables out of the pages: each video once, as last observed, all its counts, comments, and authors."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from gettok import tabulate
from gettok.books import Books
from gettok.collect.windows import Window
from gettok.pipeline.answering import atomic_dir
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.tables import COMMENTS, COUNTS, FIELDS, REJECTS, USERS, VIDEOS, Table
from gettok.tabulate.tally import Tally
from gettok.tabulate.videos import Videos

PARAMS = ("study.start", "study.end")
#: An unknown field is worth a word; a hundred are not.
_MOST_NAMED = 10


def run(stage: Stage) -> None:
    settings = stage.settings
    aside = tabulate.Rejects()
    pages = DATA / "pages"
    with _room(DATA / ".tabulate.unfinished") as room:
        study = Window(settings.study.start, settings.study.end)
        videos = tabulate.videos.gather(tabulate.stored(pages / "videos"), study, room / "videos", aside)
        lost = dict(aside.counts)
        _write_days(VIDEOS, "videos", videos.days())
        _write_days(COUNTS, "counts", videos.counts())
        of_videos = tabulate.stored(pages / "comments")
        comments = tabulate.comments.gather(of_videos, videos.found, room / "comments", aside)
        _write_days(COMMENTS, "comments", comments.days())
        users, of_users = tabulate.users.gather(tabulate.stored(pages / "users"), room / "users", aside)
    USERS.write(users, DATA / "users.parquet")
    REJECTS.write(aside.frame(), DATA / "rejects.parquet")
    tallies = (videos.tally, comments.tally, of_users)
    FIELDS.write(tabulate.fields(tallies), DATA / "fields.parquet")
    _say(tallies)
    stage.keep_books(_books(videos, lost))


def _books(videos: Videos, lost: Mapping[str, int]) -> Books:
    """Each video that was seen counts once, and so does each row or page of which no video could be made."""
    unusable = {reason: count for reason, count in lost.items() if reason != "retyped"}
    if outside := videos.seen - videos.found.height:
        unusable["outside_study"] = outside
    reasons = dict(sorted(unusable.items()))
    return Books(videos.seen + sum(lost.values()) - lost.get("retyped", 0), videos.found.height, reasons)


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """A folder for what does not fit into memory, beside the outputs; gone afterwards, or at the next run."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_days(table: Table, name: str, days: Iterable[tuple[object, pl.DataFrame]]) -> None:
    with atomic_dir(DATA / name) as folder:
        for day, rows in days:
            table.write(rows, folder / f"{day}.parquet")


def _say(tallies: Iterable[Tally]) -> None:
    for tally in tallies:
        if unknown := tally.unknown():
            named = [f"{_line(name)} ({_many(count, 'row')})" for name, count in unknown[:_MOST_NAMED]]
            more = ", …" if len(unknown) > _MOST_NAMED else ""
            said = _many(len(unknown), "unknown field")
            say(f"tabulate: {said} of {tally.kind.table}: {', '.join(named)}{more}")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _line(name: str) -> str:
    """A field's name as it can be shown on one line."""
    return name if name.isprintable() else ascii(name)


if __name__ == "__main__":
    run_stage(globals())
