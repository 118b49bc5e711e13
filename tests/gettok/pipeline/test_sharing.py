"""Before a release: the key of its pseudonyms is kept, and terms that ask for a refresh first are kept to."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import written_study
from root import ROOT
from small_study import study_of, tables, video

from gettok.collect.tombstones import RefreshLists
from gettok.errors import BadInput, BadSettings
from gettok.pipeline.paths import REFRESH_LISTS
from gettok.pipeline.sharing import as_shared, last_confirmed, pseudonyms, refuse_overdue, sharing
from gettok.settings import check, load
from gettok.settings.query import Query, Terms, with_usernames


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GETTOK_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("GETTOK_PSEUDONYM_KEY", raising=False)
    return tmp_path


def settings(
    form="controlled", *, terms="research_tools", days=30, forms=("public", "controlled"), **release
):
    raw = load(ROOT / "params.yaml").model_dump(mode="json")
    raw["source"]["name"] = "tiktok"
    raw["terms"] = {"name": terms, "refresh_days": days, "is_binding": terms != "none", "forms": list(forms)}
    raw["release"] |= {"form": form, **release}
    return check(raw, "these settings")


def test_the_first_release_makes_a_key_that_only_its_owner_reads_and_later_ones_use_it(folder, capsys):
    first = pseudonyms("tiktok")
    assert f"{folder / 'store' / 'pseudonym.key'} has a new key" in capsys.readouterr().err
    assert pseudonyms("tiktok") == first
    assert capsys.readouterr().err == ""
    assert stat.S_IMODE((folder / "store" / "pseudonym.key").stat().st_mode) == 0o600
    assert len(first.key) == 64


def test_the_key_of_the_environment_comes_first(folder, monkeypatch):
    monkeypatch.setenv("GETTOK_PSEUDONYM_KEY", "0123456789abcdef")
    assert pseudonyms("tiktok").key == b"0123456789abcdef"
    assert not (folder / "store").exists()


def test_a_key_that_can_be_found_by_trying_is_refused(monkeypatch):
    monkeypatch.setenv("GETTOK_PSEUDONYM_KEY", "secret")
    with pytest.raises(BadInput, match="has 6 characters") as refused:
        pseudonyms("tiktok")
    assert "secret" not in str(refused.value)


def test_the_sandbox_s_releases_are_the_same_everywhere(folder):
    assert pseudonyms("sandbox") == pseudonyms("sandbox")
    assert not (folder / "store").exists()


def test_what_the_settings_say_of_sharing():
    made = sharing(settings("public", smallest_group=7))
    assert (made.form, made.smallest_group) == ("public", 7)
    assert made.names == pseudonyms("tiktok")


def test_a_form_that_the_terms_do_not_allow_is_refused():
    with pytest.raises(
        BadSettings, match=r"release\.form: the terms 'research_tools' allow the forms public, controlled"
    ):
        settings("ids_only")
    assert settings("ids_only", forms=["ids_only"]).release.form == "ids_only"


def collected(days_ago):
    """A study whose first video was collected that long ago, and its second just now."""
    now = datetime.now(UTC)
    first = video(1, observed_at=now - timedelta(days=days_ago, hours=1))
    written_study.write(tables(first, video(2, observed_at=now)))


def refreshed(days_ago):
    began = (datetime.now(UTC) - timedelta(days=days_ago, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    round_ = {
        "round": began,
        "source": "tiktok",
        "method": "ids",
        "asked": "1",
        "confirmed": "1",
        "missing": "0",
    }
    RefreshLists(REFRESH_LISTS).add(round_, [])


@pytest.mark.parametrize(("days_ago", "is_refused"), [(30, False), (31, True)])
def test_without_a_refresh_the_first_observation_counts(days_ago, is_refused):
    collected(days_ago)
    if not is_refused:
        refuse_overdue(settings())
        return
    with pytest.raises(BadInput, match="last confirmed to exist 31 days ago") as refused:
        refuse_overdue(settings())
    assert "run `gettok refresh`" in str(refused.value)


def test_after_a_refresh_its_round_counts():
    collected(90)
    refreshed(29)
    refuse_overdue(settings())
    with pytest.raises(BadInput, match="ask for a refresh every 15 days"):
        refuse_overdue(settings(days=15))


def test_terms_that_do_not_bind_refuse_nothing_and_neither_does_who_says_so():
    collected(90)
    refuse_overdue(settings(terms="none"))
    refuse_overdue(settings(although_overdue=True))
    with pytest.raises(BadInput):
        refuse_overdue(settings())


def test_a_study_without_videos_is_never_overdue():
    written_study.write(study_of(0))
    assert last_confirmed(settings()) is None
    refuse_overdue(settings())


USERNAMES = {"usernames": ["maria.p"], "keywords": ["maria.p"]}


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled"])
def test_the_accounts_that_a_query_names_have_pseudonyms_in_a_release(form):
    searching = settings(form, forms=[form])
    query = searching.study.query.model_copy(update={"none": Terms(**USERNAMES)})
    searching = searching.model_copy(update={"study": searching.study.model_copy(update={"query": query})})
    shared = sharing(searching)
    shown = as_shared(searching, shared).study.query
    assert shown.none.usernames == (shared.names.of("account", "maria.p"),)
    assert shown.none.keywords == ("maria.p",)
    assert shown.any == query.any
    assert as_shared(searching, replace(shared, form="team")) == searching


def test_so_have_those_in_a_query_in_the_api_s_own_words():
    condition = {"field_name": "username", "operation": "IN", "field_values": ["maria.p", "juan"]}
    keyword = {"field_name": "keyword", "operation": "EQ", "field_values": ["maria.p"]}
    raw = json.dumps({"and": [condition, keyword]})
    shown = with_usernames(Query(raw=raw), str.upper)
    assert json.loads(shown.raw) == {"and": [condition | {"field_values": ["MARIA.P", "JUAN"]}, keyword]}
