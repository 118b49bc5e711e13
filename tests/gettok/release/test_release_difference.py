"""What changed from one release to the next is told for videos, codes, shares, provenance and files."""

import json
import shutil

import polars as pl
import pytest
from released_study import FORM, PROVENANCE, edit, edit_text, released, reseal
from small_study import attacked, coded, study_of

from gettok import release
from gettok.errors import BadInput
from gettok.release import Pseudonyms, Sharing
from gettok.release.code_changes import MovedShare, Recoded
from gettok.release.difference import compare_releases
from gettok.release.difference_text import as_text
from gettok.settings.differences import SettingDifference
from gettok.tables.forms import FORMS

NAMES = ("1.0.0", "1.1.0")


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return released(tmp_path_factory.mktemp("old") / "release")


@pytest.fixture
def new(old, tmp_path):
    return shutil.copytree(old, tmp_path / "release")


def compared(old, new):
    return compare_releases(old, new, NAMES)


def edited(folder, name, change):
    content = json.loads((folder / name).read_text("utf-8"))
    change(content)
    (folder / name).write_text(json.dumps(content), "utf-8")
    reseal(folder)


def variable(found, name):
    return next(change for change in found.variables if change.name == name)


@pytest.mark.parametrize("form", FORMS)
def test_two_releases_of_the_same_bytes_have_no_difference(tmp_path, form):
    folder = released(tmp_path / "release", form=form)
    found = compared(folder, folder)
    assert found.is_empty
    assert as_text(found) == "1.0.0 → 1.1.0\n\nNo difference: all files are the same.\n"
    assert as_text(found, markdown=True).startswith("# Changes: 1.0.0 → 1.1.0\n\nNo difference")


@pytest.mark.parametrize("form", FORMS)
def test_videos_that_came_and_went_are_counted_in_each_form(tmp_path, form):
    old, new = (
        released(tmp_path / "a", 4, form),
        released(tmp_path / "b", 6, form, withdrawn=["7213456789012345601"]),
    )
    found = compared(old, new)
    assert (found.videos, found.added, found.gone) == ((4, 5), 2, 1)
    assert found.gone_by_reason == {"withdrawn": 1}
    back = compared(new, old)
    assert (back.added, back.gone, back.gone_by_reason) == (1, 2, {"unknown": 2})


def test_the_books_say_why_videos_went(old, new):
    edit(new, "dataset", lambda rows: rows.slice(3))
    edited(old_copy := shutil.copytree(old, new.with_name("old")), "books.json", tabulated(gone=2, no_id=7))
    edited(new, "books.json", tabulated(gone=3, outside_study=1, no_id=7))
    found = compared(old_copy, new)
    assert found.gone_by_reason == {"gone": 1, "outside_study": 1, "unknown": 1}
    text = as_text(found)
    assert "  6 before, 3 now: 0 added, 3 gone\n  gone, gone: 1 (a refresh no longer found it)\n" in text
    assert "  gone, unknown: 1 (the books do not say why)\n" in text


def test_reasons_of_more_videos_than_went_explain_none(old, new):
    edit(new, "dataset", lambda rows: rows.slice(1))
    edited(new, "books.json", tabulated(gone=2))
    assert compared(old, new).gone_by_reason == {"unknown": 1}


def tabulated(**reasons):
    def change(books):
        books["stages"]["tabulate"] = {"asked": 0, "ok": 0, "unusable": reasons}

    return change


def test_codes_and_shares_that_moved_are_told(old, new):
    stance = pl.when(pl.col("stance") == "support").then(pl.lit("neutral")).otherwise("stance")
    edit(new, "dataset", lambda rows: rows.with_columns(stance=stance))
    before = pl.read_parquet(old / "dataset.parquet")["stance"].drop_nulls().to_list()
    assert sorted(before) == ["neutral", "no support", "support", "support"]
    found = compared(old, new)
    [change] = found.variables
    assert (change.name, change.compared, change.changed, change.coded_videos) == ("stance", 6, 2, (4, 4))
    assert change.recoded == (Recoded("support", "neutral", 2),)
    assert change.shares == (MovedShare("neutral", 25.0, 75.0, 50.0), MovedShare("support", 50.0, 0.0, -50.0))
    text = as_text(found)
    assert "  stance: 2 of 6 videos in both releases changed\n" in text
    assert "  stance, support → neutral: 2 videos\n" in text
    assert "neutral 25.0 % → 75.0 % (+50.0 points); support 50.0 % → 0.0 % (-50.0 points)" in text


def test_a_code_that_is_lost_names_its_reason(old, new):
    lost = pl.when(pl.col("stance").is_not_null())
    edit(
        new,
        "dataset",
        lambda rows: rows.with_columns(
            stance=pl.lit(None, pl.String),
            no_stance_because=lost.then(pl.lit("refused")).otherwise("no_stance_because"),
        ),
    )
    change = variable(compared(old, new), "stance")
    assert {(each.old, each.new) for each in change.recoded} == {
        (label, "[refused]") for label in ("support", "no support", "neutral")
    }
    assert {share.new for share in change.shares} == {None}
    assert "neutral 25.0 % → –;" in as_text(compared(old, new))


