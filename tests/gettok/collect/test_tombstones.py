"""The lists of rounds and tombstones: what they contain, and that damaged ones are refused."""

from datetime import date

import pytest

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import BadInput


def test_a_tombstone_is_a_hash_and_not_the_id(tmp_path):
    lists = RefreshLists(tmp_path)
    lists.add(line("2023-03-30T12:00:00Z"), [sha256("7213456789012345678")])
    text = (tmp_path / "tombstones.csv").read_text()
    assert "7213456789012345678" not in text
    assert lists.gone() == {sha256("7213456789012345678")}
    assert lists.rounds("sandbox") == ["2023-03-30T12:00:00Z"]
    assert lists.rounds("tiktok") == []


def test_noting_a_round_again_changes_no_byte(tmp_path):
    lists = RefreshLists(tmp_path)
    lists.add(line("2023-04-30T12:00:00Z"), [sha256("2"), sha256("1")])
    lists.add(line("2023-03-30T12:00:00Z"), [sha256("1"), sha256("3")])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    lists.add(line("2023-04-30T12:00:00Z"), [sha256("1"), sha256("2")])
    lists.add(line("2023-03-30T12:00:00Z"), [sha256("1"), sha256("3")])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert lists.rounds("sandbox") == ["2023-03-30T12:00:00Z", "2023-04-30T12:00:00Z"]
    assert len(lists.gone()) == 3


@pytest.mark.parametrize("name", ["refreshes.csv", "tombstones.csv"])
@pytest.mark.parametrize("damage", ["cut", "a_column_less", "a_cell_more", "no_csv", "not_utf8"])
def test_a_list_that_was_damaged_by_hand_is_refused_and_left_alone(tmp_path, name, damage):
    lists = RefreshLists(tmp_path)
    lists.add(line("2023-03-30T12:00:00Z"), [sha256("1")])
    path = tmp_path / name
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        {
            "cut": rows[0] + rows[1][: len(rows[1]) // 4],
            "a_column_less": rows[0].partition(b",")[2] + rows[1].partition(b",")[2],
            "a_cell_more": rows[0] + rows[1].strip() + b",more\n",
            "no_csv": b"<<<<<<< HEAD\n" + rows[0] + rows[1],
            "not_utf8": rows[0] + b"\xff\xfe" + rows[1],
        }[damage]
    )
    others = {other: other.read_bytes() for other in tmp_path.iterdir()}
    with pytest.raises(BadInput, match=name):
        lists.add(line("2023-04-30T12:00:00Z"), [sha256("2")])
    assert {other: other.read_bytes() for other in tmp_path.iterdir()} == others


def test_lists_that_are_not_there_are_empty(tmp_path):
    assert RefreshLists(tmp_path).gone() == set()
    assert RefreshLists(tmp_path).rounds("sandbox") == []


def test_an_erasure_is_a_tombstone_with_its_day_that_replaces_one_of_a_refresh(tmp_path):
    lists = RefreshLists(tmp_path)
    lists.add(line("2023-03-30T12:00:00Z"), [sha256("1"), sha256("2")])
    lists.erase([sha256("2"), sha256("3")], date(2026, 12, 1))
    assert lists.gone() == {sha256("1"), sha256("2"), sha256("3")}
    assert lists.erased() == {sha256("2"), sha256("3")}
    text = (tmp_path / "tombstones.csv").read_text()
    assert text.splitlines()[1:] == [
        f"{sha256('1')},2023-03-30T12:00:00Z,sandbox,ids",
        *sorted(f"{sha256(name)},2026-12-01,,erasure" for name in "23"),
    ]
    assert lists.rounds("sandbox") == ["2023-03-30T12:00:00Z"]


def test_erasing_again_and_refreshing_afterwards_change_no_tombstone(tmp_path):
    lists = RefreshLists(tmp_path, "user")
    lists.erase([sha256("1")], date(2026, 12, 1))
    before = (tmp_path / "user_tombstones.csv").read_bytes()
    lists.erase([sha256("1")], date(2026, 12, 24))
    lists.add(line("2027-01-30T12:00:00Z"), [sha256("1")])
    assert (tmp_path / "user_tombstones.csv").read_bytes() == before
    lists.erase([], date(2026, 12, 24))
    assert lists.erased() == {sha256("1")}


def line(name: str) -> dict[str, str]:
    return {
        "round": name,
        "source": "sandbox",
        "method": "ids",
        "asked": "3",
        "confirmed": "2",
        "missing": "1",
    }
