"""`gettok status` about the stages: which are out of date, and what the next `dvc repro` would run.

DVC's own comparisons are used, without its locks (see `gettok.pipeline.dvc_runs`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo

from gettok.books import STAGES
from gettok.errors import BadInput
from gettok.pipeline.code_digest import as_json
from gettok.pipeline.recorded_settings import makers, upstream
from gettok.settings.differences import SettingDifference, differences

_CODE = "data/code/"
_LACKING = frozenset({"deleted", "not in cache"})

#: `runs`: it has a reason of its own to run. `follows`: it runs if a stage before it changes what it reads. `missing`:
#: it is up to date, but outputs of it are not here. `done`: there is nothing to do.
State = Literal["done", "runs", "follows", "missing"]


@dataclass(frozen=True)
class StageStatus:
    """What the next `dvc repro` does with a stage, its changed settings, other reasons, and its missing outputs."""

    name: str
    state: State
    settings: tuple[SettingDifference, ...] = ()
    because: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineStatus:
    """All stages in the order of dvc.yaml; whether the missing outputs are in DVC's cache, or there is a remote."""

    stages: tuple[StageStatus, ...]
    is_cached: bool
    has_remote: bool

    def named(self, state: State) -> tuple[StageStatus, ...]:
        return tuple(stage for stage in self.stages if stage.state == state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The outputs that are not in `data/`."""
        return tuple(path for stage in self.stages for path in stage.missing)


@dataclass
class _Reasons:
    """What is found about a stage."""

    settings: list[SettingDifference] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    #: DVC's word for each output that is not here.
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return bool(self.settings or self.because)


def pipeline_status() -> PipelineStatus:
    """Compare what is here with `dvc.lock`; raises `BadInput` if DVC cannot read the pipeline."""
    try:
        with Repo(".") as repo:
            return _status(repo)
    except (DvcException, OSError) as error:  # a file may vanish, as a run may have begun just now
        raise BadInput(
            f"DVC cannot read the pipeline: {error}",
            "changed nothing",
            "correct the file that the message names; `dvc status` explains more",
        ) from error


def _status(repo: Any) -> PipelineStatus:
    stages = {stage.name: stage for stage in repo.index.stages}
    made_by = {str(out): name for name, stage in stages.items() for out in stage.outs}
    before = {name: makers(map(str, stage.deps), made_by) for name, stage in stages.items()}
    found = {name: _reasons(stage, made_by) for name, stage in stages.items()}
    running = {name for name, reasons in found.items() if reasons.runs}
    named = [
        StageStatus(
            name,
            _state(name, found, before, running),
            tuple(reasons.settings),
            tuple(reasons.because),
            tuple(reasons.missing),
        )
        for name, reasons in found.items()
    ]
    words = [word for reasons in found.values() for word in reasons.missing.values()]
    return PipelineStatus(tuple(named), "not in cache" not in words, bool(repo.config.get("remote")))


def _state(
    name: str, found: Mapping[str, _Reasons], before: Mapping[str, set[str]], running: set[str]
) -> State:
    if name in running:
        return "runs"
    # the code of each stage is compared here, so that of `code` itself moves no other
    if upstream(name, before) & running - {STAGES[0].name}:
        return "follows"
    return "missing" if found[name].missing else "done"


def _reasons(stage: Any, made_by: Mapping[str, str]) -> _Reasons:
    reasons = _Reasons()
    if not any(out.hash_info for out in stage.outs):
        reasons.because.append("has not run yet")
        return reasons
    if stage.cmd_changed:
        reasons.because.append("command changed")
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            reasons.settings += _changed_settings(dep)
        else:
            reasons.because += _changed_input(stage.name, dep, made_by)
    for out in stage.outs:
        for path, word in out.status().items():
            if word in _LACKING:
                reasons.missing[path] = word
            else:
                reasons.because.append(f"{path} is not what its last run made")
    return reasons


def _changed_settings(dep: Any) -> Iterable[SettingDifference]:
    """The settings of a stage that are not those of its last run; `old` is the value of that run."""
    if not dep.exists:
        return []
    recorded = {key: value for key, value in (dep.hash_info.value or {}).items() if key in dep.params}
    return differences(_nested(recorded), _nested(dep.read_params()))


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"study": {"start": …}}` of `{"study.start": …}`."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        section = nested
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = value
    return nested


def _changed_input(stage: str, dep: Any, made_by: Mapping[str, str]) -> Iterator[str]:
    path = str(dep)
    if path == f"{_CODE}{stage}.json":
        if dep.hash_info.value != hashlib.md5(as_json(stage), usedforsecurity=False).hexdigest():
            yield "code changed"
        return
    word = dep.status().get(path)
    if word == "deleted" and makers([path], made_by):
        return  # the stage that makes it lacks this output
    if word:
        yield f"{path} is missing" if word == "deleted" else f"{path} changed"
