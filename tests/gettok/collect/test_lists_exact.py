"""Lists of one's own, captures and tombstones: each name, each limit, and each way to be damaged, by itself."""

import json
from datetime import UTC, datetime

import pytest

from gettok.collect.ids import batches, read_ids, video_id
from gettok.collect.tombstones import SUBJECTS, RefreshLists, sha256
from gettok.collect.zeeschuimer import as_video, captured_pages, observed_at, read
from gettok.errors import BadInput

ID, OTHER = "7213456789012345678", "7213456789012345681"


@pytest.fixture
def written(tmp_path):
    """Read the ids of a file with this content."""

    def read_content(content):
        path = tmp_path / "ids.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_ids(path)

    return read_content


@pytest.mark.parametrize("name", ["video_id", "id", "item_id", "url", "link", "Video ID", " LINK "])
def test_each_name_of_a_column_is_believed_though_its_ids_are_no_times(written, name):
    assert written(f"note,{name}\nx,7\ny,8\n").ids == ("7", "8")


def test_the_first_known_name_is_believed_and_not_the_first_column(written):
    names = ["link", "url", "item_id", "id", "video_id"]
    for count in range(2, 6):
        row = ",".join(str(number) for number in range(count))
        assert written(f"{','.join(names[:count])}\n{row}\n").ids == (str(count - 1),)


def test_without_a_name_a_column_of_which_more_than_half_are_videos_is_taken(written):
    assert written(f"{ID},{OTHER}\nx,{ID}\n").ids == (OTHER, ID)
    assert written(f"{ID},{OTHER}\nx,{ID}\n{OTHER},x\n").ids == (ID, OTHER)


def test_rows_may_be_shorter_than_others(written):
    found = written(f"a\nb,{ID}\nc,{OTHER}\nd\n")
    assert found.ids == (ID, OTHER)
    assert [(line.line, line.text) for line in found.refused] == [(1, "a"), (4, "d")]
    assert written(f"a,b\n{ID}\n{OTHER},x\n").ids == (ID, OTHER)


def test_a_named_column_that_has_no_videos_gives_way_to_one_that_has(written):
    assert written(f"id,address\n1,{ID}\n2,{OTHER}\n").ids == (ID, OTHER)


ROUNDED = [f"72134567890123{number}0000" for number in range(3)]


@pytest.mark.parametrize(
    ("ids", "are_lost"),
    [
        ([*ROUNDED[:2], ID, OTHER], False),
        ([*ROUNDED, ID, OTHER], True),
        ([*ROUNDED[:2], ID], True),
        (ROUNDED[:2], True),
        (ROUNDED[:1], False),
    ],
)
def test_more_than_half_of_several_ids_that_end_in_zeros_were_rounded(written, ids, are_lost):
    if are_lost:
        with pytest.raises(BadInput, match="a spreadsheet has rounded them"):
            written("\n".join(ids))
    else:
        assert written("\n".join(ids)).ids == tuple(ids)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_a_file_is_read_in_each_encoding_that_begins_with_its_mark(written, encoding):
    assert written(f"\ufeffvideo_id\n{ID}\n".encode(encoding)).ids == (ID,)


def test_a_line_is_shown_up_to_two_hundred_characters(written):
    found = written(f"{ID}\n{'x' * 201}\n")
    assert [line.text for line in found.refused] == ["x" * 200]


@pytest.mark.parametrize("text", ["1", "9" * 20])
def test_an_id_has_one_to_twenty_digits(text):
    assert video_id(text) == text
    assert video_id(f"https://www.tiktok.com/@a/video/{text}") == text
    with pytest.raises(ValueError, match="neither"):
        video_id("9" * 21)


FIRST = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("number", "is_placed"),
    [
        (FIRST << 32, True),
        ((FIRST << 32) - 1, False),
        ((2**31 << 32) - 1, True),
        (2**31 << 32, False),
    ],
)
def test_an_id_is_placed_from_the_first_to_the_last_second_that_it_can_have(number, is_placed):
    placed = batches([str(number)])
    assert [len(placed.batches), len(placed.unplaceable)] == [is_placed, not is_placed]


# --- captures -------------------------------------------------------------------------------------------------


