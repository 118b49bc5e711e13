"""Make the page with the tables and figures of the paper, and the numbers and plots that DVC shows."""

import json
from dataclasses import replace
from pathlib import Path

from gettok.annotate.human_labels.evaluation import not_compared
from gettok.books import Books
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import DATA, HUMAN_LABELS
from gettok.pipeline.results import human_evaluations, origin_of, tables, with_pictures
from gettok.pipeline.runner import Stage, run_stage
from gettok.release import Tables
from gettok.report.examples import shown_videos
from gettok.report.index_page import ByPeople, write
from gettok.report.metrics import metrics, plots
from gettok.store.atomic_write import atomic_dir, write_json

PARAMS = ("study", "source.kind", "codebook", "report")


def run(stage: Stage) -> None:
    study = stage.settings.study
    output("release")  # the report belongs to it
    results = replace(tables(stage.settings.codebook), origin=origin_of(stage.settings.source.kind))
    by_people = _by_people(HUMAN_LABELS, results)
    results = with_pictures(results, shown_videos(results, by_people.evaluations))
    comparison = json.loads((output("comparison") / "summary.json").read_text("utf-8"))
    with atomic_dir(DATA / "report") as folder:
        write(folder, results, study, comparison, stage.settings.report.hashtags, by_people=by_people)
    with atomic_dir(DATA / "plots") as folder:
        for name, frame in plots(results, study, by_people.evaluations).items():
            frame.write_csv(folder / name)
    write_json(DATA / "metrics.json", metrics(results, comparison, by_people.evaluations))
    count = results.count
    stage.keep_books(Books(count, count))


def _by_people(path: Path, results: Tables) -> ByPeople:
    given, evaluated = human_evaluations(path, results)
    return ByPeople(evaluated, *not_compared(given, results.codebook.variables))


if __name__ == "__main__":
    run_stage(globals())
