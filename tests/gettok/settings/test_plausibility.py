"""Warnings about valid settings: days to come, events outside the study, and labels that the prompt alone has."""

from datetime import date

import pytest

from gettok.errors import BadSettings
from gettok.settings import check
from gettok.settings.plausibility import warnings

AFTER = date(2026, 11, 30)
PAPER = "classify as 'support', or as 'no support', or as 'neutral', if it doesn't matter to the people's {target}"


def warned(params, today=AFTER):
    return warnings(check(params, "params"), today)


def test_the_demo_has_no_warning(params):
    assert warned(params) == []


def test_an_end_in_the_future_is_one_line(params):
    assert warned(params, date(2023, 2, 28)) == []
    (line,) = warned(params, date(2023, 2, 27))
    assert line.startswith("study.end: 2023-02-28 is in the future (today is 2023-02-27 in UTC)")
    (line,) = warned(params, date(2022, 11, 19))
    assert line.startswith("study.start: 2022-11-20 is in the future")


def test_a_list_of_videos_needs_no_days_that_are_over(params):
    params["source"] |= {"kind": "ids", "file": "inputs/collect/ids.csv"}
    assert warned(params, date(2022, 11, 19)) == []


def test_each_event_outside_the_days_is_one_line(params):
    days = ("2022-11-19", "2022-11-20", "2023-02-28", "2023-03-01")
    params["study"]["events"] = [{"day": day, "label": f"on {day}"} for day in days]
    before, after = warned(params)
    assert before.startswith("study.events: 2022-11-19 (on 2022-11-19) is outside the study's days")
    assert after.startswith("study.events: 2023-03-01 (on 2023-03-01) is outside")


@pytest.mark.parametrize("missing", ["support", "no support", "neutral"])
def test_a_prompt_that_does_not_name_a_label_in_quotes_is_an_error(params, missing):
    params["prompts"]["codebook"]["texts"]["stance"] = PAPER.replace(f"'{missing}'", missing)
    with pytest.raises(BadSettings, match=rf"does not name the labels \['{missing}'\] of the group 'stance'"):
        check(params, "params")


def test_a_prompt_that_names_more_labels_than_the_study_has_is_one_line(params):
    params["prompts"]["codebook"]["texts"]["stance"] = PAPER
    assert warned(params) == []
    params["codebook"]["variables"]["stance"]["labels"] = ["support", "neutral"]
    (line,) = warned(params)
    assert "also asks for 'no support', which the group stance (support, neutral) does not have" in line


def test_a_group_whose_typical_answer_is_longer_than_the_longest_is_one_line(params):
    params["llm"]["max_tokens"] = 150  # the group `content` has three variables
    assert warned(params) == []
    params["llm"]["max_tokens"] = 149
    (line,) = warned(params)
    assert line.startswith(
        "llm.max_tokens: 149 is less than a typical answer to the group content has (about 150"
    )
    assert "raise llm.max_tokens, or divide the variables into more groups" in line


def test_a_prompt_with_a_place_for_the_labels_fits_all(params):
    params["prompts"]["codebook"]["texts"]["stance"] = "Is it 'clear' or 'not clear'? One of {labels}."
    params["codebook"]["variables"]["stance"]["labels"] = ["pro", "contra"]
    assert warned(params) == []
