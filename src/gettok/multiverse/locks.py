"""What a `dvc.lock` records about the annotations: the settings that made them, and changes of their inputs since."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gettok.settings import Codebook
from gettok.settings.codebook import condition_of
from gettok.settings.roles import EXECUTION_ONLY, OTHER_RESULTS, is_under
from gettok.step import Json

ANNOTATIONS = "data/annotations"
#: Digests of the code (see `gettok.pipeline.code_digest`). They are inputs of every stage, but no data that annotations
#: are made from: an edit of code between two stages does not make the later one's inputs stale.
_CODE = "data/code"
_PARAMS = "params.yaml"
#: A list of models, each with its prices.
_EXTRA_MODELS = "llm.extra_models"
_CASCADE_PRICES = "llm.cascade.prices"

Stages = Mapping[str, Mapping[str, Any]]


def settings_of(stages: Stages) -> dict[str, Json]:
    """Every setting that the annotations, or what they were made from, were made with, as in `llm.votes`: 5.

    These are the settings that a stage declares and DVC recorded when it ran; `params.yaml` may have changed since.
    Settings that cannot change an annotation, such as the form of the release or the patience with a model, are left
    out. A setting that `gettok.settings.roles` does not know is included.
    """
    found: dict[str, Json] = {}
    for stage in _stages_up_to_annotations(stages):
        for key, value in _params(stage).items():
            found |= dict(leaves(key, value))
    return {
        key: value
        for key, value in sorted(with_models_named(found).items())
        if not is_under(key, OTHER_RESULTS + EXECUTION_ONLY)
    }


def codebook_of(stages: Stages) -> Codebook:
    """The codebook that the annotations were made by; raises `ValueError` if none is recorded."""
    stage = stages.get(_outputs(stages).get(ANNOTATIONS, ("", None))[0], {})
    return Codebook.model_validate(_params(stage).get("codebook"))


def settings_behind(variable: str, codebook: Codebook, settings: Mapping[str, Json]) -> dict[str, Json]:
    """The settings without those of variables that cannot change this one, as they are asked in other calls."""
    others = [name for name in codebook.groups if name not in _groups_behind(variable, codebook)]
    variables = [name for group in others for name in codebook.groups[group]]
    left_out = (
        *(f"codebook.variables.{name}" for name in variables),
        *(f"prompts.codebook.texts.{group}" for group in others),
    )
    return {key: value for key, value in settings.items() if not is_under(key, left_out)}


def _groups_behind(variable: str, codebook: Codebook) -> Collection[str]:
    """The variable's group, and those that its condition is about."""
    found = [codebook.group_of(variable)]
    for group in found:
        condition = condition_of(codebook.groups[group])
        if condition and (other := codebook.group_of(condition.variable)) not in found:
            found.append(other)
    return found


def with_models_named(settings: Mapping[str, Json]) -> dict[str, Json]:
    """The same settings, with the names of further models only: their prices change no annotation."""
    models = settings.get(_EXTRA_MODELS)
    named = {_EXTRA_MODELS: [voter["model"] for voter in models]} if models else {}
    return {
        key: value for key, value in {**settings, **named}.items() if not is_under(key, (_CASCADE_PRICES,))
    }


def changed_since(stages: Stages) -> list[str]:
    """Outputs that were made again after the annotations, or an input of theirs, had been made from them."""
    outputs = _outputs(stages)
    return sorted(
        {
            used["path"]
            for stage in _stages_up_to_annotations(stages)
            for used in stage.get("deps", [])
            if used["path"] in outputs and outputs[used["path"]][1] != used.get("md5")
        }
    )


def digest_of(stages: Stages, path: str) -> str | None:
    """DVC's digest of an output; None if no stage has made it."""
    return _outputs(stages).get(path, ("", None))[1]


def _params(stage: Mapping[str, Any]) -> Mapping[str, Json]:
    recorded: Mapping[str, Json] = stage.get("params", {}).get(_PARAMS, {})
    return recorded


def _outputs(stages: Stages) -> dict[str, tuple[str, str | None]]:
    """Each output except the code's digests, with the stage that makes it and its digest."""
    return {
        output["path"]: (name, output.get("md5"))
        for name, stage in stages.items()
        for output in stage.get("outs", [])
        if not f"{output['path']}/".startswith(f"{_CODE}/")
    }


def _stages_up_to_annotations(stages: Stages) -> Sequence[Mapping[str, Any]]:
    """The stage that makes the annotations, and every stage whose outputs it depends on."""
    outputs = _outputs(stages)
    seen: set[str] = set()
    waiting = [ANNOTATIONS]
    while waiting:
        name, _ = outputs.get(waiting.pop(), ("", None))
        if name and name not in seen:
            seen.add(name)
            waiting += [used["path"] for used in stages[name].get("deps", [])]
    return [stages[name] for name in sorted(seen)]


def leaves(key: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Each setting below a section, by its dotted name; the section without a name is all of them."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(f"{key}.{name}" if key else name, part)
    else:
        yield key, value
