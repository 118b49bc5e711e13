"""The first value that each setting takes, and the last; the settings, errors and exit codes one by one."""

import re
from datetime import date
from functools import reduce
from operator import getitem

import pytest
from pydantic import ValidationError

from gettok import errors
from gettok.errors import REASONS, RETRYABLE, BadSettings, Unusable, counted
from gettok.settings import check, fields, roles
from gettok.settings.llm import Batch, ClipSettings, ImageTokens, Llm, Prices, PromptInjection
from gettok.settings.secrets import Secret
from gettok.settings.types import (
    Asr,
    Collect,
    CommentsSettings,
    Download,
    EngineSettings,
    Frames,
    Ocr,
    Release,
    Source,
    Study,
    TermsOfUse,
    UsersSettings,
)

LIMITS = [
    (Source, "source", "window_days", [1, 31], [0, 32]),
    (Collect, "collect", "requests_per_day", [21, 10**6], [20, 0, -1]),
    (Collect, "collect", "reserve", [0, 999], [-1, 1000]),
    (Collect, "collect", "failure_share", [0.0, 1.0], [-0.01, 1.01]),
    (Collect, "collect", "patience_days", [0], [-1]),
    (TermsOfUse, "terms", "refresh_days", [1], [0]),
    (Release, "release", "smallest_group", [1], [0]),
    (Download, "download", "timeout_s", [1], [0]),
    (Download, "download", "max_attempts", [1], [0]),
    (Download, "download", "max_bytes", [1], [0]),
    (Download, "download", "keep_free_bytes", [0], [-1]),
    (Download, "download", "max_concurrency", [1], [0]),
    (Download, "download", "pause_s", [0.0, 0.1], [-0.1]),
    (Download, "download", "folder", ["a"], [""]),
    (Frames, "frames", "stride", [1], [0]),
    (Frames, "frames", "every_s", [0.001], [0.0]),
    (Frames, "frames", "scene_threshold", [0.1], [0.0]),
    (Frames, "frames", "max_frames", [1], [0]),
    (Frames, "frames", "min_hash_distance", [1, 64, None], [0, 65]),
    (Frames, "frames", "longest_edge", [1], [0]),
    (Frames, "frames", "jpeg_quality", [1, 95], [0, 96]),
    (Asr, "asr", "chunk_s", [1, 8], [0, 9]),
    (Asr, "asr", "window_s", [6, 30], [5, 31]),
    (Asr, "asr", "beam_size", [1], [0]),
    (Asr, "asr", "batch_size", [1], [0]),
    (Asr, "asr", "min_speech_ratio", [0.0, 1.0], [-0.01, 1.01]),
    (Asr, "asr", "language", ["es", "yue", None], ["e", "span", "ES"]),
    (Llm, "llm", "max_tokens", [1], [0]),
    (Llm, "llm", "max_frames", [1], [0]),
    (Llm, "llm", "sees", [["frames"], ["video", "sound"]], [[], ["frames", "frames"], ["smell"]]),
    (ClipSettings, "llm.clip", "max_side", [16], [15]),
    (ClipSettings, "llm.clip", "fps", [0.01, 60.0], [0.0, 60.1]),
    (ClipSettings, "llm.clip", "max_s", [1], [0]),
    (Llm, "llm", "votes", [1], [0]),
    (Llm, "llm", "timeout_s", [1], [0]),
    (Llm, "llm", "max_attempts", [1], [0]),
    (Llm, "llm", "max_concurrency", [1], [0]),
    (Llm, "llm", "budget_usd", [0.01, None], [0.0, -1.0]),
    (Ocr, "ocr", "min_confidence", [0.0, 1.0], [-0.1, 1.1]),
    (Ocr, "ocr", "max_concurrency", [1], [0]),
    (PromptInjection, "prompt_injection", "videos", [1], [0]),
    (PromptInjection, "prompt_injection", "instructions", [["a {label}"]], [[], ["a label"]]),
    (PromptInjection, "prompt_injection", "control_texts", [["a"]], [[], [" "]]),
    (EngineSettings, "engine", "workers", [1, None], [0]),
    (EngineSettings, "engine", "address", ["auto", None], [""]),
    (EngineSettings, "engine", "cpus", [0.5, 4.0], [0.0]),
    (EngineSettings, "engine", "gpus", [0.0, 0.5], [-0.5]),
    (EngineSettings, "engine", "memory_bytes", [1, None], [0]),
    (EngineSettings, "engine", "media", ["bytes", "path"], ["url"]),
    (EngineSettings, "engine", "bytes_in_flight", [1], [0]),
]


@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: f"{limits[1]}.{limits[2]}")
def test_each_setting_is_taken_up_to_its_limits(params, limits):
    section, name, key, taken, refused = limits
    chosen = reduce(getitem, name.split("."), params) or {}
    for value in taken:
        assert section.model_validate(chosen | {key: value}) is not None
    for value in refused:
        with pytest.raises(ValidationError):
            section.model_validate(chosen | {key: value})


