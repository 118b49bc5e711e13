"""What holds for a deposit in each archive: what is sent, and what is not."""

import json
from pathlib import Path

import pytest
import yaml
from depositing import bundle_metadata, citable, expected, of
from small_study import study_of

from gettok.tables import VIDEOS
from sandbox.archives import Trouble


def test_without_yes_the_bundle_is_written_and_nothing_is_sent(desk, monkeypatch):
    for options in ((), ("--publish",), ("--yes", "--dry-run"), ("--yes", "--publish", "--dry-run")):
        run = desk.deposit(*options)
        assert run.code == 0, run.err
        assert "sent nothing" in run.out
    assert desk.server.requests() == []
    assert not Path("inputs").exists()
    assert bundle_metadata(desk)
    files = Path("data/deposits", desk.word, "files")
    same = {
        path.name for path in files.iterdir() if path.read_bytes() == Path("made", path.name).read_bytes()
    }
    changed = {"README.md", "checksums.sha256"} if desk.word == "hf" else set()
    assert {path.name for path in Path("made").iterdir()} - same == changed


def test_a_dry_run_needs_no_token(desk, monkeypatch):
    for name in ("ZENODO_TOKEN", "DATAVERSE_API_TOKEN", "OSF_TOKEN", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert desk.deposit().code == 0
    run = desk.deposit("--yes")
    assert run.code == 77
    assert "is not set" in run.err
    assert desk.server.requests() == []


def test_yes_fills_a_draft_byte_for_byte_and_publishes_nothing(desk):
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert "draft, not public" in run.out
    assert desk.files() == expected(desk)
    assert [each.state for each in desk.listed()] == ["draft"]
    assert "public" not in run.out.split("draft, not public")[0].splitlines()[-1]


def test_publishing_is_a_step_of_its_own_and_sends_no_file_again(desk):
    draft = desk.deposit("--yes")
    before = len(desk.server.requests("PUT|POST"))
    run = desk.deposit("--yes", "--publish")
    assert (draft.code, run.code) == (0, 0), run.err
    assert "published: " in run.out
    sent = desk.server.requests("PUT|POST")[before:]
    assert not [
        line
        for line in sent
        if "/content" in line or "/add" in line or "/v1/resources" in line or "/lfs/" in line
    ]
    assert [(each.state, each.form, each.version) for each in desk.listed()] == [
        ("published", "public", "1.10")
    ]
    assert desk.count() == 1


def test_a_published_release_is_not_sent_again(desk):
    assert desk.deposit("--yes", "--publish").code == 0
    before = len(desk.server.requests("PUT|POST|PATCH|DELETE"))
    run = desk.deposit("--yes", "--publish")
    assert run.code == 0, run.err
    assert "published: " in run.out
    assert len(desk.server.requests("PUT|POST|PATCH|DELETE")) == before


def test_what_the_archive_has_with_other_bytes_is_sent_again(desk, params):
    desk.deposit("--yes")
    before, first = desk.files(), desk.listed()[0]
    citable(Path("other"), params, count=7)
    run = desk.deposit("--yes", folder="other")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk, Path("other")) != before
    assert desk.count() == 1, "the draft is filled anew"
    assert [(each.id, each.state) for each in desk.listed()] == [(first.id, "draft")]


def test_a_busy_archive_is_asked_again(desk):
    desk.server.play(
        [
            Trouble("PUT|POST|PATCH", status=503, headers=(("Retry-After", "0"),)),
            Trouble("PUT|POST|PATCH", status=429, headers=(("Retry-After", "0"),), times=2),
            Trouble("GET", status=502),
        ]
    )
    run = desk.deposit("--yes", "--publish")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk)
    assert desk.count() == 1


def test_an_archive_that_stays_out_of_order_ends_the_run_and_keeps_the_draft(desk):
    desk.server.play([Trouble("content|add|/v1/resources|preupload", status=500, times=1000)])
    run = desk.deposit("--yes")
    assert run.code == 75, run.out
    assert "HTTP 500" in run.err
    desk.server.play([])
    assert desk.deposit("--yes").code == 0
    assert desk.files() == expected(desk)
    assert desk.count() == 1


