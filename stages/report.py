"""Make the page with the tables and figures of the paper, and the numbers and plots that DVC shows."""

import json

from gettok import report
from gettok.books import Books
from stages.answering import whole
from stages.results import tables, with_pictures
from stages.shell import DATA, Stage, main, write_json

PARAMS = ("study", "report")


def run(stage: Stage) -> None:
    study = stage.settings.study
    results = tables()
    results = with_pictures(results, report.shown_videos(results, study))
    comparison = json.loads((DATA / "comparison" / "summary.json").read_text("utf-8"))
    with whole(DATA / "report") as folder:
        report.write(folder, results, study, comparison, stage.settings.report.hashtags)
    with whole(DATA / "plots") as folder:
        for name, frame in report.plots(results, study).items():
            frame.write_csv(folder / name)
    write_json(DATA / "metrics.json", report.metrics(results, study, comparison))
    count = results.videos.height
    stage.keep(Books(count, count))


if __name__ == "__main__":
    main(globals(), run)
