"""What a lock says of the annotations: the settings that a variable was made with, and whether it is still theirs."""

import pytest
from small_study import EVERY_KIND
from specifications import specification

from gettok.multiverse import locks
from gettok.multiverse.specifications import differing, distinct

LOCK = {
    "collect": {
        "outs": [{"path": "data/pages", "md5": "p"}],
        "params": {"params.yaml": {"study.start": "d"}},
    },
    "describe": {
        "deps": [{"path": "data/pages", "md5": "p"}, {"path": "src/a.py", "md5": "a"}],
        "params": {
            "params.yaml": {
                "llm": {
                    "votes": 1,
                    "max_attempts": 4,
                    "prices": {"input": 0.1},
                    "extra_models": [{"model": "b", "prices": {"input": 0.1}}],
                    "temperature": 0.5,
                }
            }
        },
        "outs": [{"path": "data/descriptions", "md5": "d"}],
    },
    "annotate": {
        "deps": [{"path": "data/descriptions", "md5": "d"}],
        "params": {
            "params.yaml": {
                "codebook": {"variables": {"stance": {"inputs": ["frames"]}}},
                "prompt_injection": {"videos": 20},
            }
        },
        "outs": [{"path": "data/annotations", "md5": "s"}, {"path": "data/books/annotate.json", "md5": "b"}],
    },
    "release": {
        "deps": [{"path": "data/annotations", "md5": "s"}],
        "params": {"params.yaml": {"release": {"form": "full"}}},
        "outs": [{"path": "data/release", "md5": "r"}],
    },
}


def test_the_settings_are_those_of_the_annotations_and_of_their_inputs():
    assert locks.settings_of(LOCK) == {
        "codebook.variables.stance.inputs": ["frames"],
        "llm.extra_models": ["b"],
        "llm.temperature": 0.5,
        "llm.votes": 1,
        "study.start": "d",
    }
    assert locks.digest_of(LOCK, "data/annotations") == "s"
    assert locks.digest_of({}, "data/annotations") is None


def test_annotations_made_before_their_descriptions_changed_are_detected():
    assert locks.changed_since(LOCK) == []
    newer = {**LOCK, "describe": {**LOCK["describe"], "outs": [{"path": "data/descriptions", "md5": "e"}]}}
    assert locks.changed_since(newer) == ["data/descriptions"]
    later = {**LOCK, "release": {**LOCK["release"], "deps": [{"path": "data/annotations", "md5": "old"}]}}
    assert locks.changed_since(later) == [], "what comes after the annotations does not touch them"


def with_code(made_of: str, used: str) -> dict:
    """The lock with a digest of code for each stage, as one output or as a folder with all of them."""
    digests = [{"path": f"data/code/{stage}.json", "md5": made_of} for stage in LOCK]
    stages = {
        stage: {
            **entry,
            "deps": [*entry.get("deps", []), {"path": f"data/code/{stage}.json", "md5": used}],
        }
        for stage, entry in LOCK.items()
    }
    return {"code": {"deps": [{"path": "src/gettok", "md5": made_of}], "outs": digests}, **stages}


def in_one_folder(stages: dict) -> dict:
    return {**stages, "code": {**stages["code"], "outs": [{"path": "data/code", "md5": "c"}]}}


@pytest.mark.parametrize("declared", [dict, in_one_folder])
def test_the_digests_of_the_code_are_not_a_result_of_the_annotations(declared):
    stages = declared(with_code("new", "new"))
    stages["code"]["params"] = {"params.yaml": {"study.start": "of the code"}}
    assert locks.settings_of(stages) == locks.settings_of(LOCK)
    for path in ("data/code", "data/code/annotate.json"):
        assert locks.digest_of(stages, path) is None
    assert (
        locks.digest_of({**stages, "codes": {"outs": [{"path": "data/codes", "md5": "x"}]}}, "data/codes")
        == "x"
    )


@pytest.mark.parametrize("declared", [dict, in_one_folder])
def test_an_edit_of_code_between_two_runs_does_not_make_annotations_stale(declared):
    stages = declared(with_code("new", "old"))
    assert locks.changed_since(stages) == []
    stages["describe"] = {**stages["describe"], "outs": [{"path": "data/descriptions", "md5": "e"}]}
    assert locks.changed_since(stages) == ["data/descriptions"]


def locked(variables: dict, **more: object) -> dict:
    """The lock with this codebook, and a text for each of its variables."""
    recorded = {"name": "c", "frames": 1, "label_orders": 1, "variables": variables}
    params = {"codebook": recorded, "prompts.codebook": {"texts": dict.fromkeys(variables, "t")}, **more}
    return {**LOCK, "annotate": {**LOCK["annotate"], "params": {"params.yaml": params}}}


def test_the_settings_of_a_variable_leave_out_those_that_are_asked_in_other_calls():
    whole = EVERY_KIND.model_dump()["variables"]
    stages = locked({name: whole[name] for name in ("stance", "call", "anger", "places")})
    found = locks.codebook_of(stages)
    assert list(found.variables) == ["stance", "call", "anger", "places"]
    all_of_them = locks.settings_of(stages)

    def behind(variable: str) -> tuple[set[str], set[str]]:
        kept = locks.settings_behind(variable, found, all_of_them)
        assert {"llm.votes", "study.start"} <= kept.keys()
        variables = {key.split(".")[2] for key in kept if key.startswith("codebook.variables.")}
        return variables, {key.split(".")[3] for key in kept if key.startswith("prompts.codebook.texts.")}

    assert behind("stance") == ({"stance"}, {"stance"})
    assert behind("places") == ({"places", "call"}, {"places", "call"}), "its condition is about another call"


def test_a_lock_without_a_codebook_is_reported():
    with pytest.raises(ValueError, match="variables"):
        locks.codebook_of(LOCK)
    with pytest.raises(ValueError, match="Codebook"):
        locks.codebook_of({})


def test_a_variable_more_under_another_name_is_no_specification_of_its_own():
    """Of the others, as they are asked in other calls."""
    whole = EVERY_KIND.model_dump()["variables"]
    stages = [locked({name: whole[name] for name in names}) for names in (["stance"], ["stance", "call"])]
    stages[1]["annotate"]["params"]["params.yaml"]["codebook"]["name"] = "with_one_more"
    found = [
        specification(
            f"s{place}",
            ["support", "neutral"],
            locks.settings_behind("stance", locks.codebook_of(lock), locks.settings_of(lock)),
        )
        for place, lock in enumerate(stages)
    ]
    assert found[0].settings["codebook.name"] != found[1].settings["codebook.name"]
    assert differing(found) == {}
    (only,) = distinct(found)
    assert only.also == ("s1",)
