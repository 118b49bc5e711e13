"""What each archive gets to know of a release, and what it refuses."""

import json
from pathlib import Path

import cited_release
import pytest
import yaml
from depositing import bundle_metadata, citable, of

from gettok.cli.release import ArchiveName
from gettok.deposit import ARCHIVES

ONE = [
    {"given": "Ana", "family": "Quispe Mamani", "orcid": "0000-0002-1825-0097", "affiliation": "PUCP"},
    {"given": None, "family": "Data Lab Lima", "orcid": None, "affiliation": None},
]


@of("zenodo")
def test_zenodo_gets_people_with_their_orcid_the_licence_and_where_it_comes_from(desk, params):
    citable(Path("named"), params, authors=ONE, title="Videos of a coup", description="What they show.")
    assert desk.deposit("--yes", folder="named").code == 0
    record = next(iter(desk.server.service.records.values()))
    sent = record.content["metadata"]
    assert sent["creators"] == [
        {
            "person_or_org": {
                "type": "personal",
                "given_name": "Ana",
                "family_name": "Quispe Mamani",
                "identifiers": [{"scheme": "orcid", "identifier": "0000-0002-1825-0097"}],
            },
            "affiliations": [{"name": "PUCP"}],
        },
        {"person_or_org": {"type": "organizational", "name": "Data Lab Lima"}},
    ]
    assert (sent["title"], sent["version"], sent["publication_date"]) == (
        "Videos of a coup",
        "1.10",
        "2026-11-02",
    )
    assert sent["rights"] == [{"id": "cc-by-4.0"}]
    assert sent["resource_type"] == {"id": "dataset"}
    assert sent["description"].startswith("<p>What they show.")
    assert [each["relation_type"]["id"] for each in sent["related_identifiers"]] == ["references"]
    assert sent["funding"][0]["award"]["number"] == "PE-123"
    assert record.content["access"] == {"record": "public", "files": "public"}
    assert record.doi == f"10.5072/zenodo.{record.id}", "reserved before it is published"
    assert [each.doi for each in desk.listed()] == [record.doi]


@of("zenodo")
def test_markup_in_a_description_is_sent_as_text(desk, params):
    citable(Path("marked"), params, description="a < b & <script>x</script>")
    assert desk.deposit(folder="marked").code == 0
    text = bundle_metadata(desk)["metadata"]["description"]
    assert "a &lt; b &amp; &lt;script&gt;" in text


@of("zenodo")
def test_metadata_that_zenodo_refuses_are_told_before_a_file_is_sent(desk, params):
    citable(Path("odd"), params, licence="Beerware")
    run = desk.deposit("--yes", "--publish", folder="odd")
    assert run.code == 66
    assert "Zenodo refuses the metadata: metadata.rights: Invalid value beerware." in run.err
    assert desk.server.requests("/files") == []
    citable(Path("right"), params)
    assert desk.deposit("--yes", folder="right").code == 0
    assert desk.count() == 1, "the draft whose metadata were refused is filled"


@of("dataverse")
def test_dataverse_gets_the_fields_that_it_requires_and_the_licence_by_its_own_name(desk):
    assert desk.deposit("--yes").code == 0
    dataset = next(iter(desk.server.service.datasets.values()))
    fields = {
        each["typeName"]: each["value"] for each in dataset.version["metadataBlocks"]["citation"]["fields"]
    }
    authors = fields["author"]
    assert authors[0]["authorName"]["value"] == 'Quispe Ñahui, Ana "Anita"'
    assert authors[0]["authorIdentifier"]["value"] == "0000-0002-1825-0097"
    assert authors[2]["authorName"]["value"] == "The No: Group"
    assert fields["datasetContact"][0]["datasetContactEmail"]["value"] == "data@example.org"
    assert dataset.version["license"]["name"] == "CC BY 4.0"
    assert dataset.collection == "lab"
    assert desk.listed()[0].doi == dataset.pid.removeprefix("doi:")


@of("dataverse")
def test_a_licence_that_the_server_lacks_is_stated_in_words(desk, params):
    citable(Path("open"), params, licence="ODbL-1.0")
    assert desk.deposit("--yes", folder="open").code == 0
    version = next(iter(desk.server.service.datasets.values())).version
    assert "license" not in version, "the server would have put CC0"
    assert version["termsOfUse"] == "Licence ODbL-1.0: https://spdx.org/licenses/ODbL-1.0.html"


@of("dataverse")
def test_without_a_contact_dataverse_is_not_asked(desk, params):
    citable(Path("silent"), params, contact=None)
    run = desk.deposit("--yes", folder="silent")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "Dataverse requires a contact" in run.err


@of("dataverse")
def test_a_collection_must_be_named_there_and_be_public(desk):
    run = desk.run("deposit", "dataverse", "made", "--url", desk.server.url, "--yes")
    assert (run.code, "no collection" in run.err) == (66, True)
    run = desk.run("deposit", "dataverse", "made", "--url", desk.server.url, "--into", "nowhere", "--yes")
    assert (run.code, "Can't find dataverse" in run.err) == (66, True)
    assert desk.listed() == []
    run = desk.run(
        "deposit",
        "dataverse",
        "made",
        "--url",
        desk.server.url,
        "--into",
        "unpublished",
        "--yes",
        "--publish",
    )
    assert run.code == 77
    assert "its host dataverse (unpublished) has not been published" in run.err
    assert [each.state for each in desk.listed()] == ["draft"]


