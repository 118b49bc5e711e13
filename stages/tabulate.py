"""Make tables from the pages: each video once, as last observed, with all its counts, comments and authors."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from gettok import tabulate
from gettok.books import Books
from gettok.collect.erased import Erased
from gettok.collect.tombstones import SUBJECTS, RefreshLists
from gettok.collect.windows import Window
from gettok.errors import counted
from gettok.pipeline.outputs import md5s, output
from gettok.pipeline.paths import DATA, REFRESH_LISTS
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.pipeline.shards import DayShards
from gettok.step import Blob
from gettok.store.atomic_write import atomic_dir
from gettok.tables import COMMENTS, COUNTS, FIELDS, REJECTS, USERS, VIDEOS, Table
from gettok.tabulate.gone import Gone, without_mentions
from gettok.tabulate.pages import PageFile
from gettok.tabulate.tally import Tally
from gettok.tabulate.videos import VideoRows, Videos

PARAMS = ("study.start", "study.end")
#: Unknown fields are worth a message each, but not a hundred of them.
_MAX_LISTED = 10


def run(stage: Stage) -> None:
    settings = stage.settings
    rejects = tabulate.Rejects()
    gone = {subject: tabulate.Gone(RefreshLists(REFRESH_LISTS, subject).gone()) for subject in SUBJECTS}
    erased = Erased.of(REFRESH_LISTS)
    gone["video"] = tabulate.Gone(gone["video"].digests, erased)
    with _scratch_folder(DATA / ".tabulate.unfinished") as scratch:
        study = Window(settings.study.start, settings.study.end)
        found = _found_videos(stage, gone["video"], scratch / "found")
        refreshed = _pages(stage, "refreshed")
        videos = tabulate.videos.gather(found, study, scratch / "videos", rejects, refreshed=refreshed)
        lost = dict(rejects.counts)
        _write_videos(stage, videos, gone["user"], erased)
        _write_days(COUNTS, "counts", videos.counts())
        comment_pages = _pages(stage, "comments")
        left_out = tabulate.Gone(videos.left_out.union(gone["video"].digests))
        comment_pages = tabulate.comments.without_gone_videos(comment_pages, left_out)
        comments = tabulate.comments.gather(
            comment_pages, videos.in_study, scratch / "comments", rejects, gone["comment"]
        )
        _write_days(COMMENTS, "comments", comments.days())
        user_pages = _pages(stage, "users")
        users, user_tally = tabulate.users.gather(user_pages, scratch / "users", rejects, gone["user"])
    USERS.write(users, DATA / "users.parquet")
    REJECTS.write(rejects.frame(), DATA / "rejects.parquet")
    tallies = (videos.tally, comments.tally, user_tally)
    FIELDS.write(tabulate.fields(tallies), DATA / "fields.parquet")
    _say(tallies)
    refreshed_away = frozenset(gone["video"].digests) - erased.videos
    stage.keep_books(_books(videos, lost, videos.left_out & refreshed_away))


def _books(videos: Videos, lost: Mapping[str, int], gone: frozenset[str]) -> Books:
    """Each video that was seen counts once, and so does each row or page that did not become a video."""
    unusable = {reason: count for reason, count in lost.items() if reason != "retyped"}
    if gone:
        unusable["gone"] = len(gone)
    if erased := videos.left_out - gone:
        unusable["erased"] = len(erased)
    if outside := videos.seen - videos.in_study.height:
        unusable["outside_study"] = outside
    reasons = dict(sorted(unusable.items()))
    return Books(videos.in_study.height + sum(reasons.values()), videos.in_study.height, reasons)


def _pages(stage: Stage, name: str) -> Iterator[tabulate.KeyedPage]:
    files = tabulate.page_files(output("pages") / name)
    return stage.until_stopped(page for file in files for page in tabulate.read_pages(file))


def _found_videos(stage: Stage, gone: Gone, scratch: Path) -> Iterator[VideoRows]:
    """The videos on each file of pages. One that is as before is not read again: most of the time goes into that."""
    kept = stage.kept("pages", sorted(gone.digests), sorted(gone.erased.users))
    recorded = md5s("pages")
    files = {
        file: recorded[f"videos/{file.name}"] for file in tabulate.page_files(output("pages") / "videos")
    }
    shards = {file: kept.find(file.stem, md5) for file, md5 in stage.until_stopped(files.items())}
    unknown = (PageFile(file) for file, shard in shards.items() if shard is None)
    newly_read = stage.map(partial(tabulate.videos.read_file, gone), unknown)
    scratch.mkdir(parents=True)
    for file, shard in stage.until_stopped(shards.items()):
        if shard is not None:
            yield VideoRows.of_stored(shard.blob, shard.note)
            continue
        content, note = next(newly_read)
        path = scratch / file.name
        path.write_bytes(content)
        rows = Blob.of_file(path)
        kept.keep(file.stem, files[file], rows, note)
        yield VideoRows.of_stored(rows, note)


def _write_videos(stage: Stage, videos: Videos, gone: Gone, erased: Erased) -> None:
    """Write the days of videos; those that are made of the same rows as before are linked."""
    kept = stage.kept("videos", sorted(gone.digests), sorted(erased.users))
    with atomic_dir(DATA / "videos") as folder:
        shards = DayShards(kept, folder)
        for of_day in stage.until_stopped(videos.by_day()):
            day, made_of = str(of_day.day), of_day.made_of()
            if shards.link(day, made_of) is None:
                rows = without_mentions(gone.without_usernames([(day, of_day.rows())]), erased)
                VIDEOS.write(next(rows)[1], shards.file(day))
                shards.keep(day, made_of, Books(of_day.count, of_day.count))


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
