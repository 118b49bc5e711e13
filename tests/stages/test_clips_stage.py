"""Stages that give a model the video itself and its sound: what they ask, what they never ask, and what a plan says."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from workspace import Workspace

from gettok.media import MediaFile
from gettok.media.probing import probe
from gettok.step import Row
from gettok.store import Store
from gettok.tables import ANNOTATIONS, COVERAGE, DESCRIPTIONS, FRAMES, MEDIA, VIDEOS
from sandbox.profiles import profile_named
from sandbox.server import Sandbox
from sandbox.videos import CORPUS

DAY = "2022-12-07"
#: A film with speech, one of which only the sound is there, and one that could not be fetched.
FILM, SLIDES, LOST = "7173732723132936103", "7176913245259847703", "7174000000000000009"
CODEBOOK = """
name: clips
frames: 1
label_orders: 1
variables:
  shown:
    question: "Is the weather on the screen?"
    kind: yes_no
    definition: "A text about the clima."
    inputs: [video]
  said:
    question: "Does anyone vote?"
    kind: yes_no
    definition: "Los taxistas votan."
    inputs: [sound]
"""
SEES = (
    "llm.sees=[video,sound]",
    "llm.clip.fps=1",
    "llm.clip.max_s=6",
    "llm.prices.input_usd_per_million=100.0",
    "codebook=clips",
    "prompts/codebook=rendered",
    "ocr=off",
    f"study.start='{DAY}'",
    f"study.end='{DAY}'",
)


@pytest.fixture(scope="module")
def sandboxes(empty_corpus: Path) -> Any:
    """Starts sandboxes with switches."""

    def start(**switches: Any) -> Sandbox:
        return Sandbox(corpus=empty_corpus, profile=replace(profile_named("clean"), **switches))

    return start


def study(folder: Path, sandbox: Sandbox) -> Workspace:
    made = Workspace.make(folder, sandbox.base)
    (folder / "conf" / "codebook" / "clips.yaml").write_text(CODEBOOK)
    code, _, errors = made.gettok("compose", *SEES)
    assert code == 0, errors
    at = datetime(2022, 12, 7, tzinfo=UTC)
    videos = [{"video_id": each, "created_at": at, "username": "u"} for each in (FILM, LOST, SLIDES)]
    VIDEOS.write(videos, made.data / "videos" / f"{DAY}.parquet")
    COVERAGE.write([{"day": at.date(), "state": "complete"}], made.data / "coverage.parquet")
    media = made.data / "media"
    (media / SLIDES).mkdir(parents=True)
    shutil.copy(CORPUS / "media" / f"{FILM}.mp4", media)
    shutil.copy(CORPUS / "media" / f"{SLIDES}.m4a", media / SLIDES / "sound.m4a")
    MEDIA.write(
        [
            of_media(media / f"{FILM}.mp4", "video", 16.97),
            {"video_id": LOST, "status": "unusable", "reason": "gone"},
            of_media(media / SLIDES, "slideshow", 6.0),
        ],
        made.data / "media.parquet",
    )
    none = [{"video_id": each, "status": "unusable", "reason": "no_media"} for each in (FILM, LOST, SLIDES)]
    FRAMES.write(none, made.data / "frames" / f"{DAY}.parquet")
    return made


def of_media(path: Path, kind: str, seconds: float) -> Row:
    row = {"video_id": path.stem, "file": path.name, "sha256": MediaFile.of(path).sha256, "status": "ok"}
    return row | {"kind": kind, "duration_s": seconds, "has_audio": True, "audio_track": 0}


def annotated(made: Workspace) -> dict[tuple[str, str], Row]:
    rows = ANNOTATIONS.read(made.data / "annotations").to_dicts()
    return {(row["video_id"], row["variable"]): row for row in rows}


def calls_to(sandbox: Sandbox) -> int:
    return sum("chat/completions" in entry["path"] for entry in sandbox.requests())


def usd(plan: str, stage: str) -> float:
    (found,) = re.findall(rf"^{stage}: 0 of \d videos? answered; .* about \$([\d.]+),", plan, re.MULTILINE)
    return float(found)


@pytest.mark.slow
def test_videos_and_sounds_are_judged_and_described_and_cost_what_the_plan_says(
    tmp_path: Path, sandboxes: Any
) -> None:
    with sandboxes() as sandbox:
        made = study(tmp_path, sandbox)
        code, plan, errors = made.gettok("plan")
        assert code == 0, errors
        assert calls_to(sandbox) == 0
        made.run("describe", "annotate")
        asked = calls_to(sandbox)
        made.run("describe", "annotate")
        assert calls_to(sandbox) == asked == 3 + 2 + 3, "the questions about senses are asked once"
    described = {row["video_id"]: row for row in DESCRIPTIONS.read(made.data / "descriptions").to_dicts()}
    assert "taxistas votan" in described[FILM]["description"]
    assert "Clima en" in described[FILM]["on_screen_text"]
    assert (described[FILM]["on_screen_by_frame"], described[FILM]["frame_indices"]) == ([], [])
    assert [row["clip_s"] for row in described.values()] == [6.0, None, 6.0]
    assert described[LOST]["reason"] == "no_frames"
    rows = annotated(made)
    assert (rows[FILM, "shown"]["label"], rows[FILM, "said"]["label"]) == ("yes", "yes")
    assert (rows[FILM, "shown"]["inputs_used"], rows[FILM, "said"]["inputs_used"]) == (["video"], ["sound"])
    assert {rows[SLIDES, "shown"]["reason"], rows[LOST, "said"]["reason"]} == {"no_inputs"}
    assert rows[SLIDES, "said"]["inputs_used"] == ["sound"]
    for stage, spent in (
        ("describe", sum(row["cost_usd"] or 0 for row in described.values())),
        ("annotate shown", rows[FILM, "shown"]["cost_usd"]),
        ("annotate said", rows[FILM, "said"]["cost_usd"] + rows[SLIDES, "said"]["cost_usd"]),
    ):
        # a plan counts the form of the answer, too, which the sandbox does not
        assert usd(plan, stage) == pytest.approx(spent, rel=0.35), stage


@pytest.mark.parametrize(
    ("switches", "stage", "why"),
    [
        ({"video": "vllm"}, "annotate", "At most 0 video(s) may be provided"),
        ({"sound": "dropped"}, "describe", "dropped in silence: it counts"),
    ],
)
def test_a_host_that_does_not_take_them_is_found_before_the_first_video(
    tmp_path: Path, sandboxes: Any, switches: dict[str, str], stage: str, why: str
) -> None:
    with sandboxes(**switches) as sandbox:
        made = study(tmp_path, sandbox)
        code, said = made.outcome(stage)
        assert code == 78
        assert why in said
        assert "nothing was asked about any video of the study" in said
        (kind,) = switches
        assert f"leave {kind} out of llm.sees" in said
        # the question alone and with each kind of clip, and once more with the one that is not taken
        assert calls_to(sandbox) == (4 if stage == "annotate" else 5)
    with Store(made.store) as store:
        assert not list(store.stats())


def test_a_file_whose_bytes_have_changed_is_never_sent(tmp_path: Path, sandboxes: Any) -> None:
    with sandboxes() as sandbox:
        made = study(tmp_path, sandbox)
        film = made.data / "media" / f"{FILM}.mp4"
        film.write_bytes(film.read_bytes() + b"\0")
        code, said = made.outcome("annotate")
        assert code == 65
        assert f"video {FILM}: data/media/{FILM}.mp4 does not match its digest" in said
    with Store(made.store) as store:
        assert not list(store.stats())


@pytest.mark.slow
def test_one_file_at_hand_is_tried_with_its_video_and_its_sound(tmp_path: Path, sandboxes: Any) -> None:
    film = CORPUS / "media" / f"{FILM}.mp4"
    assert probe(film).kind == "video"
    with sandboxes() as sandbox:
        made = study(tmp_path, sandbox)
        for step in ("annotate", "describe"):
            code, output, errors = made.gettok("try", step, str(film), *SEES)
            assert code == 0, errors
            row = json.loads(output)
            used = [each["inputs_used"] for each in row.get("variables", ())]
            assert (used, row.get("clip_s")) in [([["video"], ["sound"]], None), ([], 6.0)]