@of("dataverse")
def test_the_address_of_the_server_may_be_in_the_environment(desk, monkeypatch):
    run = desk.run("deposit", "dataverse", "made", "--into", "lab")
    assert (run.code, "none is named" in run.err) == (66, True)
    monkeypatch.setenv("DATAVERSE_URL", f"{desk.server.url}/")
    assert desk.run("deposit", "dataverse", "made", "--into", "lab", "--yes").code == 0
    assert desk.count() == 1


@of("osf")
def test_osf_gets_a_private_project_that_names_authors_and_licence(desk):
    assert desk.deposit("--yes").code == 0
    node = next(iter(desk.server.service.nodes.values()))
    assert node.attributes["public"] is False
    assert node.attributes["category"] == "data"
    assert (
        'Quispe Ñahui, Ana "Anita" (https://orcid.org/0000-0002-1825-0097)' in node.attributes["description"]
    )
    assert "Licence: CC-BY-4.0" in node.attributes["description"]
    assert node.licence == "563c1cf88c5e4a3877f9e96a"
    assert desk.deposit("--yes", "--publish").code == 0
    assert node.attributes["public"] is True
    assert desk.listed()[0].doi == node.doi


@of("hf")
def test_the_card_names_the_tables_and_the_readme_follows_it(desk):
    assert desk.deposit("--yes").code == 0
    readme = desk.files()["README.md"].decode()
    _, card, text = readme.split("---\n", 2)
    content = yaml.safe_load(card)
    assert content["license"] == "cc-by-4.0"
    assert content["pretty_name"] == " ".join(cited_release.TITLE.split())
    assert content["configs"][0] == {
        "config_name": "dataset",
        "data_files": "dataset.parquet",
        "default": True,
    }
    assert text.strip() == Path("made/README.md").read_text("utf-8").strip()
    assert bundle_metadata(desk)["configs"] == content["configs"]


@of("hf")
def test_a_licence_that_the_hub_lacks_is_named_beside_it(desk, params):
    citable(Path("open"), params, licence="ODbL-1.0")
    assert desk.deposit("--yes", folder="open").code == 0
    card = bundle_metadata(desk)
    assert (card["license"], card["license_name"]) == ("other", "odbl-1.0")


@of("hf")
def test_a_repository_with_files_of_others_is_not_written_into(desk, monkeypatch):
    from huggingface_hub import HfApi  # noqa: PLC0415

    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", desk.server.url)
    hub = HfApi(endpoint=desk.server.url, token=desk.server.token)
    hub.create_repo("lab/small", repo_type="dataset", private=True)
    hub.upload_file(path_or_fileobj=b"x", path_in_repo="theirs.txt", repo_id="lab/small", repo_type="dataset")
    run = desk.deposit("--yes")
    assert run.code == 66
    assert "You already created this dataset repo" in run.err
    assert set(desk.files()) == {"theirs.txt"}


@of("hf")
def test_a_repository_must_have_an_owner_and_a_name(desk):
    for place in ((), ("--into", "small")):
        run = desk.run("deposit", "hf", "made", "--url", desk.server.url, *place, "--yes")
        assert (run.code, "give one with --into" in run.err) == (66, True)


@of("zenodo")
def test_the_release_of_a_tag_names_its_repository(desk, params):
    """Its address has no password, and the tag is in it."""
    from gettok.cli import release_deposit  # noqa: PLC0415

    subprocess_git("init", "-q")
    subprocess_git("remote", "add", "origin", "https://me:secret@github.com/lab/study.git")
    [related] = release_deposit._repository("dataset@v1.0.0")
    assert (related.url, related.relation) == (
        "https://github.com/lab/study/tree/dataset%40v1.0.0",
        "IsCompiledBy",
    )
    subprocess_git("remote", "set-url", "origin", "git@codeberg.org:lab/study.git")
    assert release_deposit._repository("v1")[0].url == "https://codeberg.org/lab/study"
    subprocess_git("remote", "set-url", "origin", "/srv/git/study")
    assert release_deposit._repository("v1") == []


def subprocess_git(*arguments: str) -> None:
    import subprocess  # noqa: PLC0415

    subprocess.run(["git", *arguments], check=True, capture_output=True)


def test_the_list_of_deposits_is_lines_of_json(desk):
    assert desk.deposit("--yes", "--publish").code == 0
    lines = [json.loads(line) for line in Path("inputs/deposits.jsonl").read_text("utf-8").splitlines()]
    states = [line["state"] for line in lines]
    assert (states[0], states[-1], states.count("published")) == ("draft", "published", 1)
    assert {line["archive"] for line in lines} == {desk.word}
    assert {line["url"] for line in lines} == {desk.server.url}


@pytest.mark.parametrize("line", ["{", "{}", "[]"])
@of("zenodo")
def test_a_damaged_list_of_deposits_stops_before_anything_is_sent(desk, line):
    Path("inputs").mkdir()
    Path("inputs/deposits.jsonl").write_text(f"{line}\n")
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "line 1 is not a deposit" in run.err


def test_each_archive_has_a_word_for_the_command_line():
    assert {name.value for name in ArchiveName} == ARCHIVES.keys()
