"""One video in hand-made tables: found by its id on any day, and the error that says why it is in none."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import tabulated
import written_study
import yaml
from root import ROOT
from small_study import EVERY_KIND, attacked, coded, jpeg, study_of, tables, video

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import BadInput
from gettok.pipeline.paths import HUMAN_LABELS, REFRESH_LISTS
from gettok.pipeline.video_lookup import SOURCES, frame_images, lookup
from gettok.tables import COVERAGE, IDS, REJECTS, USERS

FIRST, PRIVATE, THIRD = (str(7213456789012345600 + number) for number in (1, 2, 3))
#: A video whose id was created on the day of its publication.
CREATED = datetime(2022, 12, 7, 1, tzinfo=UTC)
PUNCTUAL = str(int(CREATED.timestamp()) << 32)
#: Ids that no table has.
REJECTED, NEVER = str(7342600000000000315), "7000000000000000001"


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch) -> Path:
    """An empty workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def make(**more) -> None:
    """The tables of three videos, of which the second is private."""
    written_study.write(attacked(study_of(3)), **more)


def refused(video_id: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        lookup(video_id)
    assert caught.value.exit_code == 66
    return caught.value


def test_the_rows_of_the_video_are_found_in_every_table_and_no_others():
    make(screen_texts=[{"video_id": name, "frame_index": 0, "text": "NO"} for name in (THIRD, PRIVATE)])
    record = lookup(THIRD)
    compared = 0
    for name, source in SOURCES.items():
        if name not in record.not_made:
            rows = source.table.read(Path("data", source.path)).filter(video_id=THIRD)
            assert record.tables[name] == rows.drop("image", "answer", strict=False).to_dicts(), name
            compared += rows.height
    assert compared == 11, "a row in each of nine tables, and two variants"
    assert record.not_made == {"counts": "tabulate", "comments": "tabulate"}


def test_the_stage_that_is_named_for_a_table_is_the_one_that_makes_it():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
    for source in SOURCES.values():
        outs = stages[source.stage]["outs"]
        assert [out for out in outs if f"data/{source.path}/".startswith(f"{out}/")], source.path


def test_a_lookup_reads_no_other_day_than_the_one_of_the_id_s_time(data):
    written_study.write(tables(video(1, video_id=PUNCTUAL, created_at=CREATED), video(3), video(4)))
    others = [file for file in data.rglob("20*.parquet") if file.stem != "2022-12-07"]
    assert len(others) == 11
    for file in others:
        file.write_bytes(b"not to be read")
    record = lookup(PUNCTUAL)
    assert record.row("videos")["created_at"] == CREATED
    assert record.row("annotations")["label"] == "support"
    assert frame_images(record) == {0: jpeg(PUNCTUAL)}


def make_two_groups() -> None:
    """The tables of three videos with a value of every variable, in two groups of the codebook."""
    groups = {"stance": "a", "topics": "a"}
    variables = {
        name: variable.model_copy(update={"group": groups.get(name, "b")})
        for name, variable in EVERY_KIND.variables.items()
    }
    made = coded(study_of(3), EVERY_KIND.model_copy(update={"variables": variables}))
    variants = pl.concat(attacked(made, name).prompt_injection for name in ("call", "anger"))
    written_study.write(replace(made, prompt_injection=variants))
    files = sorted(Path("data/annotations").glob("*/*.parquet"))
    assert len(files) == 6, "three days of two groups"


def variables_of(video_id: str, table: str) -> list[str]:
    return [row["variable"] for row in lookup(video_id).tables[table]]


def test_the_variables_of_every_group_are_found_in_the_order_of_the_codebook_that_made_them(tmp_path):
    make_two_groups()
    made_with = {"codebook": {"variables": {name: {} for name in EVERY_KIND.variables}}}
    lock = {"stages": {"annotate": {"params": {"params.yaml": made_with}, "outs": []}}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False), "utf-8")
    assert variables_of(THIRD, "annotations") == list(EVERY_KIND.variables)
    assert variables_of(THIRD, "prompt_injection") == ["call", "call", "anger", "anger"]


