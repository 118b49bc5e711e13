"""The latest observation of each video, and all its counts: whatever order and windows its pages come in."""

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabulated import CREATED, ID, SEEN, STUDY, Tabulated, page, tabulate, video

from gettok.collect.erased import NONE_ERASED, Erased, user_digest
from gettok.collect.tombstones import sha256
from gettok.research_api import Page
from gettok.tables import COUNTS, FIELDS, VIDEOS
from gettok.tabulate import Gone, KeyedPage, Rejects, videos
from gettok.tabulate.gone import without_mentions
from gettok.tabulate.latest import Latest

LATER = SEEN + timedelta(days=5)
DAY_S = 86_400


def test_f10_a_video_on_two_pages_is_one_row_with_its_latest_values():
    pages = [
        page(video(view_count=10, username="new"), observed_at=LATER),
        page(video(view_count=7, username="old")),
    ]
    (made,) = tabulate(pages).rows
    assert (made["view_count"], made["username"], made["observations"]) == (10, "new", 2)
    assert (made["first_observed_at"], made["observed_at"]) == (SEEN, LATER)


def test_a_second_observation_keeps_both_counts_even_where_they_fall():
    pages = [page(video(view_count=10, like_count=3), observed_at=LATER), page(video(view_count=12))]
    found = tabulate(pages)
    assert found.counts.select("observed_at", "view_count", "like_count").rows() == [
        (SEEN, 12, None),
        (LATER, 10, 3),
    ]
    assert found.videos["view_count"].to_list() == [10]


def test_the_same_counts_at_the_same_time_are_one_observation_in_the_counts():
    found = tabulate([page(video(view_count=1)), page(video(view_count=1)), page(video(view_count=2))])
    assert found.counts["view_count"].to_list() == [1, 2]
    assert found.videos["observations"].to_list() == [3]


def test_a_video_observed_with_two_times_of_publication_is_once_on_the_day_of_the_latest():
    pages = [page(video(), observed_at=LATER), page(video(create_time=CREATED + DAY_S, view_count=1))]
    found = tabulate(pages)
    assert found.videos["created_at"].dt.date().to_list() == [date(2022, 12, 7)]
    assert found.counts["observed_at"].to_list() == [SEEN, LATER]


def test_a_video_that_was_last_seen_outside_the_study_is_not_in_it():
    outside = video(create_time=CREATED + 200 * DAY_S)
    found = tabulate([page(video()), page(outside, observed_at=LATER)])
    assert (found.rows, found.counts.height, found.seen) == ([], 0, 1)


def test_two_spellings_of_a_region_are_one_and_each_is_kept_as_it_was_sent():
    found = tabulate([page(video(region_code="US"), video(id=ID - 1, region_code="us"))])
    assert found.videos.select("region_code", "region_code_sent").rows() == [("US", "us"), ("US", "US")]


def bytes_of(found: Tabulated, folder) -> list[bytes]:
    parts = []
    for table, frame in ((VIDEOS, found.videos), (COUNTS, found.counts), (FIELDS, found.fields)):
        table.write(frame, folder / "part.parquet")
        parts.append((folder / "part.parquet").read_bytes())
    return parts


def cut(rows: Iterable[tuple[int, dict]], sizes: list[int]) -> list[Page]:
    """Pages of the given sizes in turn, each of rows that were observed at one time."""
    pages: list[tuple[int, list[dict]]] = []
    for hours, row in rows:
        size = sizes[len(pages) % len(sizes)]
        if not pages or pages[-1][0] != hours or len(pages[-1][1]) >= size:
            pages.append((hours, []))
        pages[-1][1].append(row)
    return [page(*rows, observed_at=SEEN + timedelta(hours=hours)) for hours, rows in pages]


_ROW = st.fixed_dictionaries(
    {
        "id": st.integers(1, 4),
        "create_time": st.sampled_from([CREATED, CREATED + DAY_S, CREATED + 300 * DAY_S]),
    },
    optional={
        "view_count": st.integers(0, 3) | st.just("x"),
        "username": st.sampled_from(["a", "b", "\ud83d"]),
        "hashtag_names": st.lists(st.sampled_from(["Perú", "peru", ""]), max_size=2),
        "new": st.integers(0, 2),
    },
)
_SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), _ROW), max_size=12).flatmap(
        lambda rows: st.tuples(st.just(rows), st.permutations(rows))
    ),
    _SIZES,
    _SIZES,
)
def test_tables_do_not_depend_on_the_cut_of_windows_or_the_order_of_pages(
    tmp_path_factory, rows, first, second
):
    folder = tmp_path_factory.getbasetemp()
    as_sent, shuffled = rows
    again = bytes_of(tabulate(cut(shuffled, second)), folder)
    assert bytes_of(tabulate(cut(as_sent, first)), folder) == again