@pytest.mark.parametrize(
    ("section", "taken", "refused"),
    [
        (CommentsSettings, {"per_video": 1, "requests_per_day": 1}, {"per_video": 0}),
        (CommentsSettings, {"per_video": 1, "requests_per_day": 1}, {"requests_per_day": 0}),
        (UsersSettings, {"requests_per_day": 1}, {"requests_per_day": 0}),
        (
            Prices,
            {"input_usd_per_million": 0.0, "output_usd_per_million": 0.0},
            {"input_usd_per_million": -0.1},
        ),
        (
            Prices,
            {"input_usd_per_million": 0.0, "output_usd_per_million": 0.0},
            {"output_usd_per_million": -0.1},
        ),
        (ImageTokens, {"low": 0, "base": 0, "square": 0}, {"low": -1}),
        (ImageTokens, {"low": 0, "base": 0, "square": 0}, {"base": -1}),
        (ImageTokens, {"low": 0, "base": 0, "square": 0}, {"square": -1}),
        (Batch, {"requests": 1, "bytes": 1, "poll_s": 0.1}, {"requests": 0}),
        (Batch, {"requests": 1, "bytes": 1, "poll_s": 0.1}, {"bytes": 0}),
        (Batch, {"requests": 1, "bytes": 1, "poll_s": 0.1}, {"poll_s": 0.0}),
    ],
)
def test_so_is_each_setting_of_an_optional_part(section, taken, refused):
    section.model_validate(taken)
    with pytest.raises(ValidationError):
        section.model_validate(taken | refused)


@pytest.mark.parametrize(
    ("parts", "is_taken"),
    [
        ({"reserve": 10, "comments": 30, "users": 59}, True),
        ({"reserve": 10, "comments": 30, "users": 60}, False),
        ({"reserve": 99, "comments": None, "users": None}, True),
        ({"reserve": 40, "comments": 60, "users": None}, False),
        ({"reserve": 40, "comments": None, "users": 60}, False),
    ],
)
def test_reserve_comments_and_users_together_leave_a_request_to_search_with(params, parts, is_taken):
    changes = {
        "requests_per_day": 100,
        "reserve": parts["reserve"],
        "comments": parts["comments"] and {"per_video": 1, "requests_per_day": parts["comments"]},
        "users": parts["users"] and {"requests_per_day": parts["users"]},
    }
    if is_taken:
        Collect.model_validate(params["collect"] | changes)
    else:
        with pytest.raises(ValidationError, match="none are left to search with"):
            Collect.model_validate(params["collect"] | changes)


def test_a_study_may_be_a_single_day_and_end_no_earlier(params):
    day = {"start": "2022-12-07", "end": "2022-12-07"}
    assert Study.model_validate(params["study"] | day).end == date(2022, 12, 7)
    with pytest.raises(ValidationError, match="is before start"):
        Study.model_validate(params["study"] | day | {"end": "2022-12-06"})


def other_model(name):
    return {"model": name, "prices": {"input_usd_per_million": 1.0, "output_usd_per_million": 2.0}}


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"confidence": "logprobs"}, True),
        ({"confidence": "logprobs", "votes": 2}, False),
        ({"confidence": "logprobs", "extra_models": [other_model("b")]}, False),
        ({"votes": 2, "extra_models": [other_model("b"), other_model("c")]}, True),
        ({"extra_models": [other_model("b"), other_model("b")]}, False),
        ({"extra_models": [other_model("sandbox-vision")]}, False),
    ],
)
def test_log_probabilities_need_one_answer_and_no_model_is_named_twice(params, changes, is_taken):
    if is_taken:
        Llm.model_validate(params["llm"] | changes)
    else:
        with pytest.raises(ValidationError):
            Llm.model_validate(params["llm"] | changes)


def test_each_model_has_its_own_prices(params):
    llm = Llm.model_validate(params["llm"] | {"extra_models": [other_model("b")]})
    assert llm.models == ("sandbox-vision", "b")
    assert llm.prices_of("sandbox-vision") == llm.prices
    assert llm.prices_of("b") == llm.extra_models[0].prices
    assert llm.prices_of("c") is None
    alone = llm.alone("b")
    assert (alone.models, alone.prices) == (("b",), llm.extra_models[0].prices)