def test_lists_numbers_and_abstentions_are_compared_as_what_they_are(old, new):
    edit(
        new,
        "dataset",
        lambda rows: rows.with_columns(
            topics=pl.when(pl.col("topics").list.len() == 1)
            .then([])
            .otherwise(pl.col("topics").list.reverse()),
            people=pl.col("people") + 1,
            anger=pl.lit(None, pl.String),
            anger_abstained=pl.col("no_anger_because").is_null(),
        ),
    )
    found = compared(old, new)
    topics = variable(found, "topics")
    assert topics.recoded == (Recoded("protest", "[none]", 1),), "the order of labels says nothing"
    assert topics.shares == (MovedShare("protest", 75.0, 50.0, -25.0),)
    people = variable(found, "people")
    assert (people.changed, people.recoded, people.shares) == (4, (), ())
    assert {each.new for each in variable(found, "anger").recoded} == {"[abstained]"}


def test_many_kinds_of_changes_are_summed_up_in_text_and_whole_in_json(old, new, monkeypatch):
    monkeypatch.setattr("gettok.release.difference_text._MOST_RECODED", 1)
    edit(new, "dataset", lambda rows: rows.with_columns(stance=pl.lit("mixed")))
    found = compared(old, new)
    assert "  stance, other changes: 4 videos\n" in as_text(found)
    [stance] = json.loads(json.dumps(found.as_json()))["variables"]
    assert [each["videos"] for each in stance["recoded"]] == [2, 2, 1, 1]


def test_prompts_models_and_settings_are_named_by_their_paths(old, new):
    def change(provenance):
        provenance["settings"]["prompts"]["describe"]["name"] = "short"
        provenance["settings"]["llm"]["votes"] = 3
        provenance["models"]["annotations"] = ["judge-2"]
        provenance["settings"]["study"]["title"] = "A | long\ntitle"

    edited(new, "provenance.json", change)
    found = compared(old, new)
    assert found.prompts == (SettingDifference("prompts.describe.name", "plain", "short"),)
    assert found.models == (SettingDifference("models.annotations", ["judge-1"], ["judge-2"]),)
    assert found.settings == (
        SettingDifference("llm.votes", 5, 3),
        SettingDifference("study.title", "(absent)", "A | long\ntitle"),
    )
    text = as_text(found, markdown=True)
    assert "- study.title: (absent) → \\#" in text, "a text of two lines is named by its digest"
    assert "## Settings\n\n- llm.votes: 5 → 3\n" in text
    assert "## Files\n\n- with other bytes: provenance.json\n" in text
    assert "## Codes" not in text


def test_variables_that_came_and_went_are_named(old, new):
    def change(provenance):
        variables = provenance["settings"]["codebook"]["variables"]
        variables["tone"] = variables.pop("stance")

    edited(new, "provenance.json", change)
    found = compared(old, new)
    assert (found.variables_added, found.variables_gone) == (("tone",), ("stance",))
    assert "  tone: a new variable\n  stance: no longer a variable\n" in as_text(found)


def test_a_label_of_a_stranger_s_release_moves_no_cursor_and_makes_no_line(old, new):
    edit(new, "dataset", lambda rows: rows.with_columns(stance=pl.lit("a\x1b[2J\n## b")))
    for text in (as_text(compared(old, new)), as_text(compared(old, new), markdown=True)):
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line.endswith("## b")]


def test_a_file_that_came_or_went_is_named(old, new):
    (new / "pairs.parquet").rename(new / "croissant.json")
    reseal(new)
    found = compared(old, new)
    assert (found.files_added, found.files_gone) == (("croissant.json",), ("pairs.parquet",))


def test_the_text_depends_on_the_releases_alone(old, new):
    edit(new, "dataset", lambda rows: rows.with_columns(stance=pl.lit("mixed")))
    assert {as_text(compared(old, new)) for _ in range(5)} == {as_text(compared(old, new))}


def test_releases_of_other_forms_are_not_compared(old, new):
    edit_text(new, "provenance.json", (f'"form": "{FORM}"', '"form": "ids_only"'))
    with pytest.raises(BadInput, match=f"1.0.0 has the form {FORM}, and 1.1.0 the form ids_only"):
        compared(old, new)


def test_other_names_of_videos_are_not_compared(old, new):
    edit(new, "dataset", lambda rows: rows.with_columns(video_id="a" + pl.col("video_id")))
    with pytest.raises(BadInput, match="no video in common") as raised:
        compared(old, new)
    assert "different studies" in raised.value.did


def test_pseudonyms_of_another_key_are_not_compared(tmp_path):
    old = released(tmp_path / "a", form="public")
    sharing = Sharing("public", Pseudonyms(b"another key"), 1)
    release.write(tmp_path / "b", attacked(coded(study_of(6))), sharing, PROVENANCE)
    with pytest.raises(BadInput, match="no video in common") as raised:
        compared(old, tmp_path / "b")
    assert "pseudonyms were made with different keys" in raised.value.did


@pytest.mark.parametrize("name", ["provenance.json", "books.json", "data_dictionary.md", "dataset.parquet"])
@pytest.mark.parametrize("content", [None, "{}"])
def test_a_folder_that_is_no_release_is_named(old, new, name, content):
    (new / name).unlink()
    if content is not None:
        (new / name).write_text(content)
    with pytest.raises(BadInput, match=r"1\.1\.0 cannot be read as a release"):
        compared(old, new)
