"""Another model half-way through a study: its answers and the first model's are kept apart, and none is lost."""

import json
from dataclasses import replace

import polars as pl
import pytest
from scripted_endpoint import Endpoint, fails, says
from small_study import shared, tables
from two_videos import VIDEOS_OF_STUDY, settings_for, two_videos

from gettok import release
from gettok.books import Books
from gettok.tables import DESCRIPTIONS

SEEN = {"description": "A crowd.", "on_screen_text": [], "language": ""}


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def workspace(tmp_path, endpoint):
    return two_videos(tmp_path, endpoint)


def described(workspace) -> pl.DataFrame:
    return DESCRIPTIONS.read(workspace.data / "descriptions")


def released_models(workspace) -> list[str]:
    """Those that a release of what was described names."""
    of, folder = tables(*VIDEOS_OF_STUDY), workspace.folder / "release"
    books = {**of.books, "describe": Books.read(workspace.data / "books" / "describe.json")}
    release.write(folder, replace(of, descriptions=described(workspace), books=books), shared("team"), {})
    return json.loads((folder / "provenance.json").read_text("utf-8"))["models"]["descriptions"]


def test_f41_a_model_changed_half_way_mixes_no_answers_and_loses_none(workspace, endpoint):
    endpoint.plays(says(SEEN, model="model-a"), fails(429, "insufficient_quota"))
    code, said = workspace.outcome("describe")
    assert code != 0, said
    workspace.compose(*settings_for(endpoint), "llm.model=model-b")
    endpoint.plays(says(SEEN, model="model-b"), says(SEEN, model="model-b"))
    workspace.run("describe")
    assert endpoint.script == [], "the new model is asked about both videos"
    assert released_models(workspace) == ["model-b"]
    keys = set(described(workspace)["answer_key"])

    workspace.compose(*settings_for(endpoint))
    endpoint.plays(says(SEEN, model="model-a"))
    workspace.run("describe")
    assert endpoint.script == [], (
        "the first model's answer was kept, and it is asked about the other video alone"
    )
    assert described(workspace)["model"].to_list() == ["model-a", "model-a"]
    assert keys.isdisjoint(described(workspace)["answer_key"])
