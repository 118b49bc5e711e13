"""A stage, which knows only params.yaml, names the file under `conf/` that has the wrong value."""

import shutil

import pytest
import yaml
from root import ROOT

from gettok.errors import BadSettings
from gettok.settings import load


@pytest.fixture
def composed(tmp_path, params):
    """A folder with `conf/`, and a function that checks a params.yaml beside it after a change to both."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("__pycache__"))

    def refusal(old, new, change):
        study = tmp_path / "conf" / "study" / "demo.yaml"
        before, found, after = study.read_text("utf-8").partition(old)
        study.write_text(before + new + after if found else before, "utf-8")
        change(params)
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
        with pytest.raises(BadSettings) as refused:
            load(tmp_path / "params.yaml")
        return refused.value.what, f"conf/study/demo.yaml, line {before.count(chr(10)) + 1}"

    return refusal


def test_an_unknown_key_is_named_with_its_file_line_and_the_nearest_key(composed):
    def change(params):
        params["study"]["titel"] = "A title"

    what, place = composed("title:", 'titel: "A title"\ntitle:', change)
    assert f"study.titel ({place}): there is no such key; did you mean study.title?" in what


@pytest.mark.parametrize(("written", "read"), [("NO", False), ("1e3", 1000.0), ("0123", 83), ("2022", 2022)])
def test_a_text_without_quotes_is_named_as_it_is_written(composed, written, read):
    def change(params):
        params["study"]["stance"]["target"] = read

    what, place = composed('"Pedro Castillo as President of Peru"', written, change)
    assert f"study.stance.target ({place}): must be text, and {written} without quotes" in what
    assert what.endswith(f'quote it, as in "{written}"')


def test_a_value_that_no_file_has_is_named_without_a_file(composed):
    def change(params):
        params["study"]["title"] = 7

    what, _ = composed("no such text", "", change)
    assert what.endswith('study.title: must be text, and 7 without quotes is a number: quote it, as in "7"')


def test_a_value_that_several_files_have_is_named_with_each_of_them(composed):
    def change(params):
        params["llm"]["max_tokens"] = 800
        params["llm"]["votes"] = "all"
        params["source"]["window_days"] = 30.0

    what, _ = composed("no such text", "", change)
    line = what.splitlines()[1]
    assert "conf/source/sandbox.yaml, line 13 or conf/source/tiktok.yaml, line 6" in line
