"""`gettok plan` prices each group of the codebook alone, and a conditional one by the answers that it depends on."""

import json
import re

import pytest
from workspace import Workspace

from gettok.tables import ANNOTATIONS
from sandbox.server import Sandbox

DAY = "2022-12-07"
TRANSCRIPT_OF = {
    "71": "Fuerza presidente Castillo",
    "72": "Castillo golpista y corrupto",
    "73": "Hoy es lunes",
}
CODEBOOK = (
    f"study.start='{DAY}'",
    f"study.end='{DAY}'",
    "codebook=stance",
    "codebook.variables.stance.inputs=[transcript]",
    "prompt_injection=off",
)
ASKED = "question: 'Is the president named?', kind: yes_no, inputs: [transcript]"
CONDITION = "applies_if: {variable: stance, has: [support, no support]}"
NAMED = f"+codebook.variables.named={{{ASKED}, {CONDITION}}}"
DEEPER = (
    "+codebook.variables.deeper={question: 'Is it said aloud?', kind: yes_no, inputs: [transcript], "
    "applies_if: {variable: named, has: ['yes', 'no']}}"
)


@pytest.fixture
def study(tmp_path, sandbox):
    """Three videos with transcripts, which support, oppose and say nothing."""
    made = Workspace.make(tmp_path, sandbox.base, *CODEBOOK)
    made.write_transcripts(DAY, TRANSCRIPT_OF)
    return made


def planned(study: Workspace) -> tuple[dict[str, dict], str]:
    """The price of each group of the codebook, and what a person reads."""
    code, text, err = study.gettok("plan")
    assert code == 0, err
    stages = json.loads(study.gettok("plan", "--json")[1])["stages"]
    return {stage["group"]: stage for stage in stages if stage["stage"] == "annotate"}, text


def counts(part: dict) -> tuple[int, int, int]:
    return part["videos"], part["answered"], part["calls"]


def calls_made(sandbox: Sandbox) -> int:
    return sum("chat/completions" in entry["path"] for entry in sandbox.requests())


def test_a_new_group_is_priced_alone_and_then_asked_alone(study, sandbox):
    study.run("annotate")
    study.compose(*CODEBOOK, f"+codebook.variables.named={{{ASKED}}}")
    groups, text = planned(study)
    assert list(groups) == ["stance", "named"]
    assert [counts(groups[name]["known"]) for name in groups] == [(3, 3, 0), (3, 0, 3)]
    assert groups["named"]["condition"] is None
    assert "annotate named: 0 of 3 videos answered; 3 calls to sandbox-vision, about $" in text
    before = calls_made(sandbox)
    study.run("annotate")
    assert calls_made(sandbox) == before + 3
    study.compose(*CODEBOOK, f"+codebook.variables.named={{{ASKED.replace('named', 'shown')}}}")
    groups, _ = planned(study)
    assert [counts(groups[name]["known"]) for name in groups] == [(3, 3, 0), (3, 0, 3)], "another question"


def test_a_conditional_group_is_an_upper_bound_until_what_it_depends_on_is_answered(study, sandbox):
    study.compose(*CODEBOOK, NAMED)
    groups, text = planned(study)
    named = groups["named"]
    assert counts(named["known"]) == (0, 0, 0)
    assert counts(named["estimated"]) == (3, 0, 3)
    assert named["condition"] == "stance is support or no support"
    assert named["estimated"]["cost"]["low"] == 0 < named["estimated"]["cost"]["typical"]
    bound = "annotate named, estimated: at most 3 videos, as it is asked only where stance is support or no support; 3"
    assert bound in text
    study.compose(*CODEBOOK)
    study.run("annotate")
    study.compose(*CODEBOOK, NAMED)
    groups, text = planned(study)
    named = groups["named"]
    assert (counts(named["known"]), counts(named["estimated"])) == ((2, 0, 2), (0, 0, 0))
    assert named["condition"] is None
    assert "annotate named: 0 of 2 videos answered; 2 calls" in text
    before = calls_made(sandbox)
    study.run("annotate")
    assert calls_made(sandbox) == before + 2
    assert counts(planned(study)[0]["named"]["known"]) == (2, 2, 0)
    reasons = dict(ANNOTATIONS.read(study.data / "annotations" / "named", ["video_id", "reason"]).rows())
    assert reasons == {"71": None, "72": None, "73": "not_applicable"}


@pytest.mark.slow
def test_a_condition_on_a_conditional_group_is_known_as_far_as_that_one_is(study):
    study.run("annotate")
    study.compose(*CODEBOOK, NAMED, DEEPER)
    deeper = planned(study)[0]["deeper"]
    # the neutral video is not asked about `named`, and so has no value that `deeper` would need
    assert (counts(deeper["known"]), counts(deeper["estimated"])) == ((0, 0, 0), (2, 0, 2))
    study.run("annotate")
    deeper = planned(study)[0]["deeper"]
    assert (counts(deeper["known"]), deeper["condition"]) == ((2, 2, 0), None)


@pytest.mark.slow
def test_the_variants_of_a_conditional_group_are_a_bound_as_long_as_it_is(study):
    on = [*CODEBOOK[:-1], "prompt_injection.videos=2", NAMED]
    study.compose(*on)
    variants = r"prompt injection variants, named, estimated: at most (\d+) variants, known once the videos are judged"
    bound = int(re.search(variants, planned(study)[1])[1])
    study.run("annotate")
    exact = re.search(
        r"prompt injection variants, named:? (\d+) of (\d+) variants answered", planned(study)[1]
    )
    assert exact[1] == exact[2]
    assert 0 < int(exact[1]) <= bound


def test_where_nothing_is_found_yet_a_conditional_group_says_which_videos_its_price_is_of(tmp_path, sandbox):
    empty = Workspace.make(tmp_path, sandbox.base, *CODEBOOK, NAMED)
    _, text = planned(empty)
    assert "1,000 of which stance is support or no support cost about $" in text
