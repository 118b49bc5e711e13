"""The Research API's answers about the demo's corpus are the recorded bytes, on which existing stores depend."""

import hashlib
import json
from pathlib import Path

import pytest
from research_caller import CASTILLO, Caller

from sandbox.corpus.truth import HERE
from sandbox.research_api.comments import FIELDS as OF_COMMENTS
from sandbox.research_api.query import FIELDS as OF_VIDEOS
from sandbox.research_api.users import FIELDS as OF_PEOPLE
from sandbox.server import Sandbox

RECORDED = {
    "answers": "177cdf151a74bc12dbc38f75d64ddadbfa86b2a708ab8a3a11aa8089265f05e5",
    "media": "23ce7020a5c58680db4095f92b6cbe2691c4f773c8de0444860090eac38eba15",
}
WINDOWS = (
    ("20221120", "20221219"),
    ("20221220", "20230118"),
    ("20230119", "20230217"),
    ("20230218", "20230301"),
)


@pytest.fixture
def demo(session):
    with Sandbox() as running:
        yield Caller(running, session, [])


def test_the_research_api_s_answers_are_the_recorded_bytes(demo):
    digest = hashlib.sha256()
    everyone = {"not": [CASTILLO | {"field_values": ["nobody says this"]}]}
    names, ids = set(), []
    for start, end in WINDOWS:
        window = {"query": everyone, "start_date": start, "end_date": end, "max_count": 100}
        answer = demo.query(",".join(OF_VIDEOS), **window)
        digest.update(answer.content)
        videos = answer.json()["data"]["videos"]
        names |= {video["username"] for video in videos}
        ids += [video["id"] for video in videos]
    for video in ids[:10]:
        path = f"video/comment/list/?fields={','.join(OF_COMMENTS)}"
        digest.update(demo.ask(path, video_id=video, max_count=100).content)
    for name in sorted(names):
        digest.update(demo.ask(f"user/info/?fields={','.join(OF_PEOPLE)}", username=name).content)
    assert len(ids) == len(json.loads((HERE / "videos.json").read_text("utf-8")))
    assert digest.hexdigest() == RECORDED["answers"]


def test_the_media_are_the_recorded_bytes():
    digest = hashlib.sha256()
    for file in sorted(Path(HERE / "media").iterdir()):
        digest.update(f"{file.name} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    assert digest.hexdigest() == RECORDED["media"]
