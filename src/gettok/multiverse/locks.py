"""What a `dvc.lock` records about the stances: the settings that made them, and changes of their inputs since."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gettok.settings.roles import EXECUTION_ONLY, OTHER_RESULTS, is_under
from gettok.step import Json

STANCES = "data/stances"
#: Digests of the code (see `gettok.pipeline.code_digest`). They are inputs of every stage, but no data that a stance is
#: made from: an edit of code between two stages does not make the later one's inputs stale.
_CODE = "data/code"
_PARAMS = "params.yaml"
#: A list of models, each with its prices.
_EXTRA_MODELS = "llm.extra_models"

Stages = Mapping[str, Mapping[str, Any]]


def settings_of(stages: Stages) -> dict[str, Json]:
    """Every setting that the stances, or what they were made from, were made with, as in `llm.votes`: 5.

    These are the settings that a stage declares and DVC recorded when it ran; `params.yaml` may have changed since.
    Settings that cannot change a stance, such as the form of the release or the patience with a model, are left out. A
    setting that `gettok.settings.roles` does not know is included.
    """
    found: dict[str, Json] = {}
    for stage in _stages_up_to_stances(stages):
        for key, value in stage.get("params", {}).get(_PARAMS, {}).items():
            found |= dict(_leaves(key, value))
    if extra_models := found.get(_EXTRA_MODELS):
        found[_EXTRA_MODELS] = [voter["model"] for voter in extra_models]
    return {
        key: value
        for key, value in sorted(found.items())
        if not is_under(key, OTHER_RESULTS + EXECUTION_ONLY)
    }


def changed_since(stages: Stages) -> list[str]:
    """Outputs that were made again after the stances, or an input of theirs, had been made from them."""
    outputs = _outputs(stages)
    return sorted(
        {
            used["path"]
            for stage in _stages_up_to_stances(stages)
            for used in stage.get("deps", [])
            if used["path"] in outputs and outputs[used["path"]][1] != used.get("md5")
        }
    )


def digest_of(stages: Stages, path: str) -> str | None:
    """DVC's digest of an output; None if no stage has made it."""
    return _outputs(stages).get(path, ("", None))[1]


def _outputs(stages: Stages) -> dict[str, tuple[str, str | None]]:
    """Each output except the code's digests, with the stage that makes it and its digest."""
    return {
        output["path"]: (name, output.get("md5"))
        for name, stage in stages.items()
        for output in stage.get("outs", [])
        if not f"{output['path']}/".startswith(f"{_CODE}/")
    }


def _stages_up_to_stances(stages: Stages) -> Sequence[Mapping[str, Any]]:
    """The stage that makes the stances, and every stage whose outputs it depends on."""
    outputs = _outputs(stages)
    seen: set[str] = set()
    waiting = [STANCES]
    while waiting:
        name, _ = outputs.get(waiting.pop(), ("", None))
        if name and name not in seen:
            seen.add(name)
            waiting += [used["path"] for used in stages[name].get("deps", [])]
    return [stages[name] for name in sorted(seen)]


def _leaves(key: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Each setting below a section, by its dotted name."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{key}.{name}", part)
    else:
        yield key, value