@pytest.mark.parametrize("max_bytes", [1, 2_000, 2**30])
def test_rows_that_went_to_disk_on_the_way_are_all_there_again(tmp_path, max_bytes):
    latest = Latest(tmp_path, "id", max_bytes=max_bytes)
    for turn in range(5):
        numbers = range(turn * 10, turn * 10 + 50)
        latest.add(
            pl.DataFrame(
                {
                    "id": [str(number) for number in numbers],
                    "day": [str(number % 3) for number in numbers],
                    "observed_at": [turn] * 50,
                    "content": [f"{turn} {number}" for number in numbers],
                }
            )
        )
    newest = latest.newest()
    rows = pl.concat(frame for _, frame in latest.days(newest)).sort(pl.col("id").cast(pl.Int64))
    assert rows["content"].to_list() == [f"{min(4, number // 10)} {number}" for number in range(90)]
    assert [day for day, _ in latest.days(newest)] == ["0", "1", "2"]
    assert latest.index().height == 250


def test_no_page_gives_empty_tables():
    found = tabulate([])
    assert (found.rows, found.counts.height, found.rejects.height, found.seen) == ([], 0, 0, 0)
    assert found.fields["share"].null_count() == found.fields.height


def test_pages_without_videos_give_empty_tables():
    assert tabulate([page(), page()], STUDY).rows == []


def test_more_rows_than_wait_in_memory_are_all_there():
    pages = [page(*(video(id=place * 1000 + number) for number in range(1000))) for place in range(21)]
    found = tabulate(pages)
    assert (found.videos.height, found.counts.height, found.seen) == (21_000, 21_000, 21_000)
    assert found.videos["video_id"].n_unique() == 21_000


def test_a_video_whose_id_is_null_is_gone_or_refreshed_by_the_other_spelling(tmp_path):
    seen = KeyedPage("v0", page({**video(view_count=1), "id": None, "video_id": str(ID)}))
    later = page({**video(view_count=2), "id": None, "video_id": str(ID)}, observed_at=LATER)
    refreshed = [KeyedPage("r0", later)]
    found = videos.gather([videos.read([seen])], STUDY, tmp_path / "a", Rejects(), refreshed=refreshed)
    assert [rows["view_count"].to_list() for _, rows in found.days()] == [[2]]
    gone = Gone({sha256(str(ID))})
    found = videos.gather([videos.read([seen], gone)], STUDY, tmp_path / "b", Rejects())
    assert found.left_out == {sha256(str(ID))}


def test_a_video_by_an_erased_author_is_left_out_also_where_the_author_had_another_name(tmp_path):
    named = [page(video(id=name, username=user)) for name, user in ((1, "Ana"), (1, "before"), (2, "beto"))]
    pages = [KeyedPage(f"v{place}", each) for place, each in enumerate(named)]
    gone = Gone(erased=Erased(users=frozenset({user_digest("ana")})))
    found = videos.gather([videos.read(pages, gone)], STUDY, tmp_path, Rejects())
    ((_, rows),) = found.days()
    assert rows["video_id"].to_list() == ["2"]
    assert (found.seen, found.left_out) == (1, {sha256("1")})
    assert [counts["video_id"].to_list() for _, counts in found.counts()] == [["2"]]


def test_a_mark_of_an_erased_video_is_counted_and_is_no_reject(tmp_path):
    marks = [{"erased_sha256": sha256("7")}, video(id=1), {"erased_sha256": sha256("7")}]
    rejects = Rejects()
    found = videos.gather([videos.read([KeyedPage("v0", page(*marks))])], STUDY, tmp_path, rejects)
    assert (found.seen, found.left_out) == (1, {sha256("7")})
    assert rejects.frame().height == 0


def test_a_mark_on_a_shared_page_of_a_refresh_leaves_out_this_study_s_video_alone(tmp_path):
    marks = [{"erased_sha256": sha256(name)} for name in ("1", "9")]
    parts = [videos.read([KeyedPage("v0", page(video(id=1), video(id=2)))])]
    found = videos.gather(parts, STUDY, tmp_path, Rejects(), refreshed=[KeyedPage("r0", page(*marks))])
    assert (found.seen, found.left_out) == (1, {sha256("1")})


def test_mentions_lose_the_erased_and_keep_the_others_and_their_order():
    erased = Erased(users=frozenset({user_digest("ana")}))
    frame = pl.DataFrame({"mentions": [["c", "Ana", "b"], ["ana"], ["b"], [], None]})
    ((_, found),) = without_mentions([("day", frame)], erased)
    assert found["mentions"].to_list() == [["c", "b"], [], ["b"], [], None]
    ((_, same),) = without_mentions([("day", frame)], NONE_ERASED)
    assert same is frame
