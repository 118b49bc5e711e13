"""Media and frames that have changed on the disk are used for nothing; what was made from them is found and deleted."""

import fcntl
import json
import re
from contextlib import ExitStack
from datetime import UTC, datetime

import media_files
import pytest
from flipped import rotten
from root import ROOT
from workspace import Workspace

from gettok.store import Store
from gettok.tables import FRAMES, VIDEOS

DAY = "2022-12-07"
FILM, OTHER, SHOW = "71", "72", "73"
SETTINGS = (
    "download=local",
    "download.folder=mine",
    f"asr.model={ROOT / 'sandbox' / 'speech' / 'whisper_demo'}",
    "ocr=rapidocr",
    "llm.max_frames=1",
    "engine.workers=1",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two films and a slideshow with a sound, with their frames and what is said in them."""
    made = Workspace.make(tmp_path_factory.mktemp("rot"), "", *SETTINGS)
    mine = made.folder / "mine"
    mine.mkdir()
    media_files.video(mine / f"{FILM}.mp4", frames=40)
    media_files.video(mine / f"{OTHER}.mp4", frames=50, size=(256, 160))
    media_files.slideshow(mine / SHOW, media_files.sound_only(made.folder / "sound.m4a"))
    day = datetime(2022, 12, 7, tzinfo=UTC)
    rows = [{"video_id": name, "created_at": day, "username": "u"} for name in (FILM, OTHER, SHOW)]
    VIDEOS.write(rows, made.data / "videos" / f"{DAY}.parquet")
    made.run("download", "extract_frames", "transcribe")
    return made


def answers(workspace: Workspace, video_id: str) -> list[tuple[str, str]]:
    with Store(workspace.store) as store:
        return [(answer.stage, answer.key) for answer in store.about(video_id)]


ASKED_ANEW = {"extract_frames": "frames.stride={}", "transcribe": "asr.min_speech_ratio=0.{}"}


@pytest.mark.parametrize(
    ("number", "stage", "file", "named"),
    [
        (11, "extract_frames", f"{OTHER}.mp4", f"{OTHER}.mp4"),
        pytest.param(12, "transcribe", f"{OTHER}.mp4", f"{OTHER}.mp4", marks=pytest.mark.slow),
        pytest.param(13, "extract_frames", f"{SHOW}/001.webp", SHOW, marks=pytest.mark.slow),
        (14, "transcribe", f"{SHOW}/sound.m4a", SHOW),
        pytest.param(15, "transcribe", f"{SHOW}/002.png", SHOW, marks=pytest.mark.slow),
    ],
)
def test_f40_nothing_is_made_from_media_that_have_changed(workspace, number, stage, file, named):
    workspace.compose(*SETTINGS, ASKED_ANEW[stage].format(number))
    path = workspace.data / "media" / file
    video_id = named.partition(".")[0]
    before = {video: answers(workspace, video) for video in (FILM, video_id)}
    with rotten(path):
        code, said = workspace.outcome(stage)
    assert (code, f"video {video_id}: data/media/{named} does not match its digest" in said) == (65, True), (
        said
    )
    assert answers(workspace, video_id) == before[video_id], "nothing about it is stored"
    assert len(answers(workspace, FILM)) == len(before[FILM]) + 1, "the answer that came before it is kept"
    workspace.run(stage)
    assert len(answers(workspace, video_id)) == len(before[video_id]) + 1, "the file is whole again"


def test_a_file_that_is_missing_stops_a_stage(workspace):
    workspace.compose(*SETTINGS, "frames.stride=21", "asr.min_speech_ratio=0.21")
    path = workspace.data / "media" / f"{OTHER}.mp4"
    away = path.rename(workspace.folder / "away.mp4")
    for stage in ASKED_ANEW:
        code, said = workspace.outcome(stage)
        assert (code, f"video {OTHER}: data/media/{OTHER}.mp4 is missing" in said) == (66, True), said
    away.rename(path)
    workspace.run(*ASKED_ANEW)


def place_of_frame(workspace: Workspace, video_id: str, index: int) -> int:
    """Where some bytes are that this frame alone has: zstd stores bytes as they are if they do not repeat others."""
    rows = FRAMES.read(workspace.data / "frames").to_dicts()
    frames = {(row["video_id"], row["frame_index"]): row["image"]["bytes"] for row in rows}
    jpeg = frames.pop((video_id, index))
    stored = (workspace.data / "frames" / f"{DAY}.parquet").read_bytes()
    pieces = (jpeg[start : start + 40] for start in range(0, len(jpeg) - 40, 40))
    own = (piece for piece in pieces if not any(piece in other for other in frames.values()))
    return next(place for piece in own if (place := stored.find(piece)) > 0)


def test_f40_a_frame_that_has_changed_is_not_read(workspace):
    path = workspace.data / "frames" / f"{DAY}.parquet"
    before = answers(workspace, OTHER)
    with rotten(path, place_of_frame(workspace, OTHER, 21)):
        code, said = workspace.outcome("describe")
    assert (code, f"frame 21 of video {OTHER} does not match its digest" in said) == (65, True), said
    assert answers(workspace, OTHER) == before


def test_verify_deep_names_damaged_inputs_and_what_was_made_from_them(workspace):
    code, out, _ = workspace.gettok("store", "verify", "--deep")
    assert (code, "all intact" in out) == (0, True), out
    made = dict(answers(workspace, OTHER))
    media, frames = workspace.data / "media", workspace.data / "frames" / f"{DAY}.parquet"
    with ExitStack() as damage:
        damage.enter_context(rotten(media / f"{OTHER}.mp4"))
        damage.enter_context(rotten(frames, place_of_frame(workspace, FILM, 21)))
        code, out, err = workspace.gettok("store", "verify", "--deep")
        assert workspace.gettok("store", "verify")[0] == 65, "the store has the same file"
    assert (code, "2 damaged or missing files in data/" in err) == (65, True), err
    assert f"video {OTHER}: data/media/{OTHER}.mp4 does not match its digest\n" in out
    for stage in ("extract_frames", "transcribe"):
        assert f"may have been made from it: {stage} {OTHER} {made[stage]}\n" in out
    assert f"gettok store drop --video {OTHER} --stage extract_frames --stage transcribe\n" in out
    assert f"frames of these videos do not match their digests: {FILM}\n" in out
    assert workspace.gettok("store", "verify", "--deep")[0] == 0


def test_dropped_answers_are_asked_for_again_and_those_of_others_are_not(workspace):
    before = {video: answers(workspace, video) for video in (FILM, OTHER)}
    code, out, _ = workspace.gettok("store", "drop", "--video", OTHER, "--stage", "extract_frames")
    count = sum(stage == "extract_frames" for stage, _ in before[OTHER])
    assert (code, f"extract_frames   {count:>9} answer" in out) == (0, True)
    assert "dvc repro -f -s extract_frames" in out
    assert answers(workspace, OTHER) == [named for named in before[OTHER] if named[0] != "extract_frames"]
    assert "extract_frames: 1 to ask, 2 answered before" in workspace.run("extract_frames")
    assert answers(workspace, FILM) == before[FILM]
    log = [json.loads(line) for line in (workspace.store / "drops.jsonl").read_text().splitlines()]
    assert [(entry["stage"], entry["key"]) for entry in log] == [
        named for named in before[OTHER] if named[0] == "extract_frames"
    ]
    assert all(entry["blobs"] and entry["subject"] == OTHER for entry in log)


def test_a_stage_that_had_not_answered_yet_does_not_keep_the_others_from_being_dropped(workspace):
    """The stage that stops at a damaged file has no answer about it."""
    code, out, err = workspace.gettok(
        "store", "drop", "--video", OTHER, "--stage", "extract_frames", "--stage", "annotate"
    )
    assert code == 0, err
    assert "annotate" not in out
    assert "extract_frames" not in {stage for stage, _ in answers(workspace, OTHER)}


def test_f56_a_whole_video_is_dropped_with_its_file_and_fetched_again(workspace):
    code, out, _ = workspace.gettok("store", "drop", "--video", SHOW)
    assert (code, {"download", "extract_frames", "transcribe"} <= set(re.findall(r"(?m)^\w+", out))) == (
        0,
        True,
    )
    assert "dvc repro -f -s download extract_frames transcribe" in out.replace(" describe", ""), (
        "in their order"
    )
    assert answers(workspace, SHOW) == []
    assert "download: 1 to ask, 2 answered before" in workspace.run("download")
    assert workspace.gettok("store", "verify", "--deep")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--video", "74"), "no answer about a video '74'"),
        (("--video", "*"), "no answer about a video '*'"),
        (("--video", FILM, "--stage", "frames"), "no answer of a stage 'frames' about the video 71"),
        (("--video", FILM, "--stage", "transcribe", "--stage", "frames"), "no answer of a stage 'frames'"),
        (
            ("--video", FILM, "--stage", "annotate"),
            "no answer of a stage 'annotate' about the video 71",
        ),
    ],
)
def test_a_video_or_stage_without_answers_is_an_error(workspace, arguments, what):
    before = answers(workspace, FILM)
    code, _, err = workspace.gettok("store", "drop", *arguments)
    assert (code, what in err) == (66, True), err
    assert answers(workspace, FILM) == before


def test_nothing_is_dropped_while_a_stage_runs(workspace):
    with (workspace.store / "transcribe.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = workspace.gettok("store", "drop", "--video", FILM)
    assert (code, "another run of transcribe" in err) == (69, True)
    assert answers(workspace, FILM)