def capture(number=1, **about):
    data = {"id": str(number), "createTime": 1670414400}
    return {"source_platform": "tiktok.com", "timestamp_collected": 1678883696789, "data": data} | about


def test_a_page_has_a_hundred_lines(tmp_path):
    path = tmp_path / "c.ndjson"
    path.write_text("".join(f"{json.dumps(capture(number))}\n" for number in range(1, 202)), "utf-8")
    assert [(lines.first, len(lines.items)) for lines in read(path)] == [(1, 100), (101, 100), (201, 1)]
    pages = list(captured_pages(path, []))
    assert [page.page.request["body"]["first_line"] for page in pages] == [1, 101, 201]
    assert [page.cursor for page in pages] == [1, 101, 201]


def test_a_refused_line_of_a_capture_is_shown_up_to_two_hundred_characters(tmp_path):
    path = tmp_path / "c.ndjson"
    path.write_text(f"{json.dumps(capture())}\n\n{'x' * 201}\n", "utf-8")
    (lines,) = read(path)
    assert [(line.line, line.text) for line in lines.refused] == [(3, "x" * 200)]


@pytest.mark.parametrize("platform", ["tiktok.com", "tiktok", "www.tiktok.com"])
def test_each_name_of_the_platform_is_tiktok_s(platform):
    assert as_video(capture(source_platform=platform))["id"] == "1"


@pytest.mark.parametrize("platform", ["youtube.com", "tiktok.org", 7, None, ["tiktok"]])
def test_any_other_platform_is_refused(platform):
    with pytest.raises(ValueError, match="was captured on"):
        as_video(capture(source_platform=platform))


@pytest.mark.parametrize(
    ("sent", "count"),
    [
        (0, 0),
        (0.0, 0),
        ("0", 0),
        (-1, None),
        (-0.5, None),
        ("1.6e4", 16_000),
        ("x", None),
        (float("inf"), None),
    ],
)
def test_a_count_is_a_number_from_zero_on(sent, count):
    item = capture()
    item["data"] |= {"stats": {"playCount": sent}}
    assert as_video(item).get("view_count") == count


@pytest.mark.parametrize("updated", [10**16, 10**19, "9" * 20, 0, -1, "soon"])
def test_a_time_that_no_calendar_has_gives_way_to_the_next(updated):
    assert observed_at(capture(last_updated=updated)) == datetime(2023, 3, 15, 12, 34, 56, tzinfo=UTC)


# --- tombstones -----------------------------------------------------------------------------------------------


def line(name):
    return {"round": name, "source": "s", "method": "ids", "asked": "2", "confirmed": "1", "missing": "1"}


@pytest.mark.parametrize(("subject", "prefix"), [("video", ""), ("comment", "comment_"), ("user", "user_")])
def test_each_subject_has_lists_of_its_own(tmp_path, subject, prefix):
    assert SUBJECTS == ("video", "comment", "user")
    lists = RefreshLists(tmp_path, subject)
    lists.add(line("r"), [sha256("1")])
    assert {path.name for path in tmp_path.iterdir()} == {f"{prefix}refreshes.csv", f"{prefix}tombstones.csv"}
    head = (tmp_path / f"{prefix}tombstones.csv").read_text().splitlines()[0]
    assert head == f"{subject}_sha256,missing_at,source,method"
    assert (lists.gone(), lists.rounds("s")) == ({sha256("1")}, ["r"])


HEAD = "round,source,method,asked,confirmed,missing\n"
WHOLE = "r1,s,ids,2,1,1\n"


@pytest.mark.parametrize(
    "content",
    [
        HEAD + WHOLE + "r2,s,ids\n",
        HEAD + "r2,s,ids\n" + WHOLE,
        HEAD + WHOLE + "r2,s,ids,2,1,1,7\n",
        HEAD.replace("asked,confirmed", "confirmed,asked") + WHOLE,
        "",
        HEAD + f'"{"x" * 140_000}"' + WHOLE,
    ],
)
def test_one_damaged_line_is_enough_to_refuse_a_list(tmp_path, content):
    (tmp_path / "refreshes.csv").write_text(content)
    with pytest.raises(BadInput, match=r"refreshes\.csv"):
        RefreshLists(tmp_path).rounds("s")
