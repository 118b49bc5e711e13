"""A guard gives the type that the caller expects, whatever a host puts under a key."""

import pytest

from gettok.http.json_guards import (
    require_mapping,
    to_list,
    to_mapping,
    to_mappings,
    to_text,
    to_texts,
)
from gettok.step import Json

OTHERS: list[Json] = [None, True, 0, 1.5, "text", [], {}, [{}], {"a": []}]


@pytest.mark.parametrize("value", OTHERS)
def test_a_guard_gives_the_value_of_its_type_or_an_empty_one(value: Json) -> None:
    assert to_mapping(value) == (value if type(value) is dict else {})
    assert to_list(value) == (value if type(value) is list else [])
    assert to_text(value) == (value if type(value) is str else None)


def test_members_of_another_type_are_left_out() -> None:
    mixed: Json = [{"a": 1}, None, "text", "", 3, [{}], {}]
    assert to_mappings(mixed) == [{"a": 1}, {}]
    assert to_texts(mixed) == ["text"]
    assert to_mappings({"a": 1}) == to_mappings("text") == to_mappings(None) == []
    assert to_texts("text") == to_texts({"a": "text"}) == to_texts(None) == []


@pytest.mark.parametrize("value", [value for value in OTHERS if not isinstance(value, dict)])
def test_an_object_that_is_required_is_never_made_up(value: Json) -> None:
    assert require_mapping({"a": 1}) == {"a": 1}
    with pytest.raises(TypeError, match="not a JSON object"):
        require_mapping(value)
