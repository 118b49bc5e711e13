"""The demo's codebook is coded better with its definitions than without: what `docs/how-to/codebook.md` measures."""

import json
from copy import deepcopy

import av
import pytest

from gettok.annotate.group import Group
from gettok.annotate.inputs import AnnotationInputs, between_marks
from gettok.annotate.values import COLUMN_OF
from gettok.settings import Codebook
from gettok.tables import ANNOTATIONS, FRAMES
from sandbox.code_accuracy import code_accuracies
from sandbox.corpus.plan import planned_videos
from sandbox.corpus.script import script
from sandbox.corpus.truth import media_path, truth
from sandbox.model.answer import answer
from sandbox.model.task import Task
from sandbox.model.vision import vision

TRUTH = truth()
#: Videos whose files are upright films, with what is said, shown and written.
FILMED = {
    video.video_id: script(video)
    for video in planned_videos()
    if TRUTH[video.video_id].frames and video.kind not in ("rotated", "truncated", "html")
}


def without_definitions(codebook):
    """The same questions and labels, and nothing about when a label holds."""
    bare = deepcopy(codebook)
    for variable in bare["variables"].values():
        variable.pop("definition", None)
        variable.pop("examples", None)
        variable["labels"] = [
            {"label": label["label"]} if isinstance(label, dict) else label
            for label in variable.get("labels", ())
        ]
    return bare


def frame_of(video):
    """A frame in the middle of a scene, and its time."""
    with av.open(str(media_path(f"{video}.mp4"))) as film:
        for number, frame in enumerate(film.decode(video=0)):
            if number == TRUTH[video].frames // 5:
                return frame.to_image(), float(frame.time)
    raise AssertionError(video)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the model sees in a frame of each video, and the table of these frames."""
    data, pictures, rows = tmp_path_factory.mktemp("data"), {}, []
    for video in FILMED:
        image, time_s = frame_of(video)
        image.save(path := data / f"{video}.png")
        pictures[video] = vision().see(path.read_bytes())
        rows.append({"video_id": video, "frame_index": 0, "time_s": time_s})
    FRAMES.write(rows, data / "frames" / "2022-12-07.parquet")
    return data, pictures


def measured(codebook, data, pictures):
    """The first measure of each variable."""
    book, rows = Codebook.model_validate(codebook), []
    for name, variables in book.groups.items():
        group = Group(name, variables, "Pedro Castillo as President of Peru")
        for video, words in FILMED.items():
            content = AnnotationInputs(words.spoken, None, "\n".join(words.screens), words.caption, None)
            parts = [
                "The video's mark is c0ffee.",
                *between_marks(content.only(group.inputs).texts(), "c0ffee"),
            ]
            seen = [pictures[video]] if "frames" in group.inputs else []
            given = json.loads(answer(Task(parts, seen, system=[group.instructions()]), group.schema))
            for variable, of in variables.items():
                fields, column = given if group.is_alone else given[variable], COLUMN_OF[of.kind]
                rows.append({"video_id": video, "variable": variable, "status": "ok", column: fields[column]})
    ANNOTATIONS.write(rows, data / "annotations" / "all" / "2022-12-07.parquet")
    return {
        found.variable: next(iter(found.measures.values())) for found in code_accuracies(data, book, TRUTH)
    }


@pytest.mark.slow
def test_no_variable_is_coded_worse_with_a_definition_and_most_are_coded_better(params, shown):
    tight = measured(params["codebook"], *shown)
    bare = measured(without_definitions(params["codebook"]), *shown)
    assert {name: value for name, value in tight.items() if value < bare[name]} == {}
    better = {name for name, value in tight.items() if value > bare[name] + 0.1}
    assert better >= {"call_to_action", "topics", "places", "people_shown"}
    assert min(tight.values()) > 0.75, tight