@pytest.mark.parametrize(
    ("check", "taken", "refused"),
    [
        (fields.number, ["0", "9" * 20], ["", "9" * 21, "-1", "1.5", "x"]),
        (fields.tag, ["a"], ["#a", " ", "", "a b", "a,b", "a#b", " a", "a\u00a0b", "#", ","]),
        (fields.username, ["a"], ["@a", " ", "", "a b", "a,b", "@"]),
        (fields.word, ["a"], [" ", ""]),
        (fields.length, ["SHORT", "MID", "LONG", "EXTRA_LONG"], ["short", "XL"]),
        (fields.region, ["PE", "NO"], ["pe", "XX1", "ZZ"]),
        (fields.day, ["2022-11-20"], ["2022-1-20", "2022-11-31", "20221120", 7, None]),
    ],
)
def test_each_check_of_a_value_takes_and_refuses(check, taken, refused):
    for value in taken:
        check(value)
    for value in refused:
        with pytest.raises(ValueError, match=r"must|blank|region|day"):
            check(value)


@pytest.mark.parametrize(
    ("check", "wrong", "meant"),
    [
        (fields.tag, "#Golpe", "'Golpe'"),
        (fields.tag, "peru coup", "'perucoup', or 'peru' and 'coup'"),
        (fields.tag, " golpe\n", "'golpe'"),
        (fields.tag, "golpe,paro", "'golpe' and 'paro'"),
        (fields.tag, "#golpe #paro", "'golpe' and 'paro'"),
        (fields.username, "@castillo", "'castillo'"),
        (fields.region, "pe", "'PE'"),
        (fields.region, "South Africa", "'ZA'"),
        (fields.region, "UK", "'GB'"),
    ],
)
def test_what_was_probably_meant_is_named(check, wrong, meant):
    with pytest.raises(ValueError, match=re.escape(f"{wrong!r} is not a ")) as refused:
        check(wrong)
    assert str(refused.value).endswith(f"; did you mean {meant}?")


@pytest.mark.parametrize("name", ["GolpeDeEstado", "golpe_2022", "perú", "ペルー", "لیما", "🇵🇪"])
def test_any_letters_and_signs_may_be_in_a_hashtag_as_they_are(name):
    assert fields.tag(name) == name


EXIT_CODES = {
    "BadInput": 66,
    "Damaged": 65,
    "AlreadyRunning": 69,
    "Stop": 70,
    "NoSpace": 74,
    "NotNow": 75,
    "BudgetSpent": 76,
    "BadCredentials": 77,
    "BadSettings": 78,
}


@pytest.mark.parametrize(("name", "code"), EXIT_CODES.items())
def test_each_error_has_its_own_exit_code(name, code):
    assert getattr(errors, name).exit_code == code


def test_a_reason_for_which_the_next_run_asks_again_is_a_limit_of_ours_or_may_pass():
    assert {
        "unreadable",
        "unreachable",
        "region_locked",
        "in_review",
        "too_large",
        "no_file",
        "unanswered",
    } == RETRYABLE
    assert set(REASONS) > RETRYABLE
    with pytest.raises(ValueError, match="closed list"):
        Unusable("no_such_reason")
    assert [counted(number, "day") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]


@pytest.mark.parametrize(("key", "shown"), [("x" * 12, "a *** b"), ("x" * 11, f"a {'x' * 11} b")])
def test_a_key_of_twelve_characters_is_redacted_and_a_shorter_one_is_no_secret(key, shown):
    assert Secret(key).redact(f"a {key} b") == shown


@pytest.mark.parametrize(
    ("key", "listed", "is_under"),
    [
        ("llm.prices.input", ("llm.prices",), True),
        ("llm.prices", ("llm.prices",), True),
        ("llm.pricesx", ("llm.prices",), False),
        ("llm", ("llm.prices",), False),
    ],
)
def test_a_setting_is_under_its_section_alone(key, listed, is_under):
    assert roles.is_under(key, listed) is is_under


_LARGE = {"model": "large", "prices": {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0}}


def test_the_error_of_a_cascade_is_a_share(params):
    params["llm"] |= {"cascade": {**_LARGE, "error": 5.0, "min_labels": 50}, "votes": 3}
    with pytest.raises(BadSettings, match=r"error: must be less than 1\.0, as it is a share: 0\.2 is 20 %"):
        check(params, "params")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"confidence": "logprobs"}, None),
        ({"votes": 3}, None),
        ({}, "cascade needs a confidence"),
        ({"votes": 3, "model": "large"}, "its model is not llm.model"),
        ({"votes": 3, "extra_models": [{**_LARGE, "model": "b"}]}, "extra_models is empty"),
    ],
)
def test_a_cascade_needs_a_confidence_and_another_model(params, changes, problem):
    params["llm"] |= {"cascade": {**_LARGE, "error": 0.05, "min_labels": 50}, **changes}
    if problem:
        with pytest.raises(BadSettings, match=problem):
            check(params, "params")
        return
    llm = check(params, "params").llm
    assert llm.models == (llm.model,)
    assert llm.all_models == (llm.model, "large")
    assert llm.prices_of("large") == llm.cascade.prices
    assert (llm.alone("large").model, llm.alone("large").cascade) == ("large", None)
