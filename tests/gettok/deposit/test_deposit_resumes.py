"""A deposit whose process is killed: the same command goes on, and sends nothing twice."""

import time
from pathlib import Path

import pytest
from depositing import citable, expected, of, process

from sandbox.archives import Trouble

#: A request by which a file's bytes are sent, and the number of the one that never gets an answer.
HELD = {
    "zenodo": ("PUT .*/content$", 4),
    "dataverse": ("POST .*/add$", 4),
    "osf": ("PUT /v1/resources/", 4),
    "hf": ("PUT /lfs/", 3),
}


def until(condition) -> None:
    """Wait for what another process does."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within a minute")


def kill_at(desk, pattern: str, number: int, *options: str) -> None:
    """Start the command, and kill it while its request of this number waits for an answer."""
    # each request before it is served as usual
    desk.server.play([Trouble(pattern, times=1, is_silent=True, after=number - 1)])
    started = process(desk, "--yes", *options)
    until(lambda: len(desk.server.requests(pattern)) >= number or started.poll() is not None)
    assert started.poll() is None, started.communicate()
    started.kill()
    started.communicate()
    desk.server.play([])


@pytest.mark.slow
def test_a_killed_upload_goes_on_with_the_missing_files(desk):
    pattern, number = HELD[desk.word]
    kill_at(desk, pattern, number)
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk)
    assert desk.count() == 1
    large = {"hf": sum(name.endswith((".parquet", ".xlsx")) for name in expected(desk))}
    files = large.get(desk.word, len(expected(desk)))
    assert len(desk.server.requests(pattern)) == files + 1, "what was complete is not sent again"


@pytest.mark.slow
def test_a_run_killed_before_it_could_note_its_draft_finds_it(desk):
    creating = {
        "zenodo": "POST /api/records$",
        "dataverse": "POST .*/datasets$",
        "osf": "POST /v2/nodes/$",
        "hf": "POST /api/repos/create$",
    }[desk.word]
    desk.server.play([Trouble(creating, is_done=True, is_silent=True)])
    started = process(desk, "--yes")
    until(lambda: desk.count() == 1 or started.poll() is not None)
    started.kill()
    started.communicate()
    assert desk.listed() == []
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert desk.count() == 1
    assert desk.files() == expected(desk)


@pytest.mark.slow
def test_a_run_killed_while_it_publishes_notes_what_is_published(desk):
    publishing = {
        "zenodo": "POST .*/actions/publish$",
        "dataverse": "POST .*:publish$",
        "osf": "POST .*/identifiers/$",
        "hf": "PUT .*/settings$",
    }[desk.word]
    desk.server.play([Trouble(publishing, is_done=True, is_silent=True)])
    started = process(desk, "--yes", "--publish")
    until(lambda: desk.server.requests(publishing) or started.poll() is not None)
    started.kill()
    started.communicate()
    assert [each.state for each in desk.listed()] == ["draft"]
    run = desk.deposit("--yes", "--publish")
    assert run.code == 0, run.err
    assert "published: " in run.out
    assert [each.state for each in desk.listed()] == ["published"]
    assert desk.count() == 1


def test_a_draft_that_a_person_published_is_noted_with_its_doi(desk):
    desk.deposit("--yes")
    state = desk.server.service
    match desk.word:
        case "zenodo":
            next(iter(state.records.values())).is_published = True
        case "dataverse":
            next(iter(state.datasets.values())).is_draft = False
        case "osf":
            next(iter(state.nodes.values())).attributes["public"] = True
        case _:
            next(iter(state.repositories.values())).is_private = False
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert [each.state for each in desk.listed()] == ["published"]


@pytest.mark.parametrize("desk", ["zenodo", "dataverse"], indirect=True)
def test_another_release_of_a_published_study_becomes_a_new_version(desk, params):
    assert desk.deposit("--yes", "--publish").code == 0
    citable(Path("next"), params, count=7, version="1.11")
    run = desk.deposit("--yes", folder="next")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk, Path("next"))
    assert [(each.state, each.version) for each in desk.listed()] == [
        ("published", "1.10"),
        ("draft", "1.11"),
    ]
    assert desk.deposit("--yes", "--publish", folder="next").code == 0
    assert [(each.state, each.version) for each in desk.listed()] == [
        ("published", "1.10"),
        ("published", "1.11"),
    ]
    if desk.word == "zenodo":
        first, second = desk.server.service.records.values()
        assert first.parent == second.parent
        assert first.files != second.files
    else:
        assert len(next(iter(desk.server.service.datasets.values())).published) == 2


@pytest.mark.parametrize("desk", ["osf", "hf"], indirect=True)
def test_where_there_are_no_versions_a_public_deposit_is_changed_only_on_purpose(desk, params):
    assert desk.deposit("--yes", "--publish").code == 0
    before = desk.files()
    citable(Path("next"), params, count=7, version="1.11")
    run = desk.deposit("--yes", folder="next")
    assert run.code == 66
    assert "what is sent is public at once" in run.err
    assert desk.files() == before
    run = desk.deposit("--yes", "--publish", folder="next")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk, Path("next"))
    assert [(each.state, each.version) for each in desk.listed()] == [
        ("published", "1.10"),
        ("published", "1.11"),
    ]


@of("osf")
def test_a_public_project_without_a_doi_gets_one(desk):
    desk.deposit("--yes")
    node = next(iter(desk.server.service.nodes.values()))
    node.attributes["public"] = True  # a run that publishes is killed here
    run = desk.deposit("--yes", "--publish")
    assert run.code == 0, run.err
    assert node.doi
    assert [(each.state, each.doi) for each in desk.listed()] == [("published", node.doi)]


@of("zenodo")
def test_new_makes_a_deposit_of_its_own(desk, params):
    assert desk.deposit("--yes", "--publish").code == 0
    citable(Path("next"), params, count=7)
    assert desk.deposit("--yes", "--new", folder="next").code == 0
    first, second = desk.server.service.records.values()
    assert first.parent != second.parent
