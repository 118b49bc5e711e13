"""Make the page with the tables and figures of the paper, and the numbers and plots that DVC shows."""

import json
from pathlib import Path

from gettok.books import Books
from gettok.pipeline.paths import DATA, INPUTS
from gettok.pipeline.results import tables, with_pictures
from gettok.pipeline.runner import Stage, run_stage
from gettok.release import Tables
from gettok.report.examples import shown_videos
from gettok.report.index_page import write
from gettok.report.metrics import metrics, plots
from gettok.settings import Study
from gettok.stance.human_labels.evaluation import Evaluation, evaluate
from gettok.stance.human_labels.reading import read_human_labels
from gettok.store.atomic_write import atomic_dir, write_json

PARAMS = ("study", "report")
#: Labels that people gave to some videos; optional.
HUMAN_LABELS = INPUTS / "stances.csv"


def run(stage: Stage) -> None:
    study = stage.settings.study
    results = tables()
    evaluation = _evaluation(HUMAN_LABELS, results, study)
    results = with_pictures(results, shown_videos(results, study))
    comparison = json.loads((DATA / "comparison" / "summary.json").read_text("utf-8"))
    with atomic_dir(DATA / "report") as folder:
        write(folder, results, study, comparison, stage.settings.report.hashtags, evaluation=evaluation)
    with atomic_dir(DATA / "plots") as folder:
        for name, frame in plots(results, study, evaluation).items():
            frame.write_csv(folder / name)
    write_json(DATA / "metrics.json", metrics(results, study, comparison, evaluation))
    count = results.videos.height
    stage.keep_books(Books(count, count))


def _evaluation(path: Path, results: Tables, study: Study) -> Evaluation | None:
    if not path.is_file():
        return None
    labels = study.stance.labels
    return evaluate(
        read_human_labels(path, labels, set(results.stances["video_id"])), results.stances, labels
    )


if __name__ == "__main__":
    run_stage(globals())
