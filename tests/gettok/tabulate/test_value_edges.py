"""The last value that is read and the first that is not, and the order and the counts of what was received."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from tabulated import CREATED, ID, SEEN, answer, page, tabulate, video

from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.step import canonical
from gettok.tables import VIDEOS
from gettok.tabulate import rejects as rejects_module
from gettok.tabulate import row_buffer, values, videos
from gettok.tabulate.gone import Gone
from gettok.tabulate.latest import Latest
from gettok.tabulate.object_type import ObjectType
from gettok.tabulate.pages import KeyedPage, endpoint_of, microseconds, videos_of
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.row_buffer import RowBuffer
from gettok.tabulate.tally import Tally, fields
from gettok.tabulate.values import DuplicateField, InvalidObject, WrongType
from gettok.tabulate.video_tags import tag_labels

MOST, LEAST = 2**63 - 1, -(2**63)


def read(function, value):
    try:
        return function(value)
    except WrongType:
        return WrongType


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MOST, MOST), (MOST + 1, WrongType), (LEAST, LEAST), (LEAST - 1, WrongType), (0, 0), (-1, -1), ("0", 0),
        (str(MOST), MOST), (str(MOST + 1), WrongType), ("0" * 19, 0), ("0" * 20, WrongType), ("-1", WrongType),
        ("", WrongType), ("１", WrongType), (True, WrongType), (1.0, WrongType), (None, WrongType), (" 1", WrongType),
    ],
)  # fmt: skip
def test_a_number_has_63_bits_and_a_sign(value, expected):
    assert read(values.number, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"), (10**20 - 1, "9" * 20), (10**20, WrongType), (-1, WrongType), ("9" * 20, "9" * 20),
        ("9" * 21, WrongType), ("007", "007"), ("", WrongType), ("１", WrongType), ("a", WrongType), (True, WrongType),
        (1.0, WrongType),
    ],
)  # fmt: skip
def test_an_id_has_at_most_20_digits(value, expected):
    assert read(values.identity, value) == expected
    assert values.identity_or_none(value) == (None if expected is WrongType else expected)


@pytest.mark.parametrize(
    "year", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_the_first_and_the_last_second_of_the_calendar_are_times_and_those_beside_them_are_not(year):
    seconds = microseconds(year) // 1_000_000
    beyond = seconds - 1 if year.year == 1 else seconds + 1
    assert values.time(seconds) == microseconds(year)
    assert read(values.time, beyond) is WrongType
    assert pl.Series([values.time(seconds)]).cast(pl.Datetime("us")).dt.year().item() == year.year


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_fifty_levels_are_written_and_one_more_is_not():
    assert values.verbatim(nested(50)) == "[" * 50 + "]" * 50
    with pytest.raises(InvalidObject, match="more than 50 deep"):
        values.verbatim(nested(51))
    with pytest.raises(InvalidObject, match="twice"):
        values.verbatim([{"a": DuplicateField(b=1)}])


def test_json_is_written_in_ascii_with_sorted_keys():
    assert values.verbatim({"b": "é", "a": [True, None, values.InvalidNumber("1e999")]}) == (
        '{"a": [true, null, "1e999"], "b": "\\u00e9"}'
    )


@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        (values.flag, True, [1, 0, "true", None]),
        (values.text, "é", [1, None, ["a"]]),
        (values.texts, ["a", "é"], ["a", [1], [None], ("a",)]),
    ],
)
def test_a_value_of_another_type_is_not_read(function, right, wrong):
    assert function(right) == right
    assert [read(function, value) for value in wrong] == [WrongType] * len(wrong)


TYPE = ObjectType(
    "things",
    {"id": ("thing_id", values.identity), "count": ("count", values.number), "name": ("name", values.text)},
    {"thing": "id", "counted": "count"},
    frozenset({"name"}),
)


def test_an_alias_is_used_only_where_its_field_has_no_value_of_any_type():
    assert TYPE.read({"thing": 1, "count": "x", "counted": 2, "z": None, "y": 0}) == (
        ["1", None, None, '{"count": "x", "counted": 2, "y": 0}'],
        ["count"],
        [],
    )
    assert TYPE.read({"id": 5, "thing": 1}).row == ["5", None, None, '{"thing": 1}']
    assert TYPE.read({"thing": "x"}) == ([None, None, None, '{"thing": "x"}'], ["thing"], [])
    assert TYPE.read({"name": "\ud83d", "count": 1.5, "thing": []}) == (
        [None, None, "\ufffd", '{"count": 1.5, "thing": []}'],
        ["count", "thing"],
        ["name"],
    )


def test_fields_that_could_not_be_used_as_received_are_named_in_order():
    found = videos.VIDEO.read({"voice_to_text": "\ud83d", "username": "\ud83d", "title": 1, "region_code": 1})
    assert (found.retyped, found.mended) == (["region_code", "title"], ["username", "voice_to_text"])


def tally(*received):
    made = Tally(TYPE)
    for content in received:
        made.add(content, TYPE.read(content).retyped)
    return made


def test_undocumented_fields_are_listed_by_number_and_then_by_name():
    made = tally({"b": 1, "c": 1, "a": 1}, {"a": None, "b": 1, "c": 2, "id": 1}, {"d": None, "thing": 2})
    assert made.unknown() == [("b", 2), ("c", 2), ("a", 1)]


def test_each_field_has_its_number_its_share_and_how_often_it_was_of_another_type():
    rows = {
        row["field"]: row
        for row in fields([tally({"id": 1, "z": 1}, {"id": "x"}, {"id": None, "name": "n"})])
    }
    found = {
        name: (row["documented"], row["rows"], row["share"], row["retyped"]) for name, row in rows.items()
    }
    assert found == {
        "id": (True, 2, 0.666667, 1),
        "count": (True, 0, 0.0, 0),
        "name": (False, 1, 0.333333, 0),
        "z": (False, 1, 0.333333, 0),
    }
    assert {row["table"] for row in rows.values()} == {"things"}
    assert {row["share"] for row in fields([tally()])} == {None}


def observations(*rows):
    times = [SEEN + timedelta(seconds=seconds) for _, seconds, _ in rows]
    return pl.DataFrame(
        {
            "video_id": [name for name, _, _ in rows],
            "observed_at": times,
            "value": [value for *_, value in rows],
        }
    ).with_columns(day=pl.lit(date(2022, 12, 7)))


def chosen(folder, rows, frames):
    latest = Latest(folder, "video_id")
    whole = observations(*rows)
    for part in whole.iter_slices(-(-whole.height // frames)):
        latest.add(part)
    ((day, found),) = latest.days(latest.newest())
    assert day == date(2022, 12, 7)
    return dict(found.select("video_id", "value").iter_rows())


def test_the_latest_row_of_each_id_wins_and_of_equals_the_same_one_in_any_order(tmp_path):
    rows = [("b", 0, 9), ("a", 2, 1), ("a", 1, 7), ("b", 1, 3)]
    tied = [(f"c{name}", 5, value) for name in range(9) for value in range(5)]
    made = chosen(tmp_path / "0", [*rows, *tied], 1)
    assert (made.pop("a"), made.pop("b"), len(made)) == (1, 3, 9)
    assert {0, 4} < set(made.values()), "the choice has nothing to do with the value"
    for number, frames in enumerate((1, 6, 49)):
        turned = chosen(tmp_path / f"1{number}", [*tied[::-1], *rows[::-1]], frames)
        assert turned == {"a": 1, "b": 3, **made}


def test_days_come_in_order_with_their_own_videos():
    days = [datetime(2022, 12, day, hour, 59, tzinfo=UTC) for day, hour in ((9, 0), (7, 23), (8, 12), (7, 0))]
    rows = [video(id=ID + place, create_time=int(day.timestamp())) for place, day in enumerate(days)]
    found = tabulate([page(*rows)], Window(date(2022, 12, 7), date(2022, 12, 9))).videos
    assert [int(name) - ID for name in found["video_id"]] == [1, 3, 2, 0]


@pytest.mark.parametrize(
    ("moment", "is_in"),
    [
        (datetime(2022, 12, 6, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2022, 12, 7, tzinfo=UTC), True),
        (datetime(2022, 12, 9, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2022, 12, 10, tzinfo=UTC), False),
    ],
)
def test_the_first_and_the_last_day_belong_to_the_study_and_their_neighbours_do_not(moment, is_in):
    rows = [video(create_time=int(moment.timestamp()))]
    found = tabulate([page(*rows)], Window(date(2022, 12, 7), date(2022, 12, 9)))
    assert (found.videos.height, found.seen) == (is_in, 1)


def test_a_video_has_the_time_of_its_first_observation_and_their_number():
    later = [SEEN + timedelta(days=days) for days in (3, 0, 1)]
    pages = [
        page(video(view_count=views), observed_at=time) for views, time in zip((5, 9, 9), later, strict=True)
    ]
    (made,) = tabulate([*pages, pages[0]]).rows
    assert (made["first_observed_at"], made["observed_at"], made["observations"]) == (SEEN, later[0], 4)
    assert made["view_count"] == 5
    found = tabulate([*pages, pages[0]]).counts
    assert found.select("observed_at", "view_count").rows() == [(SEEN, 9), (later[2], 9), (later[0], 5)]


@pytest.mark.parametrize(
    "name", ["view_count", "like_count", "comment_count", "share_count", "favorites_count"]
)
def test_two_counts_at_one_time_that_differ_in_any_number_are_two_observations(name):
    made = tabulate([page(video(**{name: 1})), page(video(**{name: 2}))]).counts
    assert made[name].to_list() == [1, 2]


def test_each_way_to_have_no_id_or_no_time_is_named():
    found = tabulate(
        [
            page(
                {"create_time": CREATED},
                {"id": "x", "create_time": CREATED},
                {"id": 1},
                video(create_time="x"),
            )
        ]
    )
    assert found.rejects.select("position", "reason", "detail").rows() == [
        (0, "no_id", "it has no id"),
        (1, "no_id", "its id is of another type"),
        (2, "no_time", "it has no create_time"),
        (3, "no_time", "its create_time is of another type"),
    ]


@pytest.mark.parametrize(
    ("status", "reason"), [(399, None), (400, "user_refused"), (499, "user_refused"), (500, None)]
)
def test_only_a_client_error_is_a_refusal_of_a_user(status, reason):
    text = canonical({"error": {"message": "no"}, "data": {"video_count": 1}})
    made = tabulate([], of_users=[answer(text, status=status, username="a")]).users
    assert made.select("status", "reason", "accepted_despite_500").rows() == [
        ("unusable" if reason else "ok", reason, status == 500)
    ]


def test_a_refusal_without_a_message_has_the_status_as_its_detail():
    found = tabulate(
        [page(video())],
        of_comments=[answer("{}", status=403, video_id=ID)],
        of_users=[answer("<html>", status=404, username="a")],
    )
    assert found.users["detail"].to_list() == ["HTTP status 404"]
    assert found.rejects.select("reason", "detail").rows() == [("refused", "HTTP status 403")]


def test_rejects_are_sorted_by_each_column_and_counted(monkeypatch):
    monkeypatch.setattr(rejects_module, "_MAX_WAITING", 2)
    found = tabulate([page(7, video(view_count="x", share_count="y"), {}), answer("x"), page("y")])
    assert found.rejects.select("answer_key", "position", "reason", "detail").rows() == [
        ("v000000", 0, "not_an_object", "it is not a JSON object"),
        ("v000000", 1, "retyped", "share_count, view_count"),
        ("v000000", 2, "no_id", "it has no id"),
        ("v000001", None, "no_page", found.rejects["detail"][3]),
        ("v000002", 0, "not_an_object", "it is not a JSON object"),
    ]
    assert found.rejects["row"].to_list()[:3] == ["7", '{"share_count": "y", "view_count": "x"}', "{}"]


@pytest.mark.parametrize(
    ("rows", "characters", "sizes"),
    [
        (3, 99, [3]),
        (4, 99, [4]),
        (5, 99, [4, 1]),
        (8, 99, [4, 4]),
        (3, 1, [1, 1, 1]),
        (4, 2, [2, 2]),
        (5, 2, [2, 2, 1]),
    ],
)
def test_rows_are_handed_on_when_there_are_as_many_or_when_their_pages_are_longer(
    monkeypatch, rows, characters, sizes
):
    """`characters` is how many pages it takes to be too long."""
    pages = [page(video()) for _ in range(rows)]
    monkeypatch.setattr(row_buffer, "_MAX_ROWS", 4)
    monkeypatch.setattr(row_buffer, "_MAX_CHARACTERS", characters * len(pages[0].text) - 1)
    frames = []
    buffer = RowBuffer(videos.VIDEO, VIDEOS, (), Rejects(), frames.append)
    for number, one in enumerate(pages):
        keyed = KeyedPage(str(number), one)
        for received, row_values in buffer.read(keyed, lambda keyed: videos_of(keyed.page)):
            buffer.add(keyed, received, row_values, ())
    buffer.flush()
    assert [frame.height for frame in frames] == sizes


@pytest.mark.parametrize(
    ("tags", "ai", "paid"),
    [
        ([("aigc", 1), ("branded", 7)], "creator", "commission"),
        ([("aigc", 2), ("branded", 1)], "tiktok", "paid_partnership"),
        ([("aigc", 1), ("aigc", 2), ("branded", 7), ("branded", 1)], "both", "both"),
        ([("aigc", 7), ("branded", 2), ("other", 1)], None, None),
        ([("aigc", 1), ("aigc", 1), ("aigc", 7)], "creator", None),
    ],
)
def test_each_number_of_a_tag_has_its_own_meaning(tags, ai, paid):
    assert tag_labels([{"type": kind, "number": number} for kind, number in tags]) == (ai, paid)


def test_an_endpoint_is_its_path_without_its_prefix_and_question():
    assert endpoint_of(page(video())) == "video/query"
    assert [videos.DOCUMENTED] == ["video/query"]


def test_only_an_id_whose_digest_is_on_the_list_is_gone():
    gone = Gone(frozenset({sha256("a")}))
    assert ("a" in gone, "b" in gone, None in gone, "a" in Gone()) == (True, False, False, False)
    frame = pl.DataFrame({"username": ["a", "b", None], "n": [1, 2, 3]})
    ((day, found),) = gone.without_usernames([("day", frame)])
    assert (day, found.rows()) == ("day", [(None, 1), ("b", 2), (None, 3)])
