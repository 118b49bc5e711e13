"""Ids from the files that people have, and searches that can find each of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.collect.ids import batches, day_of, query_for, read_ids, second_look, video_id
from gettok.errors import BadInput
from gettok.settings.query import check_query
from sandbox.research_api.conditions import parse_condition

ID = "7213456789012345678"
OTHER = "7213456789012345681"
_FIRST = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp()) << 32
PLACEABLE = st.integers(_FIRST, 2**63 - 1).map(str)
ANY_ID = st.integers(0, 10**20 - 1).map(str)


def made(day: date, number: int = 0) -> str:
    """An id that was created at noon of a day."""
    return str((int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) << 32) + number)


@pytest.fixture
def written(tmp_path):
    """Read the ids of a file with this content."""

    def read(content: str | bytes):
        path = tmp_path / "ids.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_ids(path)

    return read


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f" {ID}\r\n",
        f"'{ID}",
        f'="{ID}"',
        f"\ufeff{ID}",
        f"https://www.tiktok.com/@user.1/video/{ID}",
        f"https://www.tiktok.com/@user.1/video/{ID}?is_from_webapp=1&sender_device=pc",
        f"https://www.tiktok.com/@_/video/{ID}/",
        f"https://www.tiktok.com/@/video/{ID}#comments",
        f"http://tiktok.com/@usér/photo/{ID}",
        f"www.tiktok.com/@user.1/video/{ID}",
        f"https://m.tiktok.com/v/{ID}.html",
        f"https://www.tiktok.com/share/video/{ID}",
        f"https://www.tiktokv.com/share/video/{ID}/",
        f"https://www.tiktokv.us/share/video/{ID}/",
        f"https://www.tiktok.com/embed/{ID}",
        f"https://www.tiktok.com/embed/v2/{ID}?lang=es",
        f"<https://www.tiktok.com/@user.1/video/{ID}>",
        f"HTTPS://WWW.TIKTOK.COM/@USER/VIDEO/{ID}",
    ],
)
def test_an_id_is_found_in_every_form_in_which_people_have_it(text):
    assert video_id(text) == ID


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("7.21345678901235E+18", "cut its last digits"),
        ("7,21345678901235E+18", "cut its last digits"),
        ("7.2E18", "cut its last digits"),
        ("7E+18", "cut its last digits"),
        ("7213456789012345856.0", "cut its last digits"),
        ("https://vm.tiktok.com/ZMabcdef1/", "short link"),
        ("vt.tiktok.com/ZSabcdef1", "short link"),
        ("https://www.tiktok.com/t/ZTabcdef1/", "short link"),
        ("https://www.tiktok.com/@user.1", "neither"),
        (f"https://www.tiktok.com/music/{ID}", "neither"),
        (f"https://evil.example/@u/video/{ID}", "neither"),
        (f"https://eviltiktok.com/@u/video/{ID}", "neither"),
        (f"https://www.tiktok.com/@u/video/{ID}9999", "neither"),
        (f"{ID} {OTHER}", "neither"),
        (f"{ID}\n{OTHER}", "neither"),
        ("1" * 21, "neither"),
        ("-7213456789012345678", "neither"),
        ("7213٣56789012345678", "neither"),
        ("3.5", "neither"),
        ("golpe", "neither"),
    ],
)
def test_what_names_no_video_is_refused_with_the_reason(text, why):
    with pytest.raises(ValueError, match=why):
        video_id(text)


@given(st.integers(10**18, 10**19 - 1).map(str))
def test_every_id_of_19_digits_comes_back_digit_for_digit(number):
    assert video_id(number) == number
    assert video_id(f"https://www.tiktok.com/@u/video/{number}") == number


@pytest.mark.parametrize(
    "content",
    [
        f"{ID}\n{OTHER}\n",
        f"{ID}\r\n{OTHER}",
        f"\r\n\r\n{ID}\r\n   \r\n{OTHER}\r\n",
        f"https://www.tiktok.com/@a/video/{ID}\nhttps://vm.tiktok.com/x\n{OTHER}\n",
        f"My list of videos\n{ID}\n{OTHER}\n",
        f"\ufeffid\n{ID}\n{OTHER}\n",
        f'video_id,description\n"{ID}","a, ""b""\nc"\n"{OTHER}",d\n',
        f"Nr;Video ID;url\n1;{ID};\n2;{OTHER};x\n",
        f"id,url\n1,https://www.tiktok.com/@a/video/{ID}\n2,https://www.tiktok.com/@a/video/{OTHER}\n",
        f"name\tseen\twhere\na\t10\t{ID}\nb\t12\t{OTHER}\n",
        f"a,2022-12-07,{ID}\nb,2022-12-08,{OTHER}\n",
        f"author_id,video_id\n7111111111111111111,{ID}\n7111111111111111112,{OTHER}\n",
        f"Sound ID;Video ID\n7111111111111111111;{ID}\n7111111111111111112;{OTHER}\n",
        f"LINK,id\nhttps://www.tiktok.com/@a/video/{ID},a\nhttps://www.tiktok.com/@a/video/{OTHER},b\n",
        f"caption,item_id\nCrème,'{ID}\nbrûlée,'{OTHER}\n".encode("latin-1"),
        f"id\r\n{ID}\r\n{OTHER}\r\n".encode("utf-16"),
    ],
)
def test_the_ids_are_found_in_every_kind_of_file(written, content):
    assert written(content).ids == (ID, OTHER)


def test_a_named_column_is_believed_even_where_its_ids_do_not_look_like_ids(written):
    found = written("\ufeffid\n123\n456\n")
    assert (found.ids, found.refused) == (("123", "456"), ())


def test_ids_keep_their_order_and_appear_once_and_every_cell_is_accounted_for(written):
    found = written(f"{OTHER}\n{ID}\nhttps://www.tiktok.com/@u/video/{OTHER}\nx\n\n{ID}\n")
    assert found.ids == (OTHER, ID)
    assert found.repeated == 2
    assert [(refused.line, refused.text) for refused in found.refused] == [(4, "x")]


def test_a_refused_line_has_its_number_in_the_file_and_its_reason(written):
    found = written(f'url,note\n{ID},"two\nlines"\n\nhttps://vm.tiktok.com/ZM1/,\n7.2E+18,\n')
    assert found.ids == (ID,)
    assert [(refused.line, refused.text) for refused in found.refused] == [
        (5, "https://vm.tiktok.com/ZM1/"),
        (6, "7.2E+18"),
    ]
    assert "line 6: '7.2E+18' was turned into a number by a spreadsheet" in str(found.refused[1])


def test_a_short_link_in_the_first_line_is_not_a_header(written):
    found = written(f"https://vm.tiktok.com/ZMabc/\n{ID}\n{OTHER}\n")
    assert [refused.line for refused in found.refused] == [1]


def test_a_quote_that_never_ends_swallows_no_id_in_silence(written):
    found = written(f'{ID}\n"{OTHER}\n{ID}\n{OTHER}\n')
    assert found.ids == (ID,)
    assert len(found.refused) == 1
    assert found.refused[0].text.startswith(OTHER)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no video id"),
        ("\n\n", "has no video id"),
        ("id\n", "has no video id"),
        ("golpe\nparo\n", "line 1: 'golpe' is neither"),
        ("id\n7.2E+18\n7.3E+18\n", r"line 2: '7\.2E\+18' was turned into a number"),
        ("name,thing\na,7.2E+18\nb,7.3E+18\n", r"line 2: '7\.2E\+18' was turned into a number"),
        (b"PK\x03\x04\x00\x00\xff\xfe binary", "has no video id"),
        ("7213456789012340000\n7213456789012350000\n" + ID, "rounded them"),
        ('"' + "x" * 200_000, "cannot be read"),
    ],
)
def test_a_file_without_ids_is_reported_in_three_parts(written, content, message):
    with pytest.raises(BadInput, match=message) as error:
        written(content)
    assert error.value.exit_code == 66
    assert "source.file" in error.value.can


def test_an_ids_file_that_does_not_exist_is_reported(tmp_path):
    with pytest.raises(BadInput, match=r"none\.csv cannot be read"):
        read_ids(tmp_path / "none.csv")


def test_one_id_that_happens_to_end_in_zeros_is_an_id(written):
    assert written("7213456789012340000").ids == ("7213456789012340000",)


@given(st.lists(ANY_ID, max_size=300))
@pytest.mark.parametrize("look", [batches, second_look])
def test_every_id_is_in_one_batch_or_named_as_unplaceable(look, ids):
    placed = look(ids)
    asked = [name for batch in placed.batches for name in batch.ids]
    assert sorted([*asked, *placed.unplaceable]) == sorted(set(ids))


@given(st.lists(PLACEABLE, min_size=1, max_size=50), st.integers(0, 40), st.integers(1, 2**41))
@pytest.mark.parametrize(("look", "late"), [(batches, 5), (second_look, 20)])
def test_a_batch_is_a_search_that_the_api_takes_and_finds_late_publication_in(look, late, ids, crowd, apart):
    ids += [
        str(int(ids[0]) + number * apart) for number in range(crowd) if int(ids[0]) + number * apart < 2**63
    ]
    placed = look(ids)
    assert placed.unplaceable == ()
    for batch in placed.batches:
        assert 1 <= len(batch.ids) <= 100
        assert (batch.window.end - batch.window.start).days == 30  # 31 calendar days, the most there may be
        for name in batch.ids:
            assert batch.window.start <= day_of(name)
            assert day_of(name) + timedelta(days=late) <= batch.window.end


def test_the_first_look_begins_a_day_early_and_the_second_on_the_day():
    name = made(date(2022, 12, 7))
    assert str(batches([name]).batches[0].window) == "2022-12-06_2023-01-05"
    assert str(second_look([name]).batches[0].window) == "2022-12-07_2023-01-06"


def test_a_search_takes_25_days_of_ids_and_the_second_look_10():
    start = date(2022, 11, 20)
    ids = [made(start + timedelta(days=days)) for days in range(102)]
    assert [len(batch.ids) for batch in batches(ids).batches] == [25, 25, 25, 25, 2]
    assert [len(batch.ids) for batch in second_look(ids).batches] == [10] * 10 + [2]


def test_a_search_takes_a_hundred_ids():
    ids = [made(date(2022, 12, 7), number) for number in range(201)]
    placed = batches(reversed(ids))
    assert [len(batch.ids) for batch in placed.batches] == [100, 100, 1]
    assert [name for batch in placed.batches for name in batch.ids] == ids


@pytest.mark.parametrize(
    "name", ["0", "12345", str(_FIRST - 1), str(2**63), "9" * 20, made(date(2015, 12, 31))]
)
def test_an_id_whose_time_cannot_be_is_unplaceable(name):
    assert batches([name, ID]).unplaceable == (name,)
    assert batches([name, ID]).batches[0].ids == (ID,)


def test_unplaceable_ids_are_named_in_the_order_of_their_numbers():
    assert batches(["30", "20", "5"]).unplaceable == ("5", "20", "30")


@pytest.mark.parametrize(("look", "start"), [(batches, date(2023, 1, 31)), (second_look, date(2023, 2, 1))])
def test_a_known_day_of_publication_decides_over_the_id_s_own(look, start):
    published = date(2023, 2, 1)
    early, late = made(date(2022, 12, 7)), made(published, 1)
    placed = look([late, early, "12345"], {early: published, "12345": published})
    assert placed.unplaceable == ()
    assert [(batch.window.start, batch.ids) for batch in placed.batches] == [(start, ("12345", early, late))]


def test_the_query_for_ids_is_one_that_the_api_takes():
    query = query_for([OTHER, ID])
    check_query(query)
    assert parse_condition(query["and"][0]).values == (ID, OTHER)
    assert query == {
        "and": [{"field_name": "video_id", "operation": "IN", "field_values": [ID, OTHER]}],
    }


def test_a_long_list_is_read_and_placed(tmp_path):
    path = tmp_path / "ids.txt"
    ids = [str(_FIRST + number * 2**38 + 7) for number in range(20_000)]
    path.write_text("\n".join(ids), "utf-8")
    found = read_ids(path)
    assert found.ids == tuple(ids)
    assert sum(len(batch.ids) for batch in batches(found.ids).batches) == len(ids)
