"""What DVC writes is read as it was meant, and a file that is not YAML is refused with the cause."""

import pytest
import yaml
from dvc.utils.serialize import dumps_yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gettok.errors import BadSettings
from gettok.settings import check, load
from gettok.settings.yaml_file import parse_yaml

WORDS = ("yes", "no", "NO", "on", "Off", "y", "n", "true", "null", "~", "", "=", "<<")
AS_TEXT = ("12:30", "1:30:00.5", "1e3", "1e-05", "010", "0o17", "0x1f", "0b11", "1_000", ".5", "-1", ".nan")


@pytest.mark.parametrize(
    "value",
    [
        *WORDS,
        *AS_TEXT,
        "2022-12-07",
        True,
        False,
        None,
        0,
        7,
        -12,
        0.5,
        1e-05,
        2e22,
        1.5e-7,
        float("inf"),
    ],
)
def test_a_value_comes_back_as_dvc_wrote_it(value):
    read = parse_yaml(dumps_yaml({"a": [value]}))
    assert read == {"a": [value]}
    assert type(read["a"][0]) is type(value)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("yesnoYNTtruef0123456789:.eE+-_ñ "), st.lists
    )
)
@example(["yes", {"no": "on"}])
def test_whatever_dvc_writes_comes_back(value):
    assert parse_yaml(dumps_yaml({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    "value", [*WORDS, "12:30", "010", "0x1f", "1_000", "2022-12-07", True, 7, 0.5, 1e-05, None]
)
def test_what_pyyaml_writes_comes_back_too(value):
    assert parse_yaml(yaml.safe_dump({"a": value})) == {"a": value}


def test_the_settings_of_an_experiment_are_those_that_were_composed(params, tmp_path):
    """`dvc exp run` writes `params.yaml` itself, with the labels of a variable of the kind `yes_no` unquoted."""
    file = tmp_path / "params.yaml"
    file.write_text(dumps_yaml(params), "utf-8")
    assert "label: yes\n" in file.read_text("utf-8")
    assert load(file) == check(params, "composed")


def test_a_broken_file_is_an_error():
    with pytest.raises(yaml.YAMLError):
        parse_yaml("a: [")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"study: [", "is not YAML: line 2: did not find"),
        (
            b"llm: {votes: 1,\n votes: 3}",
            "is not YAML: line 2: found duplicate key votes; delete one of the two",
        ),
        (b"\xff", "is not UTF-8"),
        (b"", "has no settings"),
        (b"- a", "has no settings"),
    ],
)
def test_a_file_without_settings_is_reported_with_what_writes_it_anew(tmp_path, content, wrong):
    file = tmp_path / "params.yaml"
    file.write_bytes(content)
    with pytest.raises(BadSettings) as refused:
        load(file)
    assert refused.value.what.startswith(f"{file} {wrong}")
    assert "`gettok compose`, which writes it anew" in refused.value.can


def test_a_missing_file_and_a_folder_in_its_place_are_told_apart(tmp_path):
    with pytest.raises(BadSettings, match=r"^there is no "):
        load(tmp_path / "params.yaml")
    with pytest.raises(BadSettings, match=" is a folder: move it away"):
        load(tmp_path)
