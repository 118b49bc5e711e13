"""Wrong settings are refused by the name of their key, before anything is spent."""

import re
from string import ascii_uppercase
from typing import Any

import pytest
import yaml
from root import ROOT
from whisperx.utils import LANGUAGES

from gettok.errors import BadSettings
from gettok.settings import Settings, check, select
from gettok.settings.regions import REGION_CODES
from gettok.settings.registries import (
    ASR_BACKENDS,
    DOWNLOAD_BACKENDS,
    EMBEDDERS,
    FRAME_BACKENDS,
    OCR_BACKENDS,
)
from gettok.settings.roles import results_only

#: Keys that are wrong only beside another, so that their section is named.
_TOGETHER = {"study.start", "study.end", "source.file", "collect.reserve"}


def put(params: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        params = params[part]
    params[last] = value


def test_the_demo_s_settings_are_valid(params):
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
        ("study.query.all.regions", ["pe"]),
        ("study.query.none.regions", ["UK"]),
        ("study.query.any.hashtags", ["#Castillo"]),
        ("study.query.any.hashtags", [" "]),
        ("study.query.any.keywords", ["Castillo", "Castillo"]),
        ("study.query.any.keywords", [""]),
        ("study.query.any.keywords", "Castillo"),
        ("study.query.any.keyword", ["Castillo"]),  # unknown: it is `keywords`
        ("study.query.any.usernames", ["@castillo"]),
        ("study.query.all.music", [7213456789012345678]),
        ("study.query.all.effects", ["12a"]),
        ("study.query.all.lengths", ["short"]),
        ("study.query.regions", ["PE"]),  # regions belong under any, all or none
        ("study.query.any", None),
        ("study.stance.labels", []),
        ("study.stance.labels", ["support"]),
        ("study.stance.labels", ["support", "support"]),
        ("source.window_days", 32),
        ("source.kind", "research"),
        ("source.file", "inputs/collect/ids.csv"),  # and no source that reads one
        ("collect.requests_per_day", 0),
        ("collect.reserve", 1000),  # nothing left to search with
        ("collect.users", {}),
        ("collect.comments", {"per_video": 100}),
        ("collect.comments", True),
        ("collect.failure_share", 1.1),
        ("collect.on_quota", "sleep"),
        ("collect.patience_days", -1),
        ("collect.canary", [" "]),
        ("report.hashtags", True),
        ("asr.language", "Spanish"),
        ("prompt_injection", False),  # an unquoted off
        ("prompt_injection.videos", 0),
        ("prompt_injection.instructions", []),
        ("prompt_injection.instructions", ["answer support"]),  # no {label}
        ("prompt_injection.control_texts", [" "]),
        ("ocr.backend", False),  # an unquoted off
        ("ocr.min_confidence", 1.1),
        ("ocr.max_concurrency", 0),
        ("llm.prices.input_usd_per_million", -1.0),
        ("llm.confidence", "logits"),
        ("llm.extra_models", [{"model": "b"}]),
        ("release.form", "everything"),
        ("release.smallest_group", 0),
        ("terms.refresh_days", 0),
        ("terms.forms", ["full"]),
    ],
)
def test_f22_a_wrong_value_is_refused_by_the_name_of_its_key(params, key, value):
    put(params, key, value)
    with pytest.raises(BadSettings) as refused:
        check(params, "params.yaml")
    named = key.rpartition(".")[0] if key in _TOGETHER else key
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


@pytest.mark.parametrize("first", ascii_uppercase)
def test_f20_a_region_is_taken_only_quoted_and_only_from_the_closed_list(params, first):
    terms = params["study"]["query"]["all"]
    for region in (first + second for second in ascii_uppercase):
        terms["regions"] = yaml.safe_load(f'["{region}"]')
        if region in REGION_CODES:
            assert check(params, "params.yaml").study.query.all.regions == (region,)
        else:
            refused(params, r"study\.query\.all\.regions")
        if not isinstance(misread := yaml.safe_load(region), str):
            terms["regions"] = [misread]
            refused(params, r"study\.query\.all\.regions")


def refused(params: dict[str, Any], match: str) -> None:
    with pytest.raises(BadSettings, match=match):
        check(params, "params.yaml")


def test_f20_norway_and_its_like_are_among_the_regions_that_yaml_misreads():
    assert {region for region in REGION_CODES if not isinstance(yaml.safe_load(region), str)} == {"NO"}


@pytest.mark.parametrize("plain", ["1e5", "0123", "12:30:00", "yes", "2022-12-07", "~"])
@pytest.mark.parametrize("terms", ["keywords", "hashtags", "usernames"])
def test_f20_an_unquoted_text_that_yaml_takes_for_something_else_is_refused(params, terms, plain):
    read = yaml.safe_load(f"[{plain}]")
    params["study"]["query"]["any"][terms] = read
    if isinstance(read[0], str):
        assert getattr(check(params, "params.yaml").study.query.any, terms) == (plain,)
    else:
        with pytest.raises(BadSettings, match=rf"study\.query\.any\.{terms}"):
            check(params, "params.yaml")


def test_every_language_that_whisper_knows_may_be_set(params):
    for code in LANGUAGES:
        params["asr"]["language"] = code
        assert check(params, "params.yaml").asr.language == code


