"""Members of a list in a JSON text: found where they are, and replaced without a change of anything else."""

import json

import pytest

from gettok.http.json_elements import elements_at, replaced

ODD = '{ "other" : [1, {"videos": [9]}] ,\n "data":{"n": NaN,"videos" : [ {"id":1, "x": 1.50} ,2,"a,]"], "m": 9}}'


def test_each_member_is_found_with_its_place_and_its_value():
    elements = elements_at(ODD, ("data", "videos"))
    assert [ODD[element.start : element.end] for element in elements] == ['{"id":1, "x": 1.50}', "2", '"a,]"']
    assert [element.value for element in elements] == [{"id": "1", "x": "1.50"}, "2", "a,]"]


def test_of_an_object_that_has_the_key_twice_both_lists_are_found():
    text = '{"data": {"videos": [1], "videos": [2, 3]}, "data": {"videos": [4]}}'
    assert [element.value for element in elements_at(text, ("data", "videos"))] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "7",
        '{"data": null}',
        '{"data": []}',
        '{"data": {"videos": {}}}',
        '{"data": {"videos": []}}',
    ],
)
def test_a_text_without_such_a_list_has_no_members(text):
    assert elements_at(text, ("data", "videos")) == []


def test_a_number_of_thousands_of_digits_is_read():
    (element,) = elements_at(f'{{"data": [{"9" * 5000}]}}', ("data",))
    assert element.value == "9" * 5000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        '{"data"',
        '{"data": {"videos": [',
        '{"data": {"videos": [1 2]}}',
        '{"data" 1}',
        '{"data": 1 "b": 2}',
        '{"data": {"videos": [' + "[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        elements_at(text, ("data", "videos"))


def test_replacing_leaves_every_other_character():
    first, _, last = elements_at(ODD, ("data", "videos"))
    text = replaced(ODD, [first, last], ["null", "[]"])
    assert text == ODD.replace('{"id":1, "x": 1.50}', "null").replace('"a,]"', "[]")
    assert json.loads(text)["data"]["videos"] == [None, 2, []]
    assert replaced(ODD, [], []) == ODD
