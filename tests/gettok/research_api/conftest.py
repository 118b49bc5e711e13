"""The sandbox's Research API with one video, and a client of it."""

import json
from datetime import UTC, datetime

import pytest
from api_caller import Asker

from sandbox.profiles import Profile
from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """One video."""
    folder = tmp_path_factory.mktemp("corpus")
    created = int(datetime(2022, 12, 1, tzinfo=UTC).timestamp())
    api = {
        "id": str((created - 40) << 32),
        "create_time": created,
        "username": "author",
        "region_code": "PE",
        "video_description": "Castillo",
        "hashtag_names": [],
    }
    (folder / "videos.json").write_text(json.dumps([{"api": api, "page": {"media": None}}]), "utf-8")
    return folder


@pytest.fixture
def asking(corpus, tmp_path):
    """Start the sandbox with a script or switches, and a client of it."""
    running = []

    def start(script=(), profile=None, **settings):
        sandbox = Sandbox(corpus=corpus, script=script, profile=profile or Profile()).__enter__()
        asker = Asker(sandbox.research_api, tmp_path, **settings)
        running.append((sandbox, asker))
        return sandbox, asker

    yield start
    for sandbox, asker in running:
        asker.__exit__()
        sandbox.__exit__(None, None, None)
