"""Each backend on the demo's hard videos."""

import json
from collections.abc import Iterator

import pytest
from download_corpus import settings

from gettok.download import DownloadStep, VideoLink
from gettok.errors import Unusable
from sandbox.corpus import truth
from sandbox.server import Sandbox

#: The reasons of the kinds that cannot be fetched; the other kinds can.
ENDS = {
    "private": "private",
    "private_account": "private",
    "removed": "removed",
    "region_locked": "region_locked",
    "truncated": "truncated",
    "html": "not_a_video",
}
ROWS = json.loads((truth.HERE / "videos.json").read_text("utf-8"))
KINDS = {video_id: true.kind for video_id, true in truth.truth().items()}
HARD = [row for row in ROWS if KINDS[row["api"]["id"]] != "plain"]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def test_the_demo_has_all_kinds_of_hard_videos():
    assert {*ENDS, "slideshow", "no_audio", "hevc", "rotated", "variable_rate"} <= {
        KINDS[row["api"]["id"]] for row in HARD
    }


@pytest.mark.parametrize(
    "backend",
    ["page", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ytdlp", "pyktok"))],
)
def test_every_hard_video_of_the_demo_ends_in_its_right_reason(server, backend, tmp_path):
    step = DownloadStep(settings(backend=backend), "sandbox", server.pages, tmp_path, lambda _: None)
    found, expected = {}, {}
    for row in HARD:
        video_id, kind = row["api"]["id"], KINDS[row["api"]["id"]]
        expected[video_id] = ENDS.get(kind, "slideshow" if kind == "slideshow" else "video")
        try:
            (read,) = step.read(step.ask(VideoLink(video_id, row["api"]["username"])))
            found[video_id] = read["kind"]
        except Unusable as unusable:
            found[video_id] = unusable.reason
    step.close()
    assert found == expected
