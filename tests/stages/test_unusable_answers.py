"""A reply without an answer has been paid for as well: its row has the model and the cost."""

from dataclasses import replace

import pytest
from scripted_endpoint import Endpoint, Scripted, fails, says
from small_study import shared, tables
from two_videos import VIDEOS_OF_STUDY, two_videos
from workspace import Workspace

from gettok import release
from gettok.books import Books
from gettok.errors import Damaged
from gettok.step import Row
from gettok.tables import ANNOTATIONS, DESCRIPTIONS

PROVENANCE = {"gettok": "0.1.0", "study": {"name": "small"}}
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
    return two_videos(tmp_path, endpoint)


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
