"""What the last run found of a release's videos, and the errors where it was not asked for them."""

from pathlib import Path

import pytest
from flipped import flip
from hydrated_study import PUBLISHED, released, video_id
from recorded import record
from root import ROOT

from gettok.errors import BadInput, Damaged
from gettok.hydrate import Hydrated, compare, read_release
from gettok.pipeline.hydrating import hydrated, write_ids
from gettok.settings import load
from gettok.step import Row
from gettok.tables import IDS, MEDIA, VIDEOS

SETTINGS = load(ROOT / "params.yaml")
LATER = PUBLISHED.replace(year=2023)


@pytest.fixture
def release(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return read_release(released(tmp_path / "release", "controlled"))


def tabulated(states: dict[int, str], *more: Row, media: dict[int, str] | None = None) -> None:
    """The tables of a run that was asked for some of the ten videos; all that it found were published as before."""
    lines = [
        {"line": number + 2, "video_id": video_id(number), "is_repeated": False, "state": state}
        for number, state in states.items()
    ]
    IDS.write([*lines, *more], Path("data/ids.parquet"))
    Path("data/videos").mkdir()
    videos = [
        {
            "video_id": video_id(number),
            "created_at": PUBLISHED if number < 6 else PUBLISHED.replace(day=6),
            "observed_at": LATER.replace(day=number + 1),
        }
        for number, state in states.items()
        if state == "found"
    ]
    VIDEOS.write(videos, Path("data/videos/2022-12-05.parquet"))
    if media is not None:
        rows = [{"video_id": video_id(number), "sha256": digest} for number, digest in media.items()]
        MEDIA.write(rows, Path("data/media.parquet"))


def looked_up(release) -> Hydrated:
    return hydrated(release, SETTINGS, "ask for it")


STATES = {**dict.fromkeys(range(10), "found"), 0: "not_found", 3: "gone"}


def test_what_was_found_is_read_from_the_tables(release):
    tabulated(STATES, media={1: "a" * 64, 2: "b" * 64})
    found = looked_up(release)
    assert found.videos.sort("video_id")["state"].to_list() == [STATES[number] for number in range(10)]
    assert found.videos.drop_nulls("created_at").height == 8
    assert found.observed == (LATER.replace(day=2), LATER.replace(day=10))
    assert found.source == "sandbox"
    receipt = compare(release, found)
    assert receipt.changed_in == {"created_at": (0, 8), "media": (1, 2)}
    assert receipt.without_file == 5
    assert receipt.gone_because == {"gone": 1, "not_found": 1}


def test_without_the_table_of_media_files_are_not_compared(release):
    tabulated(STATES)
    assert not looked_up(release).with_media


def test_a_video_that_someone_asked_to_erase_is_gone_though_the_table_does_not_name_it(release):
    erased = {"line": 11, "video_id": None, "is_repeated": False, "state": "erased"}
    tabulated({number: state for number, state in STATES.items() if number != 9}, erased)
    assert compare(release, looked_up(release)).gone_because == {"erased": 1, "gone": 1, "not_found": 1}


def test_if_nothing_is_found_the_receipt_has_no_time(release):
    tabulated(dict.fromkeys(range(10), "not_found"))
    found = looked_up(release)
    assert found.observed is None
    assert compare(release, found).videos.found == 0


def test_other_ids_and_repeated_lines_of_the_list_do_not_count(release):
    other = {"line": 20, "video_id": "7000000000000000001", "is_repeated": False, "state": "not_found"}
    again = {"line": 21, "video_id": video_id(1), "is_repeated": True, "state": "found"}
    tabulated(STATES, other, again)
    assert compare(release, looked_up(release)).videos.released == 10


def refused(release) -> str:
    with pytest.raises(BadInput, match="the release was not asked for") as error:
        looked_up(release)
    assert (error.value.did, error.value.can) == ("compared nothing", "ask for it")
    return error.value.what


def test_a_run_that_was_not_asked_for_the_release_gives_no_receipt(release):
    assert "there are no tables of its videos" in refused(release)
    tabulated(dict.fromkeys(range(4), "found"))
    assert "data/ids.parquet lacks 6 videos of it" in refused(release)


def test_a_study_of_other_days_gives_no_receipt(release):
    tabulated({**STATES, 5: "outside_study"})
    assert "days in the settings leave out 1 video of it" in refused(release)


def test_tables_of_an_earlier_list_give_no_receipt(release):
    tabulated({**STATES, 0: "found"})
    VIDEOS.write([], Path("data/videos/2022-12-05.parquet"))
    assert "data/videos was made before data/ids.parquet" in refused(release)


def test_the_list_of_ids_is_written_once_and_another_one_is_left(release):
    path = Path("inputs/collect/ids.csv")
    write_ids(release)
    assert path.read_text("utf-8").split("\n") == ["video_id", *map(video_id, range(10)), ""]
    write_ids(release)
    path.write_text(f"video_id\n{video_id(1)}\n", "utf-8")
    with pytest.raises(BadInput, match="is another list of ids"):
        write_ids(release)
    assert path.read_text("utf-8") == f"video_id\n{video_id(1)}\n"


@pytest.mark.parametrize("name", ["videos", "ids.parquet"])
def test_a_table_whose_bytes_changed_is_refused(release, name):
    tabulated(STATES)
    record("tabulate", Path("data/videos"), Path("data/ids.parquet"))
    path = Path("data", name)
    file = path / "2022-12-05.parquet" if path.is_dir() else path
    flip(file, file.stat().st_size // 2)
    with pytest.raises(Damaged, match=r"is not what dvc\.lock records"):
        looked_up(release)
