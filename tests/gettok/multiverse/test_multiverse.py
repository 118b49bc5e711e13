"""What a specification is, how specifications differ, and how they are shown."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml
from html_page import Page
from root import ROOT
from small_study import STUDY
from specifications import COMPARED, specification

from gettok.annotate.group import Group
from gettok.annotate.step import AnnotateStep
from gettok.describe.step import DescribeStep
from gettok.download import DownloadStep
from gettok.frames import FramesStep
from gettok.multiverse import locks
from gettok.multiverse.analysis import analyse, as_frame
from gettok.multiverse.output import write
from gettok.multiverse.specification_curve import curves, draw
from gettok.multiverse.specifications import LeftOut, axes, differing, distinct, in_words
from gettok.settings import ClipSettings, Llm, check
from gettok.settings.roles import CHOICES, EXECUTION_ONLY, OTHER_RESULTS, is_under
from gettok.speech import TranscribeStep

LABELS = ["support", "neutral", "no support", "support", None, "support"]


def settings(prompt: str, votes: int, **more: object) -> dict:
    """As a lock has them: a prompt has a name and a text."""
    text = {"prompts.codebook.name": prompt, "prompts.codebook.texts.stance": prompt * 9}
    return {**text, "llm.votes": votes, **more}


def four():
    """Two prompts by two numbers of votes."""
    return [
        specification(
            f"{prompt}{votes}", [*LABELS[:place], "neutral", *LABELS[place:]], settings(prompt, votes)
        )
        for place, (prompt, votes) in enumerate(
            [("paper", 10), ("paper", 9), ("evidence", 10), ("evidence", 9)]
        )
    ]


def whole(found=None, left_out=()):
    return analyse(STUDY, COMPARED, STUDY.events, distinct(found or four()), left_out)


OTHERWISE = {
    "base_url": "http://127.0.0.1:9/v1",
    "api_key_env": "ANOTHER_KEY",
    "model": "another",
    "temperature": 0.7,
    "max_tokens": 9,
    "max_tokens_param": "max_tokens",
    "structured_output": "object",
    "sees": ["frames"],
    "clip.max_side": 99,
    "clip.fps": 1.0,
    "clip.max_s": 9,
    "clip.with_sound": True,
    "clip.tokens_per_frame": 1,
    "clip.tokens_per_s_of_sound": 1,
    "max_frames": 1,
    "image_detail": "low",
    "votes": 3,
    "confidence": "logprobs",
    "extra_models": [{"model": "b", "prices": {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0}}],
    "timeout_s": 1,
    "max_attempts": 1,
    "max_concurrency": 9,
    "batch": {"requests": 9, "bytes": 9, "poll_s": 9},
    "budget_usd": 1.0,
    "image_tokens": {"low": 1, "base": 1, "square": 1},
    "prices": {"input_usd_per_million": 9.0, "output_usd_per_million": 9.0},
}


def test_no_setting_of_the_model_is_forgotten():
    of_clips = {f"clip.{name}" for name in ClipSettings.model_fields}
    # a cascade is in no key, as it chooses between answers that there may be without it
    assert set(OTHERWISE) | {"cascade"} == set(Llm.model_fields) - {"clip"} | of_clips


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_setting_of_the_model_counts_if_an_answer_s_key_has_it(params, name):
    def keys(llm: Llm) -> tuple:
        of_all = check(params, "params.yaml")
        asked = (llm, of_all.prompts.describe, "address", "key", Path("calls"))
        group = Group("stance", of_all.codebook.groups["stance"], "a target")
        judged = (llm, group, 1, 1, "address", "key", Path("calls"))
        return DescribeStep(*asked).settings, AnnotateStep(*judged).settings

    params["llm"]["sees"] = ["frames", "video", "sound"]
    llm = check(params, "params.yaml").llm
    section, _, key = name.rpartition(".")
    given = llm.model_dump()
    (given[section] if section else given)[key] = OTHERWISE[name]
    other = Llm.model_validate(given)
    assert (keys(llm) == keys(other)) == is_under(f"llm.{name}", OTHER_RESULTS + EXECUTION_ONLY)


def leaves(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(f"{key}.{name}" if key else name, part)
    else:
        yield key


def test_each_setting_is_in_one_of_the_three_lists(params):
    keys = set(leaves("", params))
    # the most specific entry counts: all of ocr is of other results, but for its concurrency
    execution = {key for key in keys if is_under(key, EXECUTION_ONLY)}
    classes = {key: (is_under(key, CHOICES), is_under(key, OTHER_RESULTS)) for key in keys - execution}
    assert {key: both for key, both in classes.items() if sum(both) != 1} == {}
    assert not [key for key in execution if is_under(key, CHOICES)]
    assert {key for key in execution if is_under(key, OTHER_RESULTS)} == {"ocr.max_concurrency"}


def test_a_setting_that_the_key_of_a_video_s_answer_has_is_a_choice(params):
    of_all = check(params, "params.yaml")
    download = DownloadStep(of_all.download, of_all.source.name, "https://pages.example")
    keys = {
        "frames": FramesStep(of_all.frames).settings,
        "asr": TranscribeStep(of_all.asr).settings,
        "download": download.settings,
    }
    named = [f"{section}.{name}" for section, key in keys.items() for name in key if name in params[section]]
    assert len(named) > 15
    assert [key for key in named if not is_under(key, CHOICES)] == []


def test_a_more_patient_run_with_other_figures_is_no_specification_of_its_own():
    stages = yaml.safe_load((ROOT / "dvc.lock").read_text("utf-8"))["stages"]
    other = deepcopy(stages)
    of_stage = {name: stage["params"]["params.yaml"] for name, stage in other.items() if "params" in stage}
    of_stage["describe"]["ocr"] = None
    of_stage["download"]["download"] |= {"pause_s": 1.5, "max_attempts": 9, "timeout_s": 999}
    of_stage["collect"]["collect"] |= {"requests_per_day": 500, "reserve": 50}
    of_stage["transcribe"]["asr"] |= {"device": "cuda", "batch_size": 64}
    assert other != stages
    found = [
        specification(name, LABELS, locks.settings_of(lock))
        for name, lock in (("one", stages), ("other", other))
    ]
    (only,) = distinct(found)
    assert (only.also, axes(found)) == (("other",), [])
    of_stage["extract_frames"]["frames"]["stride"] = 7
    found[1] = specification("other", LABELS, locks.settings_of(other))
    assert [axis.setting for axis in axes(distinct(found))] == ["frames.stride"]


def test_only_settings_that_differ_are_listed_and_a_prompt_s_text_under_its_name():
    found = distinct(four())
    assert set(differing(found)) == {"llm.votes", "prompts.codebook.name", "prompts.codebook.texts.stance"}
    assert [(axis.setting, axis.with_it) for axis in axes(found)] == [
        ("llm.votes", ()),
        ("prompts.codebook.name", ("prompts.codebook.texts.stance",)),
    ]
    assert [one.settings["llm.votes"] for one in found] == [9, 9, 10, 10], "numbers are in order of size"


def test_a_text_that_was_edited_under_its_old_name_is_a_separate_setting():
    edited = specification(
        "new", LABELS, {**settings("paper", 9), "prompts.codebook.texts.stance": "other words"}
    )
    assert [axis.setting for axis in axes([*four(), edited])] == [
        "llm.votes",
        "prompts.codebook.name",
        "prompts.codebook.texts.stance",
    ]


def test_a_setting_that_one_specification_lacks_is_null_there():
    older = specification("older", LABELS, {"llm.votes": 9})
    newer = specification("newer", LABELS, {"llm.votes": 9, "llm.temperature": 0.5})
    assert differing([older, newer]) == {"llm.temperature": (None, 0.5)}
    table = as_frame(whole([older, newer]))
    assert table.schema["llm.temperature"] == pl.Float64
    assert table["llm.temperature"].to_list() == [0.5, None]


def test_the_same_settings_with_the_same_labels_count_once_and_with_others_twice():
    one = specification("one", LABELS, settings("paper", 9))
    again, changed = replace(one, name="again"), specification("changed", LABELS[::-1], one.settings)
    found = distinct([one, changed, again])
    assert [(each.name, each.also) for each in found] == [("changed", ()), ("one", ("again",))]


def test_the_table_has_a_row_for_each_specification():
    table = as_frame(whole())
    assert table["specification"].to_list() == ["evidence9", "paper9", "evidence10", "paper10"]
    assert table["n"].to_list() == [6] * 4
    assert table["share_support"].to_list() == [0.5] * 4
    assert table["lost_filtered"].to_list() == [1] * 4
    shares = table.select(f"share_{label}" for label in STUDY.stance.labels).sum_horizontal()
    assert shares.to_list() == pytest.approx([1] * 4, abs=2e-4)


@pytest.mark.parametrize(
    ("value", "words"), [("paper", "paper"), (["a", "b"], "a, b"), ([], "none"), (None, "null"), (1.5, "1.5")]
)
def test_a_value_is_shown_as_text(value, words):
    assert in_words(value) == words


def test_the_same_specifications_give_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        write(whole(four() if name == "one" else four()[::-1]), tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert len(files) == 6
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


def test_estimates_are_in_order_of_size_and_a_day_without_two_sides_has_no_curve():
    found = curves(whole())
    assert [curve.title[:44] for curve in found] == [
        "Share of “support”, all days",
        "Share of “support” from 2022-12-07 on, minus",
        "Share of “support” from 2022-12-08 on, minus",
    ]
    uneven = [
        specification(str(n), ["support"] * n + ["neutral"] * (9 - n), settings("p", votes))
        for votes, n in enumerate((5, 1, 8))
    ]
    (share, *_) = curves(whole(uneven))
    assert [(place, point.value) for place, point in share.points] == [(1, 0.1111), (0, 0.5556), (2, 0.8889)]
    early = specification("early", ["support"])
    assert len(curves(whole([early]))) == 1


def test_every_value_of_a_setting_is_named_below_each_curve():
    picture = draw(whole())
    for text in (
        "llm.votes: 9",
        "llm.votes: 10",
        "prompts.codebook.name: paper",
        "prompts.codebook.name: evidence",
    ):
        assert picture.count(f">{text}<") == 3, text


def test_without_a_label_there_is_a_figure_that_says_so():
    assert "No specification has a label." in draw(whole([specification("none", [None, None])]))


def test_a_setting_of_dollar_signs_and_a_long_name_are_drawn_as_text():
    hostile = [specification(str(n), LABELS, {"llm.model": f"$\\frac{{{n}$ <b>" + "x" * 99}) for n in (1, 2)]
    picture = draw(whole(hostile))
    assert "$\\frac{1$ &lt;b&gt;x" in picture
    assert "…" in picture


def test_a_spreadsheet_does_not_run_a_setting_as_a_formula(tmp_path):
    found = [specification(str(n), LABELS, {"llm.model": f"=cmd|{n}"}) for n in (1, 2)]
    write(whole(found), tmp_path)
    assert '"\'=cmd|1"' in (tmp_path / "multiverse.csv").read_text("utf-8")


def test_the_page_escapes_every_name_and_says_what_was_left_out(tmp_path):
    found = [replace(one, name=f"<script>{one.name}</script>") for one in four()]
    write(whole(found, [LeftOut("<b>bad</b>", "its run failed & more")]), tmp_path)
    text = (tmp_path / "index.html").read_text("utf-8")
    page = Page(text)
    assert not {"script", "b"} & set(page.elements)
    assert "<script>paper9</script>" in page.isolated
    assert "<b>bad</b>" in page.isolated
    assert "Left out: 1" in text
    assert re.search(r"default-src 'none'", text)
    assert all(value.startswith("data:") for value in page.values("src"))


def test_the_page_of_one_specification_says_that_there_is_nothing_to_compare(tmp_path):
    write(analyse(STUDY, COMPARED, [], [specification("alone", LABELS)], []), tmp_path)
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "There is only one specification, so there is no agreement to measure." in text
    assert "The study names no event." in text
    numbers = json.loads((tmp_path / "multiverse.json").read_text("utf-8"))
    assert numbers["agreement"] == {"alpha": {"n": 0, "value": None}, "pairs": []}
