"""`datapackage.json` as frictionless reads it: it is valid with all its data, and ids stay text."""

import json

import frictionless
import pytest
from cited_release import AUTHORS, TITLE, every_kind, study, uncited, written

from gettok.store.blobs import file_digest


@pytest.fixture
def folder(tmp_path, params):
    return written(tmp_path / "r", *every_kind(params))


def resource(folder, name):
    return frictionless.Package(str(folder / "datapackage.json")).get_resource(name)


def test_the_package_is_valid_with_its_data(folder):
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.flatten(["name", "rowNumber", "fieldName", "note"]) == []
    assert report.valid
    made = {
        "datapackage.json",
        "croissant.json",
        "CITATION.cff",
        "ro-crate-metadata.json",
        "checksums.sha256",
    }
    assert len(report.tasks) == len([file for file in folder.iterdir() if file.name not in made])


def test_a_changed_table_is_found(folder):
    text = (folder / "dataset.csv").read_text("utf-8")
    (folder / "dataset.csv").write_text(text.replace("2022-12-06", "sometimes"), "utf-8")
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert {kind for _, kind in report.flatten(["name", "type"])} >= {
        "type-error",
        "byte-count",
        "hash-count",
    }


@pytest.mark.parametrize("name", ["dataset.parquet", "dataset.csv"])
def test_ids_are_text_and_lists_are_lists(folder, name):
    rows = resource(folder, name).read_rows()
    assert [row["video_id"] for row in rows] == [str(7213456789012345600 + number) for number in range(1, 6)]
    assert list(rows[0]["hashtags"]) == ["golpedeestado", "Perú", "tag1"]
    assert rows[0]["created_at"].isoformat() == "2022-12-06T12:00:00+00:00"


def test_missing_numbers_of_parquet_are_missing_and_others_whole(folder):
    rows = resource(folder, "media.parquet").read_rows()
    assert [row["bytes"] for row in rows] == [2**40 + 1, None, None, None, None]


def test_the_schema_has_types_keys_and_sentences(folder):
    schema = resource(folder, "annotations.parquet").schema
    assert schema.primary_key == ["video_id", "variable"]
    assert (schema.get_field("video_id").type, schema.get_field("number").type) == ("string", "number")
    votes = schema.get_field("votes")
    assert (votes.type, votes.description.partition(")")[0]) == ("any", "(list of text")
    assert all(field.description for field in schema.fields)


def test_people_licence_and_digests_are_in_it(folder):
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert (package["title"], package["version"], package["name"]) == (TITLE, "1.10", "small")
    assert package["licenses"] == [{"name": "CC-BY-4.0", "path": "https://spdx.org/licenses/CC-BY-4.0.html"}]
    assert [each["title"] for each in package["contributors"]] == [
        'Ana "Anita" Quispe Ñahui',
        "小明 王",
        AUTHORS[2]["family"],
        "Data desk",
    ]
    for each in package["resources"]:
        assert each["hash"] == f"sha256:{file_digest(folder / each['path'])}"


@pytest.mark.parametrize("form", ["team", "controlled", "public", "ids_only"])
def test_defaults_are_valid_too(tmp_path, params, form):
    folder = written(tmp_path / "r", study(), uncited(params), form)
    assert frictionless.Package(str(folder / "datapackage.json")).validate().valid
    assert "licenses" not in json.loads((folder / "datapackage.json").read_text("utf-8"))
