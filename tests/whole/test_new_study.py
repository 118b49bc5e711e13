"""A study that `gettok new` wrote runs on the sandbox to its end."""

import json

import pytest

STUDY = {
    "--title": 'Was there "dialogue": NO',
    "--keywords": "Castillo",
    "--hashtags": "GolpeDeEstado,golpedeestadoperu",
    "--region": "PE",
    "--start": "2022-12-07",
    "--end": "2022-12-08",
    "--target": "Pedro Castillo",
    "--labels": "in favour,against,neither",
    "--source": "sandbox",
}


@pytest.mark.slow
def test_a_new_study_with_labels_of_its_own_runs_to_its_report(repository):
    options = [part for option in STUDY.items() for part in option]
    said = repository.run("gettok", "new", "dialogue", *options)
    assert "inputs/_demo/labels/human_labels.csv" in said
    repository.dvc("repro")
    found = int(said.partition(" of the sandbox's")[0].split()[-1])
    books = json.loads((repository.data / "books" / "tabulate.json").read_text("utf-8"))
    assert (books["asked"], books["ok"]) == (found, found)
    summary = repository.run("gettok", "summary")
    assert summary.startswith('Was there "dialogue": NO\n')
    assert "not compared: the sandbox's truth has other labels" in summary
    assert "in favour" in summary
    assert (repository.data / "report" / "index.html").is_file()

    # the demo's labels back in their place: of the same videos, with labels of another study
    (repository.folder / "inputs/_demo/labels/human_labels.csv").rename(
        repository.folder / "inputs/labels/human_labels.csv"
    )
    repository.dvc("repro")
    page = (repository.data / "report" / "index.html").read_text("utf-8")
    assert f"<b>{found}</b> labelled with words that are none of the study&#39;s labels" in page
    assert (
        json.loads((repository.data / "metrics.json").read_text("utf-8"))["by_people"]["stance"]["accuracy"]
        is None
    )
