"""`gettok plan` prices what the models would be asked, and the stages then cost no more than that."""

import hashlib
import re
from datetime import UTC, datetime

import polars as pl
import pytest
from scripted_endpoint import jpeg
from workspace import Workspace

from gettok.tables import COVERAGE, FRAMES, TRANSCRIPTS, VIDEOS

DAY = "2022-12-07"
COUNT = 3
NEW = "7174000000000000009"
OF_A_DAY = (f"study.start='{DAY}'", f"study.end='{DAY}'")


@pytest.fixture
def workspace(tmp_path, sandbox):
    """A study of three videos with all that the models need."""

    def make(*overrides: str) -> Workspace:
        made = Workspace.make(tmp_path, sandbox.base, *OF_A_DAY, *overrides)
        at = datetime(2022, 12, 7, 12, tzinfo=UTC)
        ids = [f"717400000000000000{number}" for number in range(COUNT)]
        videos = [{"video_id": video_id, "created_at": at, "description": "Castillo"} for video_id in ids]
        VIDEOS.write(videos, made.data / "videos" / f"{DAY}.parquet")
        transcripts = [{"video_id": video_id, "text": "Fuerza Castillo", "status": "ok"} for video_id in ids]
        TRANSCRIPTS.write(transcripts, made.data / "transcripts" / f"{DAY}.parquet")
        FRAMES.write([frame(video_id) for video_id in ids], made.data / "frames" / f"{DAY}.parquet")
        COVERAGE.write([{"day": at.date(), "state": "complete"}], made.data / "coverage.parquet")
        return made

    return make


def frame(video_id):
    picture = jpeg(f"LIMA {video_id[-1]}")
    return {
        "video_id": video_id,
        "frame_index": 0,
        "time_s": 0.0,
        "width": 720,
        "height": 480,
        "sha256": hashlib.sha256(picture).hexdigest(),
        "image": {"bytes": picture, "path": None},
        "status": "ok",
    }


def recompose(study, *overrides):
    study.compose(*OF_A_DAY, *overrides)


def plan(workspace):
    code, output, err = workspace.gettok("plan")
    assert code == 0, err
    return output


def priced(output, stage):
    """Videos, answered ones, calls, and dollars about and at most."""
    line = next(line for line in output.splitlines() if line.startswith(f"{stage}: "))
    found = re.fullmatch(
        rf"{stage}: (\d+) of (\d+) videos answered; "
        r"(?:nothing to ask|(\d+) calls? to .+, about \$(\S+), at least \$\S+, at most \$(\S+))",
        line,
    )
    assert found, line
    answered, videos, calls = (int(number or 0) for number in found.groups()[:3])
    return videos, answered, calls, *(float(usd or 0) for usd in found.groups()[3:])


def variants_priced(output):
    """The summary of the variants, their calls, and dollars about and at most."""
    line = next(line for line in output.splitlines() if line.startswith("prompt injection variants, stance"))
    pattern = r"[\w ]+, stance(.+); (\d+) calls to \S+, about \$(\S+), at least \$\S+, at most \$([\d.]+).*"
    found = re.fullmatch(pattern, line)
    assert found, line
    return found[1], int(found[2]), float(found[3]), float(found[4])


def spent(output):
    return float(re.search(r"spent so far: \$(\S+) in", output)[1])


def calls_made(sandbox):
    return sum("chat/completions" in entry["path"] for entry in sandbox.requests())


def test_f48_a_plan_prices_what_is_missing_and_the_run_costs_no_more(workspace, sandbox):
    study = workspace()
    before = calls_made(sandbox)
    output = plan(study)
    videos, answered, calls, about, most = priced(output, "describe")
    assert (videos, answered, calls) == (COUNT, 0, COUNT)
    assert 0 < about < most
    assert f"annotate stance, estimated: about {COUNT} videos whose inputs are not made yet" in output
    assert "dvc repro describe" not in output
    assert calls_made(sandbox) == before
    code, err = study.outcome("describe")
    assert code == 0, err
    described = pl.read_parquet(study.data / "descriptions")
    output = plan(study)
    assert 0 < spent(output) <= most
    assert spent(output) == pytest.approx(described["cost_usd"].sum(), abs=1e-4)
    assert priced(output, "describe")[:3] == (COUNT, COUNT, 0)
    assert priced(output, "annotate stance")[:3] == (COUNT, 0, COUNT)


