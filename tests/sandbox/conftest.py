"""The tests' own corpus: small, and known to the last byte."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import openai
import pytest
import requests
from batch_caller import BatchCaller
from page_reader import Reader
from PIL import Image
from research_caller import Caller

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
    """The corpus as in its `videos.json`; tests refer to its videos by number, from 1."""
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


@pytest.fixture
def caller(sandbox, session):
    return Caller(sandbox, session, IDS)


@pytest.fixture
def calling(corpus, session):
    """A caller of a sandbox with the settings that a test needs."""
    with ExitStack() as running:

        def start(**settings: Any) -> Caller:
            return Caller(running.enter_context(Sandbox(**{"corpus": corpus} | settings)), session, IDS)

        yield start


@pytest.fixture
def corpus_of(tmp_path):
    """A folder with a corpus of a test's rows; each row changes the fields of a plain video."""

    def write(rows: Iterable[dict[str, Any]]) -> Path:
        whole = [{"api": facts("2022-12-07T10:00:00", 1) | row, "page": {}} for row in rows]
        (tmp_path / "videos.json").write_text(json.dumps(whole))
        return tmp_path

    return write


@pytest.fixture
def reader(sandbox):
    reader = Reader(sandbox)
    yield reader
    reader.session.close()


@pytest.fixture
def one(corpus):
    """The film of the first video."""
    return (corpus / "media" / "one.mp4").read_bytes()


@pytest.fixture
def reading(corpus, tmp_path):
    """A reader of the corpus whose videos, by number from 1, have other pages."""
    with ExitStack() as running:

        def start(pages: dict[int, dict[str, Any]], **settings: Any) -> Reader:
            changed = [
                row | {"page": row["page"] | pages.get(number, {})} for number, row in enumerate(ROWS, 1)
            ]
            (tmp_path / "videos.json").write_text(json.dumps(changed))
            (tmp_path / "media").symlink_to(corpus / "media")
            reader = Reader(running.enter_context(Sandbox(corpus=tmp_path, **settings)))
            running.callback(reader.session.close)
            return reader

        yield start


@pytest.fixture
def client(sandbox):
    with openai.OpenAI(base_url=sandbox.model, api_key="sandbox", max_retries=0) as client:
        yield client


@pytest.fixture
def ask(client):
    """Sends one user message, and returns the text of the answer."""

    def ask_model(*parts, **settings):
        return whole(*parts, **settings).choices[0].message.content

    def whole(*parts, **settings):
        messages = [{"role": "user", "content": list(parts)}]
        return client.chat.completions.create(model="sandbox-vision", messages=messages, **settings)

    ask_model.whole = whole
    return ask_model


@pytest.fixture
def switch(sandbox, session):
    """Sets switches of the running sandbox."""

    def switched(**switches):
        answer = session.post(f"{sandbox.base}/__sandbox__/switches", json=switches, timeout=10)
        assert answer.status_code == 200, answer.text

    return switched


@pytest.fixture
def batches(sandbox, client):
    return BatchCaller(sandbox, client)
