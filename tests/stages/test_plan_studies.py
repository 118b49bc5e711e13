"""`gettok plan` prices this study: never another's tables, never only a part of it, and says what is an estimate."""

import hashlib
import json
import re
import shutil
from datetime import UTC, date, datetime

import pytest
import yaml
from scripted_endpoint import jpeg
from workspace import Workspace

from gettok.llm import CallLog
from gettok.step import Answer
from gettok.store import Key, Store
from gettok.tables import COVERAGE, DESCRIPTIONS, FRAMES, TRANSCRIPTS, VIDEOS
from sandbox.bulk import write
from sandbox.server import Sandbox

COUNT, DAYS = 30, 10
INPUTS = "codebook.variables.stance.inputs=[description,frames]"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Thirty videos over the first ten days of December."""
    corpus = tmp_path_factory.mktemp("corpus")
    write(corpus, videos=COUNT, seed="plan", start=date(2022, 12, 1), days=DAYS)
    with Sandbox(corpus=corpus) as running:
        yield running


def study(last: int, keyword: str = "Castillo", hashtags: str = "[]") -> list[str]:
    """A study of the first days of December; every video of the sandbox has the keyword Castillo."""
    query = [
        f"study.query.any.keywords=[{keyword}]",
        f"study.query.any.hashtags={hashtags}",
        "study.query.all.regions=[]",
    ]
    return [
        *query,
        "study.start='2022-12-01'",
        f"study.end='2022-12-{last:02}'",
        "prompt_injection=off",
        "codebook=stance",
    ]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, sandbox):
    """A study of nine days whose videos all have frames and transcripts. To be copied, never to be changed."""
    made = Workspace.make(tmp_path_factory.mktemp("nine"), sandbox.base, *study(9))
    made.run("collect", "tabulate")
    with_media(made)
    return made


@pytest.fixture
def nine_days(tmp_path, made_once):
    shutil.copytree(made_once.folder, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, made_once.sandbox)


def with_media(workspace: Workspace) -> None:
    """Frames and transcripts of all videos that are tabulated now."""
    for file in (workspace.data / "videos").iterdir():
        ids = VIDEOS.read(file)["video_id"]
        add_media(workspace, file.stem, {each: jpeg(f"LIMA {each[-6:]}") for each in ids})


def add_media(workspace: Workspace, day: str, pictures: dict[str, bytes]) -> None:
    """A day's frames, one for each video, and transcripts."""
    frames = [
        {
            "video_id": video_id,
            "frame_index": 0,
            "time_s": 0.0,
            "status": "ok",
            "sha256": hashlib.sha256(picture).hexdigest(),
            "image": {"bytes": picture, "path": "0.jpg"},
        }
        for video_id, picture in pictures.items()
    ]
    FRAMES.write(frames, workspace.data / "frames" / f"{day}.parquet")
    spoken = [{"video_id": video_id, "text": "Fuerza Castillo", "status": "ok"} for video_id in pictures]
    TRANSCRIPTS.write(spoken, workspace.data / "transcripts" / f"{day}.parquet")


def priced(workspace: Workspace) -> dict:
    """The price as JSON."""
    code, output, err = workspace.gettok("plan", "--json")
    assert code == 0, err
    return json.loads(output)


def planned(workspace: Workspace, *arguments: str) -> tuple[dict, str]:
    """The same, and all that a person reads."""
    code, text, err = workspace.gettok("plan", *arguments)
    assert code == 0, err
    return priced(workspace), text


def part(plan: dict, stage: str, name: str) -> dict:
    return next(found[name] for found in plan["stages"] if found["stage"] == stage)


def test_a_study_that_grew_by_a_day_is_priced_exactly_where_it_can_be_and_the_rest_is_estimated(nine_days):
    old = VIDEOS.read(nine_days.data / "videos").height
    nine_days.compose(*study(10))
    plan, text = planned(nine_days)
    assert plan["days"] == {"collected": 9, "others": [["2022-12-10", "2022-12-10"]]}
    assert (
        "9 days of the study are collected; 1 day not yet (2022-12-10), whose videos are extrapolated" in text
    )
    assert part(plan, "describe", "known")["videos"] == old
    assert 0 < part(plan, "describe", "estimated")["videos"] < old / 2, "as many as on the other days"
    nine_days.run("collect", "tabulate")
    new = VIDEOS.read(nine_days.data / "videos").height - old
    plan, text = planned(nine_days)
    assert (plan["videos"], new > 0) == (old + new, True)
    assert part(plan, "describe", "known")["videos"] == part(plan, "describe", "known")["calls"] == old
    assert part(plan, "describe", "estimated")["videos"] == new
    assert part(plan, "annotate", "estimated")["videos"] == old + new
    assert f"describe, estimated: about {new} videos whose inputs are not made yet" in text
    assert "`dvc repro extract_frames transcribe` makes the frames and texts, asks no model" in text
    with_media(nine_days)
    assert part(priced(nine_days), "describe", "estimated")["videos"] == 0