def test_variables_that_no_recorded_codebook_has_are_found_by_name():
    make_two_groups()
    assert variables_of(THIRD, "annotations") == sorted(EVERY_KIND.variables)


def test_a_video_that_was_published_on_another_day_than_its_id_was_created_is_found():
    make()
    record = lookup(FIRST)
    assert record.row("videos")["created_at"].date() == date(2022, 12, 6), "the id is of March 2023"
    assert record.row("transcripts")["status"] == "ok"
    assert frame_images(record) == {0: jpeg(FIRST)}


@pytest.mark.parametrize("missing", SOURCES)
def test_any_table_may_be_missing(missing, data):
    make(counts=[], comments=[], screen_texts=[])
    path = data / SOURCES[missing].path
    path.rename(data / "elsewhere")
    record = lookup(FIRST)
    assert record.not_made == {missing: SOURCES[missing].stage}
    assert missing not in record.tables
    assert record.row("annotations" if missing == "transcripts" else "transcripts")["status"] == "ok"


def test_the_author_s_profile_is_found_by_name(data):
    make()
    assert lookup(FIRST).tables["users"] == []
    USERS.write([{"username": f"user.{place}", "status": "ok"} for place in range(3)], data / "users.parquet")
    assert [row["username"] for row in lookup(FIRST).tables["users"]] == ["user.1"]


def test_human_labels_are_those_of_the_video_or_the_reason_why_there_are_none():
    make()
    assert lookup(FIRST).human_labels == []
    HUMAN_LABELS.parent.mkdir(parents=True)
    lines = ("video_id,coder,label", f"{FIRST},ana,support", f"{PRIVATE},ana,neutral", f"{FIRST},ben,")
    HUMAN_LABELS.write_text("\n".join(lines), "utf-8")
    assert [(given.coder, given.label) for given in lookup(FIRST).human_labels] == [
        ("ana", "support"),
        ("ben", None),
    ]
    HUMAN_LABELS.write_text("video_id\n1\n", "utf-8")
    record = lookup(FIRST)
    assert (record.human_labels, "human_labels.csv" in record.human_labels_trouble) == ([], True)


def test_an_empty_workspace_says_how_to_get_a_dataset():
    error = refused(FIRST)
    assert "no dataset yet" in error.what
    assert "`dvc repro`" in error.can
    assert "`dvc pull`" in error.can


def test_a_rejected_row_is_named_with_its_reason(data):
    make()
    row = {"answer_key": "k", "position": 3, "reason": "no_time", "detail": "it lacks create_time"}
    of_fields = {**row, "position": 4, "reason": "retyped", "row": f'{{"id": "{NEVER}"}}'}
    a_comment = {**row, "position": 5, "row": f'{{"id": 12, "video_id": {NEVER}}}'}
    rejected = {**row, "row": f'{{"id": {REJECTED}}}'}
    REJECTS.write([rejected, of_fields, a_comment], data / "rejects.parquet")
    assert "rejected" in refused(REJECTED).what
    assert "it has no time of publication (no_time: it lacks create_time)" in refused(REJECTED).what
    assert "never seen" in refused(NEVER).what
    for other in (REJECTED[:-1], "1"):
        assert "no id of a video" in refused(other).what


def test_a_line_of_the_list_of_ids_is_named_with_its_state(data):
    make()
    line = {"line": 1, "text": REJECTED, "video_id": REJECTED, "is_repeated": False, "state": "not_found"}
    IDS.write([line], data / "ids.parquet")
    assert "the Research API does not find it by its id (not_found)" in refused(REJECTED).what


def test_a_video_that_a_refresh_no_longer_found_is_named_as_gone():
    make()
    round_ = dict.fromkeys(("source", "method", "asked", "confirmed", "missing"), "1")
    RefreshLists(REFRESH_LISTS).add({"round": "2023-04-01", **round_}, [sha256(REJECTED)])
    assert "a refresh no longer found it (gone)" in refused(REJECTED).what


