"""What a `dvc.lock` says of the stances: with which settings they were made, and whether they are of one piece."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gettok.multiverse.settings_roles import EXECUTION_ONLY, is_under
from gettok.step import Json

STANCES = "data/stances"
_PARAMS = "params.yaml"
#: Further models, each with its prices.
_OTHERS = "llm.extra_models"

Stages = Mapping[str, Mapping[str, Any]]


def settings_of(stages: Stages) -> dict[str, Json]:
    """Every setting that the stances, or what they were made from, were made with: `llm.votes`, a value each.

    These are what a stage declares and DVC wrote down as it ran, not what `params.yaml` has by now. What cannot change
    a stance, such as the form of the release or how long to wait for a model, is not among them; one that
    `gettok.multiverse.settings_roles` does not know is.
    """
    found: dict[str, Json] = {}
    for stage in _behind(stages):
        for key, value in stage.get("params", {}).get(_PARAMS, {}).items():
            found |= _leaves(key, value)
    if others := found.get(_OTHERS):
        found[_OTHERS] = [other["model"] for other in others]
    return {key: value for key, value in sorted(found.items()) if not is_under(key, EXECUTION_ONLY)}


def changed_since(stages: Stages) -> list[str]:
    """Files and folders that were made anew after the stances, or what they rest on, had been made from them."""
    made = _made(stages)
    return sorted(
        {
            used["path"]
            for stage in _behind(stages)
            for used in stage.get("deps", [])
            if used["path"] in made and made[used["path"]][1] != used.get("md5")
        }
    )


def digest_of(stages: Stages, path: str) -> str | None:
    """DVC's digest of an output; None if no stage has made it."""
    return _made(stages).get(path, ("", None))[1]


def _made(stages: Stages) -> dict[str, tuple[str, str | None]]:
    """Each output with the stage that makes it and its digest."""
    return {
        made["path"]: (name, made.get("md5"))
        for name, stage in stages.items()
        for made in stage.get("outs", [])
    }


def _behind(stages: Stages) -> Sequence[Mapping[str, Any]]:
    """The stage that makes the stances, and every stage that it takes something from."""
    made = _made(stages)
    seen: set[str] = set()
    waiting = [STANCES]
    while waiting:
        name, _ = made.get(waiting.pop(), ("", None))
        if name and name not in seen:
            seen.add(name)
            waiting += [used["path"] for used in stages[name].get("deps", [])]
    return [stages[name] for name in sorted(seen)]


def _leaves(key: str, value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        return {key: value}
    return dict(_pairs(key, value))


def _pairs(key: str, value: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, part in value.items():
        yield from _leaves(f"{key}.{name}", part).items()