def test_f48_a_budget_ends_the_run_with_all_answers_kept_and_more_money_goes_on(workspace, sandbox):
    study = workspace()
    most = priced(plan(study), "describe")[4]
    recompose(study, f"llm.budget_usd={0.55 * most / COUNT:.6f}", "llm.max_concurrency=1")
    assert "it may not be enough" in plan(study)
    before = calls_made(sandbox)
    code, err = study.outcome("describe")
    assert code == 76, err
    assert "llm.budget_usd" in err
    made = calls_made(sandbox) - before
    assert 0 < made < COUNT
    whole = re.search(r"models in all: .*, at most \$([\d.]+)", plan(study))
    recompose(study, f"llm.budget_usd={2 * float(whole[1]):.6f}", "llm.max_concurrency=1")
    assert "left; it is enough" in plan(study)
    code, err = study.outcome("describe")
    assert code == 0, err
    assert calls_made(sandbox) - before == COUNT


def test_f48_without_a_price_the_plan_says_that_nothing_will_be_asked(workspace):
    study = workspace("llm.prices=null")
    assert "no price is set for sandbox-vision" in plan(study)
    code, err = study.outcome("describe")
    assert code == 78
    assert "llm.prices" in err


@pytest.mark.slow
def test_f48_a_plan_prices_the_variants_that_there_can_be_and_then_those_that_there_are(workspace, sandbox):
    study = workspace("prompt_injection.videos=2", "codebook=stance")
    at_most = ", estimated: at most 12 variants, known once the videos are judged"
    assert variants_priced(plan(study))[:2] == (at_most, 12)
    study.run("describe")
    summary, calls, about, most = variants_priced(plan(study))
    assert (summary, calls) == (at_most, 12)
    assert 0 < about < most
    study.run("annotate")
    assert 0 < pl.read_parquet(study.data / "prompt_injection.parquet")["cost_usd"].sum() <= most
    answered = "describe 3 of 3 videos answered, annotate stance 3 of 3 videos answered, "
    output = plan(study)
    assert (
        f"\nnothing to ask a model: {answered}prompt injection variants, stance 12 of 12 variants answered\n"
        in output
    )
    assert " 0 calls" not in output
    recompose(study, "prompt_injection.videos=3", "codebook=stance")
    assert variants_priced(plan(study))[:2] == (": 12 of 18 variants answered", 6), (
        "those of two videos are paid for"
    )
    add_video(study)
    recompose(study, "prompt_injection.videos=2", "codebook=stance")
    output = plan(study)
    assert "prompt injection variants, stance: 12 of 12 variants answered; nothing to ask\n" in output
    assert (
        "variants, stance, estimated: at most 6 new variants, known once the videos are judged; 6 calls to"
        in output
    )


def add_video(study):
    """A video of the same day, with a transcript and without frames."""
    for table, folder, text in ((VIDEOS, "videos", "description"), (TRANSCRIPTS, "transcripts", "text")):
        rows = table.read(study.data / folder).to_dicts()
        new = {**rows[0], "video_id": NEW, text: "Fuerza Boluarte"}
        table.write([*rows, new], study.data / folder / f"{DAY}.parquet")


PRICES = ("llm.prices.input_usd_per_million=10.0", "llm.prices.output_usd_per_million=50.0")
EXTRA_MODEL = "{model: another, prices: {input_usd_per_million: 100.0, output_usd_per_million: 500.0}}"


def test_f48_a_plan_counts_every_model_that_votes_at_its_own_price(workspace):
    study = workspace(*PRICES)
    study.run("describe")
    *_, calls, about, most = priced(plan(study), "annotate stance")
    recompose(study, *PRICES, "llm.votes=2", f"llm.extra_models=[{EXTRA_MODEL}]")
    output = plan(study)
    assert priced(output, "describe")[:3] == (COUNT, COUNT, 0), "no description is asked anew"
    assert "calls to sandbox-vision, another, about" in output
    *_, more_calls, about_more, most_more = priced(output, "annotate stance")
    assert more_calls == 4 * calls
    assert (about_more, most_more) == pytest.approx((22 * about, 22 * most), rel=0.02)


def test_the_doctor_sees_every_model_that_votes(workspace, sandbox):
    study = workspace(f"llm.extra_models=[{EXTRA_MODEL}]")
    code, output, err = study.gettok("doctor")
    assert code == 78
    assert "the endpoint lacks what these settings need: another answers" in err
    first, _, second = output.partition("another at sandbox:")
    assert first.startswith("OCR by rapidocr")
    assert "sandbox-vision at sandbox:" in first
    assert "yes  answers" in first
    assert "no   answers" in second


def test_the_doctor_ends_as_the_settings_need(workspace):
    study = workspace()
    assert study.gettok("doctor")[0] == 0
    recompose(study, "llm.base_url=http://127.0.0.1:9/v1", "llm.api_key_env=A_KEY", "llm.max_attempts=1")
    study.environment["A_KEY"] = "x"
    code, output, err = study.gettok("doctor")
    assert (code, "?    answers" in output) == (75, True)
    assert "could not find out whether sandbox-vision answers" in err