def test_an_erased_video_is_named_as_erased_by_the_list_and_by_its_mark_on_a_page(data):
    make()
    RefreshLists(REFRESH_LISTS).erase([sha256(NEVER)], date(2026, 12, 1))
    assert "a person asked for it to be removed from the dataset (erased)" in refused(NEVER).what
    (REFRESH_LISTS / "tombstones.csv").unlink()
    marked = tabulated.page({"erased_sha256": sha256(NEVER)})
    tabulated.page_file(data / "pages" / "videos" / "a.0000.parquet", marked)
    assert "a person asked for it to be removed from the dataset (erased)" in refused(NEVER).what


def test_a_video_on_a_page_outside_the_study_s_days_is_told_from_one_that_was_never_seen(data):
    make()
    found = tabulated.video(music_id=int(NEVER))
    (data / "pages" / "videos").mkdir(parents=True)  # DVC did not keep the empty folder `refreshed`
    tabulated.page_file(data / "pages" / "videos" / "w.parquet", tabulated.page(found))
    assert json.dumps(found["id"]) == REJECTED
    assert "it was published outside the study's days (outside_study)" in refused(REJECTED).what
    error = refused(NEVER)
    assert "never seen" in error.what
    assert "made on 2021-08-24; `gettok plan`" in error.can


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (datetime(2015, 12, 31, tzinfo=UTC), "is before TikTok existed"),
        (datetime.now(UTC) + timedelta(days=2), "is in the future"),
    ],
)
@pytest.mark.parametrize("is_made", [True, False])
def test_an_id_whose_time_is_impossible_is_no_id_of_a_video(is_made, when, why):
    if is_made:
        make()
    video_id = id_of(when)
    assert refused(video_id).what.startswith(f"{video_id} is no id of a video: ")
    assert refused(video_id).what.endswith(why)


def id_of(when: datetime) -> str:
    return str(int(when.timestamp()) << 32)


def settings_of(params, **source: str) -> None:
    """Settings of a study of November and December 2022."""
    params["study"] |= {"start": "2022-11-20", "end": "2022-12-31"}
    params["source"] |= source
    Path("params.yaml").write_text(yaml.safe_dump(params), "utf-8")


@pytest.mark.parametrize(("day", "side"), [(date(2022, 11, 19), "before"), (date(2023, 1, 1), "after")])
def test_an_id_that_was_made_outside_the_study_s_days_says_so(params, day, side):
    make()
    settings_of(params)
    error = refused(id_of(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))
    assert f"its id was made on {day}, {side} the study's days (2022-11-20 to 2022-12-31)" in error.what
    assert "study.start or study.end" in error.can


@pytest.mark.parametrize("day", [date(2022, 11, 20), date(2022, 12, 31)])
def test_on_the_study_s_days_it_is_told_whether_the_day_is_collected(params, data, day):
    make()
    settings_of(params)
    video_id = id_of(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    assert f"made on {day}, one of the study's days" in refused(video_id).can
    COVERAGE.write([{"day": date(2022, 12, 7), "state": "complete"}], data / "coverage.parquet")
    assert f"its day, {day}, is not collected yet" in refused(video_id).what
    assert "run `dvc repro`" in refused(video_id).can


def test_a_video_that_a_list_of_ids_lacks_can_be_added_to_it(params):
    make()
    settings_of(params, kind="ids", file="inputs/collect/ids.csv")
    assert "or add the video to inputs/collect/ids.csv" in refused(id_of(CREATED)).can


def test_without_the_table_of_videos_a_video_is_not_called_unseen(data):
    make()
    (data / "videos").rename(data / "elsewhere")
    error = refused(NEVER)
    assert "not made yet" in error.what
    assert "`dvc repro tabulate`" in error.can
