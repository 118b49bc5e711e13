"""Settings are refused at the border, by the name of the key, before anything is spent."""

from typing import Any

import pytest
import yaml

from gettok.errors import BadSettings
from gettok.regions import REGION_CODES
from gettok.settings import check, load, select


def put(params: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        params = params[part]
    params[last] = value


def test_the_demo_s_settings_are_right(params):
    assert check(params, "params.yaml").study.name == "demo"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("study.colour", "red"),  # unknown
        ("frames.stride", "300"),  # wrong type
        ("frames.stride", 0),
        ("frames.stride", True),
        ("frames.jpeg_quality", 101),
        ("study.start", "2023-04-01"),  # after the end
        ("study.start", 20221120),
        ("study.end", "2022-02-30"),
        ("study.query.regions", ["pe"]),
        ("study.query.regions", ["UK"]),
        ("study.query.hashtags", ["#Castillo"]),
        ("study.query.keywords", ["Castillo", "Castillo"]),
        ("study.stance.labels", []),
        ("study.stance.labels", ["support"]),
        ("study.stance.labels", ["support", "support"]),
        ("source.window_days", 32),
        ("asr.language", "Spanish"),
        ("llm.prices.input_usd_per_million", -1.0),
        ("release.form", "everything"),
    ],
)
def test_f22_a_wrong_value_is_refused_by_the_name_of_its_key(params, key, value):
    put(params, key, value)
    with pytest.raises(BadSettings) as refused:
        check(params, "params.yaml")
    named = key.rpartition(".")[0] if key in ("study.start", "study.end") else key
    assert named in refused.value.what
    assert refused.value.exit_code == 78


@pytest.mark.parametrize("key", ["frames.stride", "study.stance", "llm.prices", "conf_digest"])
def test_f22_a_missing_key_is_refused_by_its_name(params, key):
    *path, last = key.split(".")
    part = params
    for name in path:
        part = part[name]
    del part[last]
    with pytest.raises(BadSettings, match=key):
        check(params, "params.yaml")


def test_f22_a_query_that_asks_for_nothing_is_refused(params):
    params["study"]["query"].update(keywords=[], hashtags=[])
    with pytest.raises(BadSettings, match=r"study\.query: needs at least one keyword or hashtag"):
        check(params, "params.yaml")


@pytest.mark.parametrize("region", sorted(REGION_CODES))
def test_f20_a_quoted_region_is_taken_and_what_yaml_makes_of_an_unquoted_one_is_not(params, region):
    params["study"]["query"]["regions"] = [region]
    assert check(params, "params.yaml").study.query.regions == (region,)
    if not isinstance(misread := yaml.safe_load(region), str):
        params["study"]["query"]["regions"] = [misread]
        with pytest.raises(BadSettings, match=r"study\.query\.regions"):
            check(params, "params.yaml")


@pytest.mark.parametrize("plain", ["1e5", "0123", "12:30:00", "yes", "2022-12-07", "~"])
def test_f20_an_unquoted_tag_that_yaml_takes_for_something_else_is_refused(params, plain):
    read = yaml.safe_load(f"[{plain}]")
    params["study"]["query"]["hashtags"] = read
    if isinstance(read[0], str):
        assert check(params, "params.yaml").study.query.hashtags == (plain,)
    else:
        with pytest.raises(BadSettings, match=r"study\.query\.hashtags"):
            check(params, "params.yaml")


def test_every_wrong_key_is_named_at_once(params):
    params["frames"]["stride"] = -1
    params["llm"]["model"] = ""
    with pytest.raises(BadSettings, match=r"frames\.stride.*llm\.model"):
        check(params, "params.yaml")


def test_a_file_that_is_no_yaml_is_told(tmp_path):
    (tmp_path / "params.yaml").write_text("study: [", "utf-8")
    with pytest.raises(BadSettings, match="cannot be read"):
        load(tmp_path / "params.yaml")


def test_a_stage_can_read_only_what_it_declares(params):
    part = select(check(params, "params.yaml"), ["study.query", "llm"])
    assert part.llm.votes == 1
    assert part.study.query.regions == ("PE",)
    with pytest.raises(AttributeError):
        _ = part.study.start
    with pytest.raises(AttributeError):
        _ = part.frames
