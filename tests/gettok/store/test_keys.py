"""Keys depend on everything that an answer depends on, and on nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.step import canonical
from gettok.store import Key

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OBJECT = st.dictionaries(st.text(max_size=5), _JSON, max_size=4)


@given(_JSON)
def test_canonical_json_gives_the_value_back_even_with_lone_surrogates(value):
    assert json.loads(canonical(value)) == value
    assert canonical(value).isascii()


@given(_OBJECT, _OBJECT)
def test_the_order_of_settings_and_inputs_does_not_change_a_key(settings, inputs):
    backwards = (
        {name: settings[name] for name in reversed(settings)},
        {n: inputs[n] for n in reversed(inputs)},
    )
    assert Key.of("describe", 1, settings, inputs) == Key.of("describe", 1, *backwards)


@given(_OBJECT, _OBJECT, _OBJECT)
def test_different_inputs_or_settings_never_share_a_key(settings, inputs, others):
    key = Key.of("describe", 1, settings, inputs)
    if canonical(inputs) != canonical(others):
        assert Key.of("describe", 1, settings, others).digest != key.digest
    if canonical(settings) != canonical(others):
        assert Key.of("describe", 1, others, inputs).digest != key.digest


@given(_OBJECT, _OBJECT)
def test_another_stage_or_version_gives_another_key(settings, inputs):
    variants = [("describe", 1), ("describe", 2), ("transcribe", 1)]
    assert len({Key.of(stage, version, settings, inputs).digest for stage, version in variants}) == 3


@given(_OBJECT, _OBJECT, _OBJECT)
def test_answers_of_one_setting_share_a_scope(settings, inputs, others):
    assert Key.of("describe", 1, settings, inputs).scope == Key.of("describe", 1, settings, others).scope


def test_texts_that_could_be_confused_give_different_keys():
    assert Key.of("s", 1, {}, {"a": "1"}) != Key.of("s", 1, {}, {"a": 1})
    assert Key.of("s", 1, {"a": {"b": 1}}, {}) != Key.of("s", 1, {"a": '{"b":1}'}, {})


def test_a_number_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
