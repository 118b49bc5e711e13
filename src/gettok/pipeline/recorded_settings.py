"""The settings that the outputs under `data/` were made with: `params.yaml` may have been composed anew since."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from gettok.books import STAGES
from gettok.errors import BadSettings
from gettok.pipeline.outputs import locked_stages
from gettok.pipeline.paths import PARAMS
from gettok.settings.differences import ABSENT, differences
from gettok.settings.roles import results_only
from gettok.settings.yaml_file import parse_yaml
from gettok.step import Json

_PIPELINE = Path("dvc.yaml")
_MAX_NAMED = 4


def recorded_settings(stage: str) -> Mapping[str, Json]:
    """The settings that `dvc.lock` records for the stage's last run, by their keys; empty if DVC has not run it."""
    entry = locked_stages(Path.cwd()).get(stage, {})
    settings: Mapping[str, Json] = entry.get("params", {}).get(PARAMS.name, {})
    return settings


def changed_settings() -> dict[str, list[str]]:
    """The stages whose settings have changed since their last run, each with the keys that have."""
    now = _settings_now()
    changed: dict[str, list[str]] = {}
    for stage in STAGES:
        recorded = recorded_settings(stage.name)
        if keys := _differing(recorded, _same_keys(now, recorded)):
            changed[stage.name] = keys
    return changed


def is_current(stage: str, *sections: str) -> bool:
    """Whether the stage's last run had the settings of `params.yaml`, so far as they can change a result.

    Only these sections are compared, or all that the stage declares. A stage that no run is recorded of passes.
    """
    return not _changed_results(_settings_now(), stage, *sections)


def refuse_other_settings(stage: str) -> None:
    """Raise `BadSettings` if a stage that this one builds on, directly or not, had other settings in its last run.

    DVC compares a stage's settings when its turn comes (3.67). If `params.yaml` changes after that, the stages that are
    still to come would put results of the new settings beside tables of the old.
    """
    now = _settings_now()
    changed = {name: keys for name in _stages_before(stage) if (keys := _changed_results(now, name))}
    if changed:
        made = "; ".join(f"{name}: {', '.join(keys[:_MAX_NAMED])}" for name, keys in changed.items())
        raise BadSettings(
            f"{stage} would read tables that were made with other settings than those in {PARAMS} now ({made})",
            "stopped before any request or model load; all answers are kept",
            "run `dvc repro`, without -s: it makes the tables with the settings of now; if you did not mean to change "
            "them during a run, put back the old ones first",
        )


def _stages_before(stage: str) -> list[str]:
    """The stages that this one builds on, directly or not, in the order of the pipeline."""
    if not _PIPELINE.is_file():
        return []
    stages: Mapping[str, Json] = parse_yaml(_PIPELINE.read_bytes())["stages"]
    # DVC takes an output as its path, or as a mapping of its path to options
    made_by = {"".join(out): name for name, entry in stages.items() for out in entry.get("outs", ())}
    before = {name: makers(entry.get("deps", ()), made_by) for name, entry in stages.items()}
    found = upstream(stage, before)
    return [name for name in stages if name in found]


def upstream(stage: str, before: Mapping[str, Collection[str]]) -> set[str]:
    """The stages that a stage builds on, directly or not, where `before` has those of each directly."""
    found: set[str] = set()
    waiting = [stage]
    while waiting:
        new = set(before.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def makers(paths: Iterable[str], made_by: Mapping[str, str]) -> set[str]:
    """The stages that make these paths, or the folders that they are in; `made_by` has the stage of each output."""
    return {name for path in paths for out, name in made_by.items() if f"{path}/".startswith(f"{out}/")}


def _changed_results(now: Json, stage: str, *sections: str) -> list[str]:
    """The keys that have changed since the stage's last run and can change a result; in these sections, or in all."""
    recorded = {
        key: value
        for key, value in recorded_settings(stage).items()
        if not sections or key.partition(".")[0] in sections
    }
    return _differing(results_only(recorded), results_only(_same_keys(now, recorded)))


def _settings_now() -> Json:
    return parse_yaml(PARAMS.read_bytes())


def _same_keys(now: Json, recorded: Mapping[str, Json]) -> dict[str, Json]:
    return {key: _at(now, key) for key in recorded}


def _differing(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    return sorted({each.key for each in differences(old, new)})


def _at(params: Json, key: str) -> Json:
    """The value of a dotted key; `ABSENT` where there is none."""
    value = params
    for name in key.split("."):
        value = value.get(name, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value
