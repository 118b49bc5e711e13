"""The results of a finished run are released in each form, beside the release that DVC keeps."""

import json

import polars as pl
from repository import Repository, files

FORMS = ("ids_only", "public", "controlled", "team")


def written(repository: Repository, *forms: str) -> str:
    return repository.run("gettok", "release", "write", *forms)


def test_a_run_is_released_in_every_form(repository):
    said = written(repository, *FORMS)
    releases = repository.data / "releases"
    assert [line.partition(": ") for line in said.splitlines() if line.startswith("data/")] == [
        (f"data/releases/{form}", ": ", "10 videos") for form in FORMS
    ]
    for form in FORMS:
        provenance = json.loads((releases / form / "provenance.json").read_text("utf-8"))
        assert provenance["form"] == provenance["settings"]["release"]["form"] == form
        repository.run("sh", "-c", f"cd data/releases/{form} && sha256sum --check --quiet checksums.sha256")
    assert files(releases / "team") == files(repository.data / "release"), "it is what DVC keeps"
    ids = [pl.read_parquet(releases / form / "dataset.parquet")["video_id"].to_list() for form in FORMS]
    assert ids[0] == ids[2] == ids[3]
    assert not set(ids[0]) & set(ids[1])
    assert repository.git("status", "--porcelain") == ""
    before = files(releases)
    written(repository, *FORMS)
    assert files(releases) == before


def test_a_folder_that_is_no_release_is_left_alone(repository):
    folder = repository.data / "releases" / "public"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine", "utf-8")
    code, said = repository.outcome("gettok", "release", "write", "public")
    assert code == 66
    assert "data/releases/public is there and is no release" in said
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_form_that_does_not_exist_or_is_not_allowed_is_refused(repository):
    code, said = repository.outcome("gettok", "release", "write", "full")
    assert code == 78
    assert "must be one of ids_only, public, controlled, team" in said
    repository.compose("terms=research_tools")
    code, said = repository.outcome("gettok", "release", "write", "ids_only")
    assert code == 78
    assert "the terms 'research_tools' allow the forms public, controlled, team" in said
    assert not (repository.data / "releases").exists()
