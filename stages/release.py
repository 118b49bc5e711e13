"""Assemble the release: the dataset, its tables, dictionary, books, provenance and checksums."""

from gettok.books import Books
from gettok.pipeline.paths import DATA
from gettok.pipeline.releasing import PARAMS, write_release
from gettok.pipeline.runner import Stage, run_stage

__all__ = ["PARAMS", "run"]


def run(stage: Stage) -> None:
    count = write_release(stage.settings, DATA / "release")
    stage.keep_books(Books(count, count))


if __name__ == "__main__":
    run_stage(globals())