def test_lost_answers_make_no_second_draft_and_no_second_file(desk):
    creating = "POST /api/records$|POST .*/datasets$|POST /v2/nodes/$|POST /api/repos/create"
    filling = "content$|commit$|/add$|/v1/resources|/commit/main"
    desk.server.play([Trouble(creating, is_done=True), Trouble(filling, is_done=True, times=3)])
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert desk.count() == 1
    assert desk.files() == expected(desk)


def test_a_wrong_token_is_refused_and_never_printed(desk, monkeypatch):
    token = "a-wrong-token-that-must-not-be-shown"
    for name in ("ZENODO_TOKEN", "DATAVERSE_API_TOKEN", "OSF_TOKEN", "HF_TOKEN"):
        monkeypatch.setenv(name, token)
    run = desk.deposit("--yes")
    assert run.code == 77
    assert "refused a request (HTTP 40" in run.err
    assert "What you can do: make" in run.err
    assert token not in run.out + run.err
    assert desk.count() == 0


def test_a_token_that_the_server_repeats_is_not_printed(desk):
    echo = json.dumps({"message": f"no {desk.server.token}"}).encode()
    desk.server.play([Trouble(".", status=400, body=echo, times=1000)])
    run = desk.deposit("--yes")
    assert run.code != 0
    assert desk.server.token not in run.out + run.err


def test_the_token_is_in_no_file_and_no_address(desk):
    assert desk.deposit("--yes", "--publish").code == 0
    written = [path for path in Path().rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if desk.server.token.encode() in path.read_bytes()]
    assert not [line for line in desk.server.requests() if desk.server.token in line]


@pytest.mark.parametrize("form", ["team", "controlled"])
def test_a_form_that_is_not_for_everybody_is_never_sent(desk, params, form):
    citable(Path("secret"), params, form)
    run = desk.deposit("--yes", "--publish", folder="secret")
    assert run.code == 66
    assert f"the release has the form '{form}', which is never deposited" in run.err
    assert desk.server.requests() == []
    assert not Path("data").exists()


def test_terms_that_forbid_the_form_refuse_it(desk, params):
    terms = {"name": "research_tools", "forms": ["public", "controlled", "team"]}
    citable(Path("ids"), params, "ids_only", terms=terms)
    run = desk.deposit("--yes", folder="ids")
    assert run.code == 66
    assert "the terms 'research_tools' do not allow the form 'ids_only'" in run.err
    assert desk.server.requests() == []


@of("zenodo")
def test_the_terms_of_today_forbid_too(desk, params):
    """The release was made when they allowed it."""
    params["study"]["name"] = "small"
    params["terms"] = {**params["terms"], "name": "research_tools", "forms": ["controlled", "team"]}
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "the terms 'research_tools' do not allow the form 'public'" in run.err
    params["study"]["name"] = "another"
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    assert desk.deposit("--yes").code == 0, "the settings are those of another study"


@of("zenodo")
def test_nothing_is_sent_while_a_refresh_is_overdue(desk, params):
    params["study"]["name"] = "small"
    params["terms"] = {**params["terms"], "is_binding": True, "refresh_days": 30}
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    VIDEOS.write(study_of(6).videos, Path("data/videos/2022-12-07.parquet"))
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "ask for a refresh every 30 days" in run.err


def test_a_release_that_does_not_pass_the_check_is_not_sent(desk):
    Path("made/more.txt").write_text("more")
    run = desk.deposit("--yes")
    assert (run.code, desk.server.requests()) == (65, [])
    assert "more.txt is not listed in checksums.sha256" in run.out


def test_without_authors_and_licence_nothing_is_sent(desk, params):
    citable(Path("unnamed"), params, authors=[], licence=None)
    run = desk.deposit("--yes", folder="unnamed")
    assert (run.code, desk.server.requests()) == (66, [])
    assert "does not state its authors and licence" in run.err


def test_a_server_without_tls_gets_no_token(desk):
    run = desk.run(
        "deposit", desk.word, "made", "--url", "http://archive.example.org", "--into", "lab/small", "--yes"
    )
    assert run.code == 66
    assert "is not the address of a server with https://" in run.err


def test_a_draft_that_was_deleted_by_hand_is_made_again(desk):
    desk.deposit("--yes")
    state = desk.server.service
    for kept in ("records", "datasets", "nodes", "repositories"):
        getattr(state, kept, {}).clear()
    run = desk.deposit("--yes")
    assert run.code == 0, run.err
    assert desk.files() == expected(desk)
