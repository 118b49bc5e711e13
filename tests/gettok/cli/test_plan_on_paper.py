"""`gettok plan --videos N`: the sum, its parts by hand, and the page that shows it."""

import re

import pytest
from root import ROOT
from workspace import Workspace

from gettok.pipeline.pricing.costs import Cost, PricedPart, PricedStage
from gettok.pipeline.pricing.on_paper import StudyOnPaper, on_paper
from gettok.settings import Settings

PAGE = ROOT / "docs" / "how-to" / "plan-a-large-study.md"


def counted(params, videos=1000, stages=None, **figures) -> StudyOnPaper:
    params["plan"] |= figures
    return on_paper(Settings.model_validate(params), videos, stages)


def stage(name: str, usd: int) -> PricedStage:
    return PricedStage(name, ("m",), PricedPart(), PricedPart(), Cost(usd, 2 * usd, 3 * usd), 0)


def test_the_page_shows_what_the_command_says(tmp_path):
    study = Workspace.make(tmp_path, "", "study=peru_2022")
    command, shown = re.search(
        r"gettok (plan .*)\n```\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    ).groups()
    code, said, err = study.gettok(*command.split())
    assert code == 0, err
    assert said == shown


def test_the_quota_counts_what_pages_do_not_return_and_each_part_by_its_limit(params):
    assert counted(params, 98_000, returned_share=1.0).quota_days == 1
    assert counted(params, 98_001, returned_share=1.0).quota_days == 2
    assert counted(params, 98_000, returned_share=0.5).search_requests == 1960
    params["collect"] |= {
        "comments": {"per_video": 1, "requests_per_day": 100},
        "users": {"requests_per_day": 10},
    }
    both = counted(params, 1000, authors_share=0.5)
    assert (both.comment_requests, both.user_requests, both.quota_days) == (1000, 500, 59)


def test_a_search_takes_a_request_for_each_window_at_the_least(params):
    params["study"] |= {"start": "2022-01-01", "end": "2022-12-31"}
    assert counted(params, 1).search_requests == 13


@pytest.mark.parametrize(("ocr", "core_s"), [(True, 3.0), (False, 1.0)])
def test_only_videos_with_a_file_take_machines(params, ocr, core_s):
    params["ocr"] = params["ocr"] if ocr else None
    params["frames"] |= {"select": "seconds", "every_s": 15}
    figures = {"media_share": 0.36, "asr_times_real_time": 30, "frame_core_s": 1.0, "ocr_core_s": 2.0}
    study = counted(params, 10_000, **figures)
    assert (study.media, study.frames) == (3600, 7200)
    assert (study.sound_hours, study.gpu_hours) == (30.0, 1.0)
    assert study.core_hours == 2 * core_s


def test_nodes_are_counted_by_their_gpus_and_cores(params):
    study = counted(params, 3_140_000, node_gpus=2, node_cores=4)
    settings = Settings.model_validate(params)
    week, day = study.machines(settings, 7), study.machines(settings, 1)
    assert (week.gpu_nodes - 1) * 2 * 7 * 24 < study.gpu_hours <= week.gpu_nodes * 2 * 7 * 24
    assert (day.core_nodes - 1) * 4 * 24 < study.core_hours <= day.core_nodes * 4 * 24
    assert day.gpu_nodes > week.gpu_nodes


def test_the_disk_has_media_once_and_frames_twice(params):
    params["frames"] |= {"select": "seconds", "every_s": 30}
    sizes = {"media_bytes_per_s": 10, "frame_bytes": 7, "text_bytes": 3}
    study = counted(params, 100, media_share=0.5, **sizes)
    assert study.disk_bytes == {"media": 50 * 30 * 10, "frames": 2 * 50 * 7, "texts": 300}


def test_the_models_are_asked_about_videos_with_a_file_and_variants_do_not_grow(params):
    stages = [stage("describe", 1), stage("annotate", 10), stage("prompt_injection", 100)]
    assert counted(params, 100, stages, media_share=0.5).models == Cost(550, 1100, 1650)
    assert counted(params, 100).models is None


def test_pauses_of_downloads_are_for_every_page(params):
    params["download"]["pause_s"] = 2
    assert counted(params, 28_800, media_share=0.1).download_days == 1.0


@pytest.mark.parametrize(
    "arguments", [("--within", "3"), ("--videos", "9", "--probe"), ("--videos", "9", "--json")]
)
def test_a_sum_on_paper_goes_with_its_days_alone(tmp_path, arguments):
    code, _, err = Workspace.make(tmp_path, "").gettok("plan", *arguments)
    assert code == 2
    assert "--videos" in err


def test_what_more_nodes_do_not_shorten_is_said(tmp_path):
    study = Workspace.make(tmp_path, "", "study=peru_2022", "llm.prices=null")
    _, said, _ = study.gettok("plan", "--videos", "3140000", "--within", "7")
    assert "\n  but the quota takes 44 days" in said
    assert "\n  but the downloads take 27 days" in said
    assert "\nmodels: no price is set for gpt-6-luna (llm.prices)\n" in said
