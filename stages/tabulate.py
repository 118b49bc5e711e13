"""Make tables from the pages: each video once, as last observed, with all its counts, comments and authors."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from gettok import tabulate
from gettok.books import Books
from gettok.collect.tombstones import SUBJECTS, RefreshLists
from gettok.collect.windows import Window
from gettok.errors import counted
from gettok.pipeline.paths import DATA, INPUTS
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.store.atomic_write import atomic_dir
from gettok.tables import COMMENTS, COUNTS, FIELDS, REJECTS, USERS, VIDEOS, Table
from gettok.tabulate.tally import Tally
from gettok.tabulate.videos import Videos

PARAMS = ("study.start", "study.end")
#: Unknown fields are worth a message each, but not a hundred of them.
_MAX_LISTED = 10


def run(stage: Stage) -> None:
    settings = stage.settings
    rejects = tabulate.Rejects()
    gone = {subject: tabulate.Gone(RefreshLists(INPUTS, subject).gone()) for subject in SUBJECTS}
    pages = DATA / "pages"
    with _scratch_folder(DATA / ".tabulate.unfinished") as scratch:
        study = Window(settings.study.start, settings.study.end)
        video_pages = tabulate.read_pages(pages / "videos")
        refreshed = tabulate.read_pages(pages / "refreshed")
        videos = tabulate.videos.gather(
            video_pages, study, scratch / "videos", rejects, refreshed=refreshed, gone=gone["video"]
        )
        lost = dict(rejects.counts)
        _write_days(VIDEOS, "videos", gone["user"].without_usernames(videos.days()))
        _write_days(COUNTS, "counts", videos.counts())
        comment_pages = tabulate.read_pages(pages / "comments")
        comment_pages = tabulate.comments.without_gone_videos(comment_pages, gone["video"])
        comments = tabulate.comments.gather(
            comment_pages, videos.in_study, scratch / "comments", rejects, gone["comment"]
        )
        _write_days(COMMENTS, "comments", comments.days())
        user_pages = tabulate.read_pages(pages / "users")
        users, user_tally = tabulate.users.gather(user_pages, scratch / "users", rejects, gone["user"])
    USERS.write(users, DATA / "users.parquet")
    REJECTS.write(rejects.frame(), DATA / "rejects.parquet")
    tallies = (videos.tally, comments.tally, user_tally)
    FIELDS.write(tabulate.fields(tallies), DATA / "fields.parquet")
    _say(tallies)
    stage.keep_books(_books(videos, lost, len(gone["video"].met)))


def _books(videos: Videos, lost: Mapping[str, int], gone: int) -> Books:
    """Each video that was seen counts once, and so does each row or page that did not become a video."""
    unusable = {reason: count for reason, count in lost.items() if reason != "retyped"}
    if gone:
        unusable["gone"] = gone
    if outside := videos.seen - videos.in_study.height:
        unusable["outside_study"] = outside
    reasons = dict(sorted(unusable.items()))
    return Books(videos.in_study.height + sum(reasons.values()), videos.in_study.height, reasons)


@contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder for rows that do not fit into memory, beside the outputs; removed afterwards, or by the next run."""
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
            named = [f"{_shown(name)} ({counted(count, 'row')})" for name, count in unknown[:_MAX_LISTED]]
            more = ", …" if len(unknown) > _MAX_LISTED else ""
            total = counted(len(unknown), "unknown field")
            say(f"tabulate: {total} of {tally.type.table}: {', '.join(named)}{more}")


def _shown(name: str) -> str:
    """A field's name, made safe to print on one line."""
    return name if name.isprintable() else ascii(name)


if __name__ == "__main__":
    run_stage(globals())
