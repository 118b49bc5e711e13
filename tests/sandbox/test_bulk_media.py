"""Many films of the same size, generated quickly and all different."""

import hashlib
import json

import av
import pytest
from page_reader import Reader

from sandbox.bulk_media import FILM, write
from sandbox.server import Sandbox

VIDEOS, MEGABYTES = 6, 0.4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk_media")
    write(folder, videos=VIDEOS, megabytes=MEGABYTES)
    return folder


def test_every_film_is_different_playable_and_as_long_as_on_its_page(folder, tmp_path):
    ids = [video["api"]["id"] for video in json.loads((folder / "videos.json").read_text("utf-8"))]
    digests = set()
    with Sandbox(corpus=folder) as sandbox:
        reader = Reader(sandbox)
        for video_id in ids:
            video = reader.struct(video_id)["video"]
            film = reader.get(video["playAddr"]).content
            assert video["bitrateInfo"][0]["PlayAddr"]["DataSize"] == str(len(film))
            digests.add(hashlib.sha256(film).digest())
        reader.session.close()
    assert len(digests) == len(ids) == VIDEOS
    assert abs(len(film) - MEGABYTES * 1e6) < MEGABYTES * 1e5
    (tmp_path / "film.mp4").write_bytes(film)
    with av.open(str(tmp_path / "film.mp4")) as file:
        assert sum(1 for _ in file.decode(video=0)) == 250


def test_there_is_one_film_on_disk(folder):
    assert [file.name for file in (folder / "media").iterdir()] == [FILM]


def test_the_same_arguments_give_the_same_corpus(folder, tmp_path):
    write(tmp_path, videos=VIDEOS, megabytes=MEGABYTES)
    for name in ("videos.json", f"media/{FILM}"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
