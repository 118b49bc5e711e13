"""A reply without an answer has been paid for as well: its row has the model and the cost."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scripted_endpoint import Endpoint, Scripted, fails, jpeg, says
from small_study import shared, tables, video
from workspace import Workspace

from gettok import release
from gettok.books import Books
from gettok.errors import Damaged
from gettok.step import Row
from gettok.tables import ANNOTATIONS, DESCRIPTIONS, FRAMES, TRANSCRIPTS, VIDEOS

DAY = "2022-12-07"
PROVENANCE = {"gettok": "0.1.0", "study": {"name": "small"}}
VIDEOS_OF_STUDY = [video(place, created_at=datetime(2022, 12, 7, tzinfo=UTC)) for place in (1, 2)]
SEEN = {"description": "A crowd.", "on_screen_text": [], "language": ""}
JUDGED = {"label": "neutral", "evidence": "", "missing": ""}
PAID = {"model": "model-a", "prompt_tokens": 1000, "completion_tokens": 100, "cost_usd": 0.00015}
#: A prompt that was filtered has no token count, and some hosts charge for it.
NOT_COUNTED = dict.fromkeys((*PAID, "finish_reason"))


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def workspace(tmp_path, endpoint):
    """Two videos with a frame and a transcript each, and a model that answers by a script, one call after another."""
    settings = (
        f"llm.base_url={endpoint.url}",
        "llm.max_concurrency=1",
        "llm.max_attempts=1",
        "ocr=off",
        "prompt_injection=off",
        "codebook=stance",
    )
    made = Workspace.make(tmp_path, "", *settings)
    made.environment["GETTOK_SANDBOX_KEY"] = "sandbox"
    ids = [row["video_id"] for row in VIDEOS_OF_STUDY]
    VIDEOS.write(VIDEOS_OF_STUDY, made.data / "videos" / f"{DAY}.parquet")
    transcripts = [{"video_id": video_id, "text": f"Hoy es {video_id}", "status": "ok"} for video_id in ids]
    TRANSCRIPTS.write(transcripts, made.data / "transcripts" / f"{DAY}.parquet")
    pictures = {video_id: jpeg(video_id) for video_id in ids}
    frames = [
        {
            "video_id": video_id,
            "frame_index": 0,
            "time_s": 0.0,
            "sha256": hashlib.sha256(picture).hexdigest(),
            "image": {"bytes": picture, "path": "0.jpg"},
            "status": "ok",
        }
        for video_id, picture in pictures.items()
    ]
    FRAMES.write(frames, made.data / "frames" / f"{DAY}.parquet")
    return made


def described(workspace: Workspace) -> list[Row]:
    return DESCRIPTIONS.read(workspace.data / "descriptions").to_dicts()


def judged(workspace: Workspace) -> list[Row]:
    return ANNOTATIONS.read(workspace.data / "annotations").to_dicts()


def unusable(rows: list[Row], *columns: str) -> Row:
    """The row without an answer, in these columns."""
    (row,) = [row for row in rows if row["status"] != "ok"]
    return {name: row[name] for name in columns}


NO_ANSWERS = [
    ("refused", [says(None, refusal="no", model="model-a")], {**PAID, "finish_reason": "stop"}),
    (
        "filtered",
        [says("", finish="content_filter", model="model-a")],
        {**PAID, "finish_reason": "content_filter"},
    ),
    ("filtered", [fails(400, "content_filter")], NOT_COUNTED),
    (
        "malformed",
        [says("no JSON", model="model-a"), says("still none", model="model-a")],
        {
            "model": "model-a",
            "finish_reason": "stop",
            "prompt_tokens": 2000,
            "completion_tokens": 200,
            "cost_usd": 0.0003,
        },
    ),
    ("cut_short", [says("{", finish="length", model="model-a")], {**PAID, "finish_reason": "length"}),
]


@pytest.mark.parametrize(("reason", "script", "usage"), NO_ANSWERS)
def test_f43_to_f45_a_row_without_an_answer_has_the_model_and_the_cost(
    workspace, endpoint, reason, script: list[Scripted], usage
):
    endpoint.plays(says(SEEN, model="model-a"), *script)
    workspace.run("describe")
    assert unusable(described(workspace), "reason", *usage) == {"reason": reason, **usage}
    endpoint.plays(says(JUDGED, model="model-a"), *script)
    workspace.run("annotate")
    expected = {"reason": reason, "voters": [usage["model"]], **usage}
    assert unusable(judged(workspace), *expected) == expected
    assert endpoint.script == []


def test_f49_a_second_model_behind_the_name_is_a_mixture_even_if_it_only_refuses(workspace, endpoint):
    refused = says(None, refusal="no", model="model-b")
    endpoint.plays(says(SEEN, model="model-a"), refused, says(JUDGED, model="model-a"), refused)
    workspace.run("describe", "annotate")
    of = tables(*VIDEOS_OF_STUDY)
    made = {
        "describe": {"descriptions": DESCRIPTIONS.read(workspace.data / "descriptions")},
        "annotate": {"annotations": ANNOTATIONS.read(workspace.data / "annotations")},
    }
    for stage, table in made.items():
        counted = {**of.books, stage: Books.read(workspace.data / "books" / f"{stage}.json")}
        with pytest.raises(Damaged, match="answered by more than one model: model-a, model-b"):
            release.write(
                workspace.folder / "release", replace(of, **table, books=counted), shared("team"), PROVENANCE
            )
