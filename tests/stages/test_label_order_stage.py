"""The order of labels is drawn per video, is in the table, and shows whether a model prefers the label shown first."""

from dataclasses import replace

import pytest
import requests
from small_study import study_of
from workspace import Workspace

from gettok.report.label_places import label_places
from gettok.tables import ANNOTATIONS
from sandbox.server import Sandbox

DAY = "2022-12-07"
#: Of every three videos, one says something for, one against, and one nothing.
TEXTS = ("Fuerza presidente Castillo, libertad.", "Castillo golpista y corrupto.", "Hoy es lunes.")


@pytest.mark.parametrize("prefers_first", [False, True])
def test_a_model_that_prefers_what_is_shown_first_is_found_and_a_fair_one_is_not(tmp_path, prefers_first):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "videos.json").write_text("[]")
    with Sandbox(corpus=tmp_path / "corpus") as sandbox:
        switches = {"prefers_first": prefers_first}
        requests.post(f"{sandbox.base}/__sandbox__/switches", json=switches, timeout=9).raise_for_status()
        made = Workspace.make(
            tmp_path,
            sandbox.base,
            "codebook=stance",
            "codebook.label_orders=6",
            "codebook.variables.stance.inputs=[transcript]",
            "prompt_injection=off",
        )
        ids = [str(71_000 + number) for number in range(90)]
        made.write_transcripts(DAY, {id_: f"{TEXTS[int(id_) % 3]} {id_}" for id_ in ids})
        made.run("annotate")
    annotations = ANNOTATIONS.read(made.data / "annotations")
    assert set(annotations["label_order"]) == {0, 1, 2}, "three labels have three orders"
    places = label_places(replace(study_of(9), annotations=annotations))["stance"]
    assert places.is_biased is prefers_first