def test_a_study_of_which_the_collected_days_have_no_video_is_not_said_to_cost_nothing(tmp_path, sandbox):
    workspace = Workspace.make(tmp_path, sandbox.base)
    begun = (*study(1), "study.start='2022-11-29'", "collect.canary=[]")
    workspace.compose(*begun, "study.end='2022-11-30'")
    workspace.run("collect", "tabulate")
    assert "nothing to ask a model: there is no video to ask about" in planned(workspace)[1]
    workspace.compose(*begun)
    plan, text = planned(workspace)
    assert (plan["videos"], plan["days"]["collected"]) == (None, 2)
    assert "1 day not yet (2022-12-01), whose videos are not known, and not priced" in text
    assert "nothing to ask a model" not in text


def test_days_to_come_are_neither_read_nor_free(nine_days):
    start, end = (
        f"study.{end}='{datetime.now(UTC).year + 2}-01-0{day}'" for end, day in (("start", 1), ("end", 3))
    )
    nine_days.compose(*study(9), end)
    plan, text = planned(nine_days)
    assert plan["days"]["collected"] == 9
    assert plan["videos"] > VIDEOS.read(nine_days.data / "videos").height
    nine_days.compose(*study(9), start, end)
    text = planned(nine_days)[1]
    assert "nothing to collect now: all is read (0 windows, 0 rows) but 3 days to come" in text
    assert "nothing matches" not in text
    assert "nothing to ask a model" not in text


def test_nothing_is_named_that_pays_where_there_is_nothing_yet(tmp_path, sandbox):
    workspace = Workspace.make(tmp_path, sandbox.base, *study(10))
    plan, text = planned(workspace)
    assert plan["videos"] is None
    assert "models without what is not counted: about $0.0000" in text
    assert "describe, not counted: the videos that are not found yet; 1,000 of them cost about $" in text
    assert "`gettok plan --probe` estimates it" in text
    assert not re.search(r"dvc repro (\w+ )*(describe|annotate)", text)
    plan, text = planned(workspace, "--probe")
    assert abs(plan["videos"] - COUNT) < COUNT / 5
    assert part(plan, "describe", "estimated")["videos"] == plan["videos"]
    total = plan["total"]
    assert 0 < 2 * total["low"] <= total["typical"] + 1e-9 < total["most"]
    assert plan["known"] == {"low": 0, "typical": 0, "most": 0}


def test_the_tables_of_another_study_are_not_priced(nine_days):
    nine_days.compose(*study(9, "Boluarte", "[puno]"))
    plan, text = planned(nine_days)
    assert plan["videos"] is None
    assert "the tables in data/ are not this study's, and are not used" in text
    assert part(plan, "describe", "known")["videos"] == 0
    assert nine_days.gettok("plan", "--probe")[0] == 0
    expected = priced(nine_days)["videos"]
    assert 0 < expected < VIDEOS.read(nine_days.data / "videos").height
    nine_days.run("collect")  # the tables of videos are still the other study's
    plan = priced(nine_days)
    found = part(plan, "describe", "known")["videos"] + part(plan, "describe", "estimated")["videos"]
    assert plan["videos"] == found == expected
    nine_days.run("tabulate")
    assert VIDEOS.read(nine_days.data / "videos").height == expected


@pytest.mark.slow
def test_answers_for_another_study_do_not_make_a_new_one_look_free(nine_days):
    videos = VIDEOS.read(nine_days.data / "videos").height
    nine_days.run("describe")
    assert part(priced(nine_days), "describe", "known")["answered"] == videos
    nine_days.compose(*study(9, "Boluarte", "[puno]"), "llm.budget_usd=0.01")
    plan, text = planned(nine_days)
    assert part(plan, "describe", "known")["answered"] == 0
    assert plan["stages"][0]["measured"] == videos, "what they cost is known, though"
    assert f"(measured on {videos} calls)" in text
    assert "; it is enough\n" not in text


def test_tables_that_are_mostly_of_other_days_are_not_used_if_nothing_says_whose_they_are(nine_days):
    (nine_days.data / "windows.parquet").unlink()
    (nine_days.data / "coverage.parquet").unlink()
    nine_days.compose(*study(9))
    assert part(priced(nine_days), "describe", "known")["videos"] > 0
    nine_days.compose(*study(9), "study.start='2022-12-08'", "source.name=elsewhere")
    plan, text = planned(nine_days)
    assert "half of their videos or more are outside the study's days" in text
    assert part(plan, "describe", "known")["videos"] == 0