@pytest.mark.parametrize("code", ["es-PE", "ES", "spa"])
def test_the_code_of_a_language_is_the_one_that_speech_models_know(params, code):
    params["asr"]["language"] = code
    refused(params, rf"asr\.language: '{code}' is not .*; did you mean 'es'\?")


def test_the_quota_s_parts_may_take_all_but_one_request(params):
    params["collect"].update(reserve=20, comments={"per_video": 50, "requests_per_day": 979}, users=None)
    assert check(params, "params.yaml").collect.comments.per_video == 50
    params["collect"]["users"] = {"requests_per_day": 1}
    with pytest.raises(BadSettings, match="none are left to search with"):
        check(params, "params.yaml")


@pytest.mark.parametrize("part", ["ocr", "prompt_injection"])
def test_an_optional_part_must_be_named_as_null(params, part):
    params[part] = None
    assert getattr(check(params, "params.yaml"), part) is None
    del params[part]
    with pytest.raises(BadSettings, match=part):
        check(params, "params.yaml")


@pytest.mark.parametrize("kind", ["ids", "zeeschuimer"])
def test_a_source_that_reads_a_file_names_it(params, kind):
    params["source"].update(kind=kind, file="inputs/mine.txt")
    assert check(params, "params.yaml").source.file == "inputs/mine.txt"
    params["source"]["file"] = None
    with pytest.raises(BadSettings, match=f"kind {kind} reads a file"):
        check(params, "params.yaml")


def test_a_name_that_is_not_in_a_registry_is_refused_with_those_that_are(params):
    params["download"]["backend"] = "aria2"
    params["engine"]["name"] = "cluster"
    with pytest.raises(
        BadSettings, match=r"download\.backend: must be one of page, .*\(it is 'aria2'\)"
    ) as error:
        check(params, "params.yaml")
    assert "engine.name: must be one of local, ray (it is 'cluster')" in str(error.value)


@pytest.mark.parametrize(
    ("group", "package", "registry"),
    [
        ("download", "download/backends", DOWNLOAD_BACKENDS),
        ("frames", "frames/backends", FRAME_BACKENDS),
        ("asr", "speech/backends", ASR_BACKENDS),
        ("ocr", "ocr/backends", OCR_BACKENDS),
        ("embedder", "text/embedders", EMBEDDERS),
    ],
)
def test_every_implementation_has_a_line_in_its_registry_and_is_named_in_conf(group, package, registry):
    modules = {file.stem for file in (ROOT / "src" / "gettok" / package).glob("[!_]*.py")}
    assert modules == {implementation.module for implementation in registry.values()}
    said = " ".join(file.read_text("utf-8") for file in (ROOT / "conf" / group).glob("*.yaml"))
    assert [name for name in registry if name not in re.findall(r"\w+", said)] == []


def test_every_wrong_key_is_named_at_once(params):
    params["frames"]["stride"] = -1
    params["llm"]["model"] = ""
    with pytest.raises(BadSettings, match=r"(?s)frames\.stride.*llm\.model"):
        check(params, "params.yaml")


def test_a_stage_can_read_only_what_it_declares(params):
    part = select(check(params, "params.yaml"), ["study.query", "llm"])
    assert part.llm.votes == 1
    assert part.study.query.all.regions == ("PE",)
    assert part.study.query.none.given() == {}
    with pytest.raises(AttributeError):
        _ = part.study.start
    with pytest.raises(AttributeError):
        _ = part.frames


def test_nothing_above_the_query_s_terms_has_a_default_that_a_selection_would_fill_in():
    waiting: list[Any] = [Settings]
    seen = []
    while waiting:
        for name, field in waiting.pop().model_fields.items():
            seen.append(name)
            assert field.is_required(), name
            if name != "query" and hasattr(field.annotation, "model_fields"):
                waiting.append(field.annotation)
    assert {"study", "query", "prices", "target"} <= set(seen)


@pytest.mark.parametrize(("section", "key"), [("asr", "model"), ("llm", "base_url"), ("embedder", "kind")])
def test_a_value_that_a_base_leaves_open_stops_before_anything_is_spent(params, section, key):
    params[section][key] = "???"
    with pytest.raises(BadSettings, match=rf"{section}\.{key}: must be set") as refused:
        check(params, "conf/")
    assert "Input should be" not in str(refused.value)


def test_f50_a_password_in_an_address_is_refused_and_not_repeated(params):
    params["llm"]["base_url"] = "http://someone:s3cret@host/v1"
    with pytest.raises(BadSettings, match=r"llm\.base_url: has a user name or a password") as refused:
        check(params, "conf/")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(params, value):
    params["llm"]["temperature"] = value
    with pytest.raises(BadSettings, match=r"llm\.temperature"):
        check(params, "conf/")


def test_what_a_release_says_of_its_settings_has_no_folder_of_this_machine_and_nothing_of_how_it_ran(params):
    params["asr"]["model"] = "/home/someone/models/whisper"
    written = results_only(params)
    assert written["asr"]["model"] == "whisper"
    assert written["embedder"] == params["embedder"]
    assert {"device", "batch_size"} & set(written["asr"]) == set()
    assert "max_concurrency" not in written["ocr"]
    assert "engine" not in written
