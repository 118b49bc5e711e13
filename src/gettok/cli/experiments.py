"""The experiments of this repository and the results in the workspace, read through DVC: nothing is checked out."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.index import DataIndexDirError
from tqdm import tqdm

from gettok.errors import BadInput
from gettok.multiverse import locks
from gettok.multiverse.specifications import LeftOut, Specification, stances_of
from gettok.pipeline.paths import PARAMS
from gettok.settings import Study
from gettok.tables import STANCES, VIDEOS, Table

_WORKSPACE = "workspace"
_WANTED: Mapping[str, tuple[Table, tuple[str, ...]]] = MappingProxyType(
    {
        locks.STANCES: (STANCES, ("video_id", "status", "reason", "label")),
        "data/videos": (VIDEOS, ("video_id", "created_at")),
    }
)
#: DVC's states of an experiment without a result, each as a reason.
_NOT_DONE: Mapping[str, str] = MappingProxyType(
    {"queued": "it is queued and has not run", "running": "it is running", "failed": "its run failed"}
)


@dataclass(frozen=True)
class _Result:
    """A result: its name and its commit; the commit is None for the files in the workspace."""

    name: str
    commit: str | None


class _NoSpecification(Exception):
    """A result cannot be read as a specification of the study; the text says why."""


class _OtherStudy(Exception):
    """The result belongs to another study."""


def specifications(study: Study, revs: Sequence[str]) -> tuple[list[Specification], list[LeftOut]]:
    """The workspace and all experiments that started from `revs` (HEAD if none), and the results without stances.

    Raises `BadInput` if there is no experiment, no result with stances, or a result of another study.
    """
    results, not_done = _results(revs)
    found, unread = _read(study, results)
    left_out = [*not_done, *unread]
    if not found:
        raise BadInput(
            "no result has stances: " + "; ".join(f"{result.name}: {result.why}" for result in left_out),
            "wrote nothing",
            "run `dvc queue logs NAME` to see what stopped an experiment, or `dvc fetch --all-commits` if the"
            " data is in a remote",
        )
    return found, left_out


def _results(revs: Sequence[str]) -> tuple[list[_Result], list[LeftOut]]:
    """The workspace and all experiments that started from the given commits, and those without a result."""
    try:
        with Repo(".") as repo:
            experiments = _experiments(repo, revs)
            why_unusable = _why_workspace_unusable(repo)
    except DvcException as error:
        raise BadInput(
            f"DVC cannot list the experiments: {error}",
            "wrote nothing",
            "run this from the top of a gettok repository, and name commits that `git log` has with --rev",
        ) from error
    if not experiments:
        raise BadInput(
            f"no experiment started from {', '.join(revs) or 'the commit that is checked out (HEAD)'}",
            "wrote nothing",
            "run some: `dvc exp run --queue -S prompts/stance=paper,evidence`, then `dvc queue start`; "
            "or name the commit that they started from with --rev (`dvc exp list -A` shows all)",
        )
    results = [result for result, state in experiments if state not in _NOT_DONE]
    left_out = [LeftOut(result.name, _NOT_DONE[state]) for result, state in experiments if state in _NOT_DONE]
    if why_unusable:
        return results, [*left_out, LeftOut(_WORKSPACE, why_unusable)]
    return [*results, _Result(_WORKSPACE, None)], left_out


def _experiments(repo: Any, revs: Sequence[str]) -> list[tuple[_Result, str]]:
    # not dvc.api.exp_show, which cuts a commit to seven digits, and several commits may share these
    bases = repo.experiments.show(revs=list(revs) or ["HEAD"], hide_workspace=True)
    found = [experiment for base in bases for experiment in base.experiments or []]
    names = [experiment.revs[0].name or experiment.revs[0].rev[:7] for experiment in found]
    return [
        (
            _Result(_unique(name, names, experiment.revs[0].rev), experiment.revs[0].rev),
            experiment.executor.state if experiment.executor else "success",
        )
        for name, experiment in zip(names, found, strict=True)
    ]


def _unique(name: str, names: Sequence[str], commit: str) -> str:
    return name if names.count(name) == 1 else f"{name}@{commit[:7]}"


def _why_workspace_unusable(repo: Any) -> str | None:
    """Why the files in the workspace differ from those of its `dvc.lock`; None if they do not."""
    for path in _WANTED:
        try:
            (output,) = repo.find_outs_by_path(path)
        except DvcException:
            return f"no stage makes {path}"
        if not output.exists or output.changed_checksum():
            return f"{path} differs from dvc.lock; run `dvc repro`"
    return None


def _read(study: Study, results: Sequence[_Result]) -> tuple[list[Specification], list[LeftOut]]:
    reader = _Reader(study)
    found: list[Specification] = []
    left_out: list[LeftOut] = []
    foreign: list[str] = []
    for result in tqdm(results, desc="reading", unit="experiment", disable=None):
        try:
            found.append(reader.specification(result))
        except _NoSpecification as error:
            left_out.append(LeftOut(result.name, str(error)))
        except _OtherStudy as error:
            foreign.append(f"{result.name} ({error})")
    if foreign:
        raise BadInput(
            f"not all results belong to the study {study.name}, on {study.stance.target!r}: {'; '.join(foreign)}",
            "compared nothing, as labels of different studies cannot be compared",
            f"compose the study that you mean into {PARAMS}, and name the commits of its experiments with --rev",
        )
    return found, left_out


@dataclass
class _Reader:
    """Reads results of one study. Tables with the same digest in DVC are read once for all results."""

    study: Study
    _frames: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)

    def specification(self, result: _Result) -> Specification:
        """Raises `_NoSpecification` or `_OtherStudy`."""
        try:
            with closing(DVCFileSystem(".", rev=result.commit)) as files:
                return self._specification(result.name, files)
        except (DvcException, DataIndexDirError) as error:
            raise _NoSpecification(
                f"DVC has its stances neither in the cache nor in a remote: {error}"
            ) from error
        except (OSError, pl.exceptions.PolarsError, yaml.YAMLError) as error:
            raise _NoSpecification(f"its stances cannot be read: {error}") from error

    def _specification(self, name: str, files: Any) -> Specification:
        stages = _yaml(files, "dvc.lock").get("stages", {})
        if locks.digest_of(stages, locks.STANCES) is None:
            raise _NoSpecification("it has no stances: the run did not get that far")
        if newer := locks.changed_since(stages):
            raise _NoSpecification(f"its stances were made before {', '.join(newer)} changed")
        settings = locks.settings_of(stages)
        self._refuse_other_study(_yaml(files, str(PARAMS)).get("study", {}).get("name"), settings)
        stances, videos = (self._table(files, path, stages) for path in _WANTED)
        return Specification(name, settings, stances_of(stances, videos))

    def _refuse_other_study(self, name: str | None, settings: dict[str, Any]) -> None:
        stance = self.study.stance
        made_for = (name, settings.get("study.stance.target"), settings.get("study.stance.labels"))
        if made_for != (self.study.name, stance.target, list(stance.labels)):
            raise _OtherStudy(f"{name!r}, on {made_for[1]!r}, with the labels {made_for[2]}")

    def _table(self, files: Any, path: str, stages: locks.Stages) -> pl.DataFrame:
        key = (path, str(locks.digest_of(stages, path)))
        if key not in self._frames:
            self._frames[key] = _frame(files, path)
        return self._frames[key]


def _yaml(files: Any, path: str) -> dict[str, Any]:
    if not files.exists(path):
        raise _NoSpecification(f"it has no {path}")
    with files.open(path) as file:
        return dict(yaml.safe_load(file) or {})


def _frame(files: Any, path: str) -> pl.DataFrame:
    table, columns = _WANTED[path]
    frames = [pl.DataFrame(schema={name: table.schema[name] for name in columns})]
    for name in sorted(files.ls(path, detail=False)):
        if name.endswith(".parquet"):
            with files.open(name) as file:
                frames.append(pl.read_parquet(file, columns=list(columns)))
    return pl.concat(frames)
