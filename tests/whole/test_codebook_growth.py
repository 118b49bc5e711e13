"""A codebook that grows by a variable pays for that variable's call alone, and one that goes back pays nothing."""

from collections import Counter

import pytest
from repository import Repository, files, stages_run

from gettok.tables import ANNOTATIONS, VIDEOS
from sandbox.server import Sandbox

VARIABLE = """
  official:
    question: "Does the video show or quote an official source?"
    kind: yes_no
    inputs: ["transcript", "description", "on_screen_text", "caption", "frames"]
"""


def questions(sandbox: Sandbox, seen: int) -> Counter[str]:
    """How often each body was sent to the model since then."""
    new = sandbox.requests()[seen:]
    return Counter(entry["body_sha256"] for entry in new if "chat/completions" in entry["path"])


def variables(repository: Repository) -> dict[str, int]:
    """How many videos have a row, by variable."""
    found = ANNOTATIONS.read(repository.data / "annotations", ["video_id", "variable"])
    assert found.n_unique() == found.height
    return dict(found.group_by("variable").len().iter_rows())


@pytest.mark.slow
def test_a_variable_more_asks_once_a_video_for_its_group_and_going_back_asks_nothing(
    repository, asked, sandbox
):
    videos = VIDEOS.read(repository.data / "videos").height
    repository.compose("prompt_injection=off")
    repository.dvc("repro", "annotate")
    assert asked()["model"] == {}, "what is left out is not asked about anew"
    before, of_before = variables(repository), files(repository.data / "annotations")
    conf = repository.folder / "conf" / "codebook" / "demo.yaml"
    text = conf.read_text("utf-8")
    conf.write_text(text.rstrip() + "\n" + VARIABLE, "utf-8")
    repository.compose("prompt_injection=off")
    seen = len(sandbox.requests())
    assert stages_run(repository.dvc("repro", "annotate")) == ["annotate"]
    rows = ANNOTATIONS.read(repository.data / "annotations" / "official", ["video_id", "reason"])
    with_inputs = rows["reason"].null_count()
    sent = questions(sandbox, seen)
    assert 0 < with_inputs <= videos
    assert sent.total() == len(sent) == with_inputs, "one call a video, of the new group alone"
    cost = asked()
    assert (cost["queries"], cost["pages"], cost["media"]) == ({}, {}, {})
    assert variables(repository) == {**before, "official": videos}
    made = files(repository.data / "annotations")
    assert {name: made[name] for name in of_before} == of_before, "the other groups' files are as they were"
    conf.write_text(text, "utf-8")
    repository.compose("prompt_injection=off")
    repository.dvc("repro", "annotate")
    assert files(repository.data / "annotations") == of_before
    conf.write_text(text.rstrip() + "\n" + VARIABLE, "utf-8")
    repository.compose("prompt_injection=off")
    repository.dvc("repro", "annotate")
    assert files(repository.data / "annotations") == made
    assert asked()["model"] == {}, "going back and forth asks nothing"
