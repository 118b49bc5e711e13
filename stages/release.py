"""Assemble the release: the dataset, its tables, dictionary, books, provenance and checksums."""

from gettok.books import Books
from gettok.pipeline.paths import DATA
from gettok.pipeline.releasing import PARAMS, uncited, write_release
from gettok.pipeline.runner import Stage, run_stage, say

__all__ = ["PARAMS", "run"]


def run(stage: Stage) -> None:
    count = write_release(stage.settings, DATA / "release")
    for line in uncited(stage.settings.citation):
        say(f"release: {line}")
    stage.keep_books(Books(count, count))


if __name__ == "__main__":
    run_stage(globals())