def test_frames_of_other_settings_are_not_priced(nine_days):
    videos = VIDEOS.read(nine_days.data / "videos").height
    recorded = {"frames": yaml.safe_load((nine_days.folder / "params.yaml").read_text("utf-8"))["frames"]}
    lock = nine_days.folder / "dvc.lock"
    entry = {"cmd": "x", "params": {"params.yaml": recorded}, "outs": []}
    lock.write_text(yaml.safe_dump({"stages": {"extract_frames": entry}}), "utf-8")
    assert part(priced(nine_days), "describe", "known")["videos"] == videos
    nine_days.compose(*study(9), "frames.stride=150")
    plan = priced(nine_days)
    assert (part(plan, "describe", "known")["videos"], plan["missing"]) == (0, [])
    assert part(plan, "describe", "estimated")["videos"] == videos
    nine_days.compose(*study(9))
    entry["outs"] = [{"path": "data/frames", "md5": f"{'0' * 32}.dir"}]
    lock.write_text(yaml.safe_dump({"stages": {"extract_frames": entry}}), "utf-8")
    shutil.rmtree(nine_days.data / "frames")
    plan, text = planned(nine_days)
    assert (part(plan, "describe", "estimated")["videos"], plan["missing"]) == (videos, ["data/frames"])
    assert "missing in data/, though made before: data/frames; `dvc checkout` or `dvc pull`" in text


@pytest.mark.slow
def test_descriptions_of_another_prompt_leave_the_annotations_to_be_estimated(nine_days):
    nine_days.run("describe")
    videos = VIDEOS.read(nine_days.data / "videos").height
    assert part(priced(nine_days), "annotate", "known")["videos"] == videos
    nine_days.compose(*study(9), "prompts/describe=paper")
    plan = priced(nine_days)
    assert part(plan, "describe", "known") | {"cost": 0} == {
        "videos": videos, "answered": 0, "calls": videos, "cost": 0,
    }  # fmt: skip
    assert part(plan, "annotate", "estimated")["videos"] == videos


@pytest.mark.slow
def test_the_exact_price_is_what_is_then_paid(tmp_path, sandbox):
    """Within one percent, once a few calls have shown how the host counts."""
    workspace = Workspace.make(tmp_path, sandbox.base, *study(2), INPUTS)
    add_day(workspace, 1, 4)
    workspace.run("describe", "annotate")
    add_day(workspace, 2, 9)
    bill, price = spent(workspace), part(priced(workspace), "describe", "known")
    assert (price["videos"], price["answered"], price["calls"]) == (13, 4, 9)
    workspace.run("describe")
    paid = spent(workspace) - bill
    assert price["cost"]["typical"] == pytest.approx(paid, rel=0.01)
    bill, price = spent(workspace), part(priced(workspace), "annotate", "known")
    assert (price["answered"], price["calls"]) == (4, 9)
    workspace.run("annotate")
    paid = spent(workspace) - bill
    assert price["cost"]["typical"] == pytest.approx(paid, rel=0.01)
    assert price["cost"]["low"] < paid < price["cost"]["most"]


def add_day(workspace: Workspace, number: int, count: int) -> None:
    """A day with so many videos that look alike, each with its own number on the screen."""
    at = datetime(2022, 12, number, 12, tzinfo=UTC)
    ids = [f"71740000000000{number:02}{place:03}" for place in range(count)]
    videos = [{"video_id": each, "created_at": at, "description": "Castillo"} for each in ids]
    VIDEOS.write(videos, workspace.data / "videos" / f"{at.date()}.parquet")
    pictures = {each: jpeg(f"LIMA {number}{place}") for place, each in enumerate(ids)}
    add_media(workspace, str(at.date()), pictures)
    days = [{"day": date(2022, 12, day), "state": "complete"} for day in (1, 2)]
    COVERAGE.write(days, workspace.data / "coverage.parquet")


def spent(workspace: Workspace) -> float:
    with CallLog(workspace.store, None, "sandbox:") as call_log:
        return float(call_log.spent_usd())


@pytest.mark.slow
def test_the_sandbox_s_money_is_not_taken_from_a_real_budget(tmp_path, sandbox):
    workspace = Workspace.make(tmp_path, sandbox.base, *study(1))
    add_day(workspace, 1, 3)
    workspace.run("describe")
    assert priced(workspace)["budget"] | {"spent": 0} == {
        "spent": 0,
        "calls": 3,
        "unknown": 0,
        "limit": None,
    }
    workspace.compose(*study(1), "llm.base_url=https://models.example/v1", "llm.budget_usd=0.5")
    budget = {"spent": 0, "calls": 0, "unknown": 0, "limit": 0.5}
    assert priced(workspace)["budget"] == budget


def test_a_plan_says_if_the_tables_hold_answers_that_the_store_lacks(tmp_path, sandbox):
    workspace = Workspace.make(tmp_path, sandbox.base, *study(1))
    add_day(workspace, 1, 1)
    row = {"video_id": "1", "answer_key": "a" * 64, "answer": "{}", "status": "ok"}
    DESCRIPTIONS.write([row], workspace.data / "descriptions" / "2022-12-01.parquet")
    hint = "the tables hold 1 answer that the store lacks (describe 1): run `gettok store refill` first"
    assert hint in workspace.gettok("plan")[2]
    with Store(workspace.store) as store:
        store.put(Key("describe", "a" * 64), "1", Answer({}))
    assert hint not in workspace.gettok("plan")[2]


def test_without_a_price_the_json_is_null(tmp_path, sandbox):
    workspace = Workspace.make(tmp_path, sandbox.base, *study(1), "llm.prices=null")
    assert workspace.gettok("plan", "--json")[1] == "null\n"
