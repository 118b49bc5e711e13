"""A corpus of the tests' own: small, and known to the last byte."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import requests
from PIL import Image

from sandbox.server import Sandbox


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def id_for(created: int, number: int) -> str:
    return str(((created - 40) << 32) + number)


def film(path: Path, colour: int, frames: int = 12) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 64, 112, "yuv420p"
        for number in range(frames):
            pixels = np.full((112, 64, 3), colour, dtype=np.uint8)
            pixels[number * 4 : number * 4 + 8] = 255 - colour
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def facts(created: str, number: int, **more: Any) -> dict[str, Any]:
    moment = at(created)
    return {
        "id": id_for(moment, number),
        "create_time": moment,
        "username": f"user_{number}",
        "region_code": "PE",
        "video_description": f"Video {number} #Castillo",
        "music_id": str(7000000000000000000 + number),
        "like_count": number,
        "view_count": 10 * number,
        "comment_count": 0,
        "share_count": 1,
        "hashtag_names": ["Castillo"],
        "video_duration": 12,
    } | more


OK = {
    "status_code": 0,
    "status_msg": "",
    "serve": "whole",
    "codec": "h264",
    "width": 64,
    "height": 112,
    "duration": 0.48,
}

ROWS: list[dict[str, Any]] = [
    {
        "api": facts("2022-12-07T10:00:00", 1),
        "page": OK | {"media": "one.mp4", "author": {"nickname": "Uno </script>"}},
    },
    {"api": facts("2022-12-07T23:59:59", 2), "page": OK | {"media": "two.mp4", "serve": "truncated"}},
    {"api": facts("2022-12-08T00:00:00", 3), "page": OK | {"media": "one.mp4", "serve": "html"}},
    {
        "api": facts("2022-12-09T12:00:00", 4, hashtag_names=[], video_duration=0),
        "page": OK | {"media": None, "images": ["a.jpg", "b.jpg"], "sound": "sound.m4a", "duration": 0},
    },
    {
        "api": facts("2022-12-10T12:00:00", 5, region_code="pe", video_description="Nadie dijo nada"),
        "page": {"status_code": 10222, "status_msg": "", "media": None},
    },
    {
        "api": facts(
            "2022-12-11T12:00:00", 6, username="x\u0000\u00004", voice_to_text="hola 🇵🇪", view_count=None
        ),
        "page": {"status_code": 10204, "status_msg": "status_deleted", "media": None},
    },
    {
        "api": facts(
            "2022-12-12T12:00:00", 7, region_code="US", playlist_id="7200000000000000007", effect_ids=["77"]
        ),
        "page": {"status_code": 10231, "status_msg": "cross_border_violation", "media": None},
    },
]
IDS = [str(row["api"]["id"]) for row in ROWS]


@pytest.fixture(scope="session")
def rows():
    """The corpus as its `videos.json` says it; tests speak of its videos by number, from 1."""
    return ROWS


@pytest.fixture(scope="session")
def ids():
    return IDS


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    media = folder / "media"
    media.mkdir()
    film(media / "one.mp4", 40)
    film(media / "two.mp4", 200, frames=30)
    for name, colour in (("a.jpg", "red"), ("b.jpg", "blue")):
        Image.new("RGB", (64, 112), colour).save(media / name)
    (media / "sound.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(500))
    (folder / "videos.json").write_text(json.dumps(ROWS))
    return folder


@pytest.fixture
def sandbox(corpus):
    with Sandbox(corpus=corpus) as running:
        yield running


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


class Caller:
    """A bare client of the Research API, which hides nothing of an answer."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session
        self.headers = {"Authorization": f"Bearer {self.token()}"}

    def token(self, **form: str) -> str:
        answer = self.login(**form)
        return str(answer.json()["access_token"])

    def login(self, **form: str) -> requests.Response:
        whole = {
            "client_key": "sandbox",
            "client_secret": "sandbox",
            "grant_type": "client_credentials",
        } | form
        return self.session.post(f"{self.sandbox.research_api}/oauth/token/", data=whole, timeout=10)

    def query(self, fields: str = "id,create_time", **body: Any) -> requests.Response:
        castillo = {"operation": "EQ", "field_name": "keyword", "field_values": ["castillo"]}
        whole = {"query": {"and": [castillo]}, "start_date": "20221201", "end_date": "20221231"} | body
        url = f"{self.sandbox.research_api}/research/video/query/?fields={fields}"
        return self.session.post(url, json=whole, headers=self.headers, timeout=10)

    def found(self, *conditions: tuple[str, str, list[str]], group: str = "and", **body: Any) -> list[int]:
        """The numbers of the videos that a query finds, in ascending order."""
        lines = [
            {"field_name": name, "operation": op, "field_values": values} for name, op, values in conditions
        ]
        answer = self.query(query={group: lines}, max_count=100, **body).json()
        assert answer["error"]["code"] == "ok", answer["error"]
        return sorted(IDS.index(str(video["id"])) + 1 for video in answer["data"]["videos"])


@pytest.fixture
def caller(sandbox, session):
    return Caller(sandbox, session)


@pytest.fixture
def calling(corpus, session):
    """A caller of a sandbox with the settings that a test wants."""
    with ExitStack() as running:

        def start(**settings: Any) -> Caller:
            return Caller(running.enter_context(Sandbox(**{"corpus": corpus} | settings)), session)

        yield start
