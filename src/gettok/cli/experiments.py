"""The experiments of this repository and the results in the workspace, read through DVC: nothing is checked out."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from dvc_data.index import DataIndexDirError
from tqdm import tqdm

from gettok.errors import BadInput
from gettok.multiverse import locks
from gettok.multiverse.compared_variable import ComparedVariable
from gettok.multiverse.specifications import LeftOut, Specification, labels_of
from gettok.pipeline.outputs import output, refuse_damaged_objects
from gettok.pipeline.paths import PARAMS
from gettok.settings import Codebook, Study
from gettok.settings.yaml_file import parse_yaml
from gettok.step import Json
from gettok.tables import ANNOTATIONS, CASCADE, DESCRIPTIONS, PROMPT_INJECTION, VIDEOS, Table

WORKSPACE = "workspace"
_LOOKS, _PAUSE_S = 5, 1
_WANTED: Mapping[str, tuple[Table, tuple[str, ...]]] = MappingProxyType(
    {
        locks.ANNOTATIONS: (
            ANNOTATIONS,
            ("video_id", "variable", "status", "reason", "label", "labels", "abstained"),
        ),
        "data/videos": (VIDEOS, ("video_id", "created_at")),
    }
)
#: DVC's states of an experiment without a result, each as a reason.
NOT_DONE: Mapping[str, str] = MappingProxyType(
    {"queued": "it is queued and has not run", "running": "it is running", "failed": "its run failed"}
)


_NOT_FOUND = (
    "its annotations are neither in DVC's cache nor in a remote; "
    "`dvc push --all-commits` sends them, where they were made"
)

#: Tables of answers that are paid for, by the output of DVC that they are.
_PAID: Mapping[str, Table] = MappingProxyType(
    {
        locks.ANNOTATIONS: ANNOTATIONS,
        "data/descriptions": DESCRIPTIONS,
        "data/prompt_injection.parquet": PROMPT_INJECTION,
        "data/cascade": CASCADE,
    }
)


@dataclass(frozen=True)
class ListedRun:
    """The workspace, a commit or an experiment, as DVC lists it; the commit is None for the files in the workspace."""

    name: str
    commit: str | None
    is_experiment: bool
    #: In DVC's words: `success`, `queued`, `running` or `failed`.
    state: str
    #: All of `params.yaml` by dotted name; empty if it cannot be read.
    settings: Mapping[str, Json]


class NoSpecification(Exception):
    """A result cannot be read as a specification of the study; the text says why."""


class OtherStudy(Exception):
    """The result belongs to another study."""


def specifications(
    study: Study, compared: ComparedVariable, revs: Sequence[str]
) -> tuple[list[Specification], list[LeftOut]]:
    """The workspace and all experiments that started from `revs` (HEAD if none), and the results without the variable.

    Raises `BadInput` if there is no experiment, no result with the variable, or a result of another study.
    """
    results, not_done = _results(revs)
    found, unread = _read(study, compared, results)
    left_out = [*not_done, *unread]
    if not found:
        raise BadInput(
            f"no result has the variable {compared.name}: "
            + "; ".join(f"{result.name}: {result.why}" for result in left_out),
            "wrote nothing",
            "run `dvc queue logs NAME` to see what stopped an experiment, or `dvc fetch --all-commits` if the"
            " data is in a remote",
        )
    return found, left_out


def listed(revs: Sequence[str]) -> tuple[list[ListedRun], str | None]:
    """The workspace, then each given commit (HEAD if none) with its experiments; and why the workspace is unusable."""
    try:
        with Repo(".") as repo:
            # not dvc.api.exp_show, which cuts a commit to seven digits, and several commits may share these
            workspace, *commits = _shown(repo, list(revs) or ["HEAD"])
            return [_result(workspace, WORKSPACE), *_of_commits(commits)], _why_workspace_unusable(repo)
    except (DvcException, FileNotFoundError) as error:
        raise BadInput(
            f"DVC cannot list the experiments: {error}",
            "wrote nothing",
            "run this from the top of a gettok repository, and name commits that `git log` has with --rev",
        ) from error


def _shown(repo: Repo, revs: list[str]) -> Sequence[Any]:
    """What DVC knows of the experiments. A queued one that starts or ends meanwhile lacks some of its files."""
    for _ in range(_LOOKS - 1):
        with suppress(FileNotFoundError, NotDvcRepoError):
            return list(repo.experiments.show(revs=revs))
        time.sleep(_PAUSE_S)
    return list(repo.experiments.show(revs=revs))


def _results(revs: Sequence[str]) -> tuple[list[ListedRun], list[LeftOut]]:
    """The workspace and all experiments that started from the given commits, and those without a result."""
    (workspace, *others), why_unusable = listed(revs)
    experiments = [result for result in others if result.is_experiment]
    if not experiments:
        raise BadInput(
            f"no experiment started from {', '.join(revs) or 'the commit that is checked out (HEAD)'}",
            "wrote nothing",
            "run some: `dvc exp run --queue -S prompts/codebook=paper,evidence`, then `dvc queue start`; "
            "or name the commit that they started from with --rev (`dvc exp list -A` shows all)",
        )
    results = [result for result in experiments if result.state not in NOT_DONE]
    left_out = [
        LeftOut(result.name, NOT_DONE[result.state]) for result in experiments if result.state in NOT_DONE
    ]
    if why_unusable:
        return results, [*left_out, LeftOut(WORKSPACE, why_unusable)]
    return [*results, workspace], left_out


def _of_commits(commits: Sequence[Any]) -> Iterator[ListedRun]:
    """Each commit, and its experiments with names of their own."""
    found = [experiment for commit in commits for experiment in commit.experiments or []]
    names = [_name(experiment) for experiment in found]
    for commit in commits:
        yield _result(commit, " ".join(filter(None, (commit.name, commit.rev[:7]))), commit.rev)
        for experiment in commit.experiments or []:
            state = experiment.executor.state if experiment.executor else "success"
            rev = experiment.revs[0].rev
            name = _unique(_name(experiment), names, rev)
            yield _result(experiment.revs[0], name, rev, is_experiment=True, state=state)


def _name(experiment: Any) -> str:
    return str(experiment.revs[0].name or experiment.revs[0].rev[:7])


def _result(
    shown: Any, name: str, commit: str | None = None, *, is_experiment: bool = False, state: str = "success"
) -> ListedRun:
    params = shown.data.params.get(str(PARAMS), {}).get("data") if shown.data else None
    settings = dict(locks.leaves("", params)) if isinstance(params, dict) else {}
    return ListedRun(name, commit, is_experiment, state, settings)


def _unique(name: str, names: Sequence[str], commit: str) -> str:
    return name if names.count(name) == 1 else f"{name}@{commit[:7]}"


def _why_workspace_unusable(repo: Any) -> str | None:
    """Why the files in the workspace differ from those of its `dvc.lock`; None if they do not."""
    for path in _WANTED:
        try:
            (output,) = repo.find_outs_by_path(path)
        except DvcException:
            return f"no stage makes {path}"
        if not output.exists:
            return f"{path} {_why_missing(output)}"
        if output.changed_checksum():
            return f"{path} differs from dvc.lock; run `dvc repro`"
    return None


def _why_missing(output: Any) -> str:
    if not output.hash_info:
        return "was never made; run `dvc repro`"
    if output.changed_cache():
        return "is missing; `dvc pull` brings it if a remote has it, and `dvc repro` makes it again"
    return "is missing; `dvc checkout` brings it back from DVC's cache"


def _read(
    study: Study, compared: ComparedVariable, results: Sequence[ListedRun]
) -> tuple[list[Specification], list[LeftOut]]:
    reader = ResultReader(study, compared)
    found: list[Specification] = []
    left_out: list[LeftOut] = []
    foreign: list[str] = []
    for result in tqdm(results, desc="reading", unit="experiment", disable=None):
        try:
            found.append(reader.specification(result))
        except NoSpecification as error:
            left_out.append(LeftOut(result.name, str(error)))
        except OtherStudy as error:
            foreign.append(f"{result.name} ({error})")
    if foreign:
        raise BadInput(
            f"not all results belong to the study of {PARAMS}, {study.name}: {'; '.join(foreign)}",
            "compared nothing, as labels of different studies cannot be compared",
            f"compose the study that you mean into {PARAMS}, and name the commits of its experiments with --rev",
        )
    return found, left_out


@dataclass
class ResultReader:
    """Reads one variable of results of one study. Tables with the same digest in DVC are read once for all results."""

    study: Study
    compared: ComparedVariable
    _frames: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    _costs: dict[tuple[str, str], float | None] = field(default_factory=dict)

    def specification(self, result: ListedRun) -> Specification:
        """Raises `NoSpecification` or `OtherStudy`."""
        if result.commit is None:
            for path in _WANTED:
                output(path.removeprefix("data/"))
        try:
            with closing(DVCFileSystem(".", rev=result.commit)) as files:
                return self._specification(result.name, files)
        except (
            DataIndexDirError,
            FileNotFoundError,
        ) as error:  # which of them, depends on what DVC has noted
            raise NoSpecification(_NOT_FOUND) from error
        except DvcException as error:
            raise NoSpecification(f"DVC cannot read its annotations: {error}") from error
        except (OSError, pl.exceptions.PolarsError, yaml.YAMLError) as error:
            raise NoSpecification(f"its annotations cannot be read: {error}") from error

    def _specification(self, name: str, files: Any) -> Specification:
        stages = _yaml(files, "dvc.lock").get("stages", {})
        if locks.digest_of(stages, locks.ANNOTATIONS) is None:
            raise NoSpecification("it has no annotations: the run did not get that far")
        if newer := locks.changed_since(stages):
            raise NoSpecification(f"its annotations were made before {', '.join(newer)} changed")
        settings = locks.settings_of(stages)
        self._refuse_other_study(_yaml(files, str(PARAMS)).get("study", {}).get("name"), settings)
        codebook = self._codebook(stages)
        annotations, videos = (self._table(files, path, stages) for path in _WANTED)
        return Specification(
            name,
            locks.settings_behind(self.compared.name, codebook, settings),
            labels_of(annotations.filter(variable=self.compared.name), videos, self.compared),
            cost_usd=self._cost_usd(files, stages),
        )

    def _codebook(self, stages: locks.Stages) -> Codebook:
        """The result's codebook, whose variable can be compared."""
        try:
            codebook = locks.codebook_of(stages)
        except ValueError as error:
            raise NoSpecification("dvc.lock records no codebook of its annotations") from error
        if unlike := self.compared.why_unlike(codebook.variables.get(self.compared.name)):
            raise NoSpecification(unlike)
        return codebook

    def _refuse_other_study(self, name: str | None, settings: dict[str, Any]) -> None:
        parts = (
            ("name", name, self.study.name),
            ("target", settings.get("study.stance.target"), self.study.stance.target),
        )
        if differing := [
            f"its {what} is {theirs!r}, not {ours!r}" for what, theirs, ours in parts if theirs != ours
        ]:
            raise OtherStudy("; ".join(differing))

    def _table(self, files: Any, path: str, stages: locks.Stages) -> pl.DataFrame:
        key = (path, str(locks.digest_of(stages, path)))
        if key not in self._frames:
            refuse_damaged_objects(*key)
            self._frames[key] = _frame(files, path, *_WANTED[path])
        return self._frames[key]

    def _cost_usd(self, files: Any, stages: locks.Stages) -> float | None:
        """The price of all answers, whenever they were paid for, each once; None if there is none."""
        digests = {path: locks.digest_of(stages, path) for path in _PAID}
        costs = [self._cost_of(files, path, digest) for path, digest in digests.items() if digest is not None]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 6) if known else None

    def _cost_of(self, files: Any, path: str, digest: str) -> float | None:
        key = (path, digest)
        if key not in self._costs:
            refuse_damaged_objects(*key)
            try:
                paid = _frame(files, path, _PAID[path], ("answer_key", "cost_usd")).drop_nulls("cost_usd")
            except (DvcException, DataIndexDirError, OSError, pl.exceptions.PolarsError):
                return None  # the labels count without it
            # videos with the same inputs share an answer
            costs = paid.unique("answer_key")["cost_usd"]
            self._costs[key] = float(costs.sum()) if costs.len() else None
        return self._costs[key]


def _yaml(files: Any, path: str) -> dict[str, Any]:
    if not files.exists(path):
        raise NoSpecification(f"it has no {path}: nothing was run in it")
    with files.open(path) as file:
        return dict(parse_yaml(file.read()) or {})


def _frame(files: Any, path: str, table: Table, columns: Sequence[str]) -> pl.DataFrame:
    frames = [pl.DataFrame(schema={name: table.schema[name] for name in columns})]
    for name in sorted(files.find(path)) if files.isdir(path) else [path]:
        if name.endswith(".parquet"):
            with files.open(name) as file:
                frames.append(pl.read_parquet(file, columns=list(columns)))
    return pl.concat(frames)
