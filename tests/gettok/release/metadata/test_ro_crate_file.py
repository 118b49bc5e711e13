"""`ro-crate-metadata.json` as rocrate reads it: every file, person and licence is described on its own."""

import json

import pytest
from cited_release import TITLE, settings, study, uncited, written
from rocrate.rocrate import ROCrate

from gettok.store.blobs import file_digest


@pytest.fixture
def folder(tmp_path, params):
    return written(tmp_path / "r", study(), settings(params))


def test_every_file_is_described_with_its_size_and_digest(folder):
    crate = ROCrate(folder)
    described = {entity.id: entity for entity in crate.data_entities}
    files = {file.name: file for file in folder.iterdir() if file.name != "ro-crate-metadata.json"}
    assert described.keys() == files.keys()
    for name, file in files.items():
        assert described[name]["description"], name
        if name != "checksums.sha256":  # which has the digest of this file
            assert described[name]["sha256"] == file_digest(file)
            assert described[name]["contentSize"] == str(file.stat().st_size)


def test_the_root_says_what_it_is_and_whose(folder):
    crate = ROCrate(folder)
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.2"
    assert (crate.name, crate.root_dataset["version"]) == (TITLE, "1.10")
    assert crate.root_dataset["datePublished"] == "2026-11-02"
    assert crate.license["name"] == "CC-BY-4.0"
    first, second, group = crate.root_dataset["creator"]
    assert (first.id, first["name"]) == ("https://orcid.org/0000-0002-1825-0097", 'Ana "Anita" Quispe Ñahui')
    assert first["affiliation"]["name"] == "PUCP, Lima"
    assert (second["familyName"], second["givenName"]) == ("王", "小明")
    assert (group.type, group["name"]) == ("Organization", "The No: Group")
    assert crate.root_dataset["contactPoint"]["email"] == "data@example.org"
    assert [grant["funder"]["name"] for grant in crate.root_dataset["funding"]] == ["Concytec"] * 2
    made = crate.root_dataset["mentions"]
    assert (made["instrument"]["name"], made["instrument"]["version"]) == ("gettok", "0.1.0")


def test_each_entity_stands_once_and_every_reference_has_its_entity(folder):
    graph = json.loads((folder / "ro-crate-metadata.json").read_text("utf-8"))["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    values = [value for entity in graph for value in entity.values()]
    listed = [each for value in values for each in (value if isinstance(value, list) else [value])]
    references = {each["@id"] for each in listed if isinstance(each, dict)}
    assert references - set(ids) == {"https://w3id.org/ro/crate/1.2"}
    assert sum(entity.get("name") == "Concytec" for entity in graph) == 1


def test_without_a_licence_it_says_so(tmp_path, params):
    crate = ROCrate(written(tmp_path / "r", study(), uncited(params)))
    assert crate.license == "not stated"
    assert "creator" not in crate.root_dataset.properties()
