"""Refuses `dvc exp run` whose settings do not compose or are not valid, in the words of `gettok compose`.

DVC composes by itself, and would end with the words of Hydra; and a setting that is not valid would stop a queued
experiment only when its turn comes.
"""

import tempfile
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from dvc.cli import parse_args
from dvc.exceptions import DvcException
from dvc.utils.cli_parse import to_path_overrides
from dvc.utils.hydra import get_hydra_sweeps, to_hydra_overrides

from gettok.cli.compose import compose
from gettok.cli.overrides import unreadable_override
from gettok.errors import BadSettings, UserFacingError
from gettok.pipeline.experiment_inputs import refuse_to_queue_without
from gettok.pipeline.paths import PARAMS
from gettok.store.file_access import refused_access_as_not_allowed


def is_experiment(arguments: Sequence[str]) -> bool:
    """Whether a program with these arguments, its name first, is `dvc exp run`."""
    return not {"exp", "experiments"}.isdisjoint(arguments) and "run" in arguments


def refuse_wrong_experiment(conf: Path, arguments: Sequence[str]) -> None:
    """Raise `DvcException`, which DVC prints as it is, if an experiment of this `dvc exp run` has wrong settings.

    Nothing is queued then, and `params.yaml` is as it was.
    """
    try:
        with chdir(conf.parent), refused_access_as_not_allowed(), tempfile.TemporaryDirectory() as folder:
            refuse_to_queue_without(conf, arguments)
            for overrides in _experiments(arguments[1:]):
                compose(overrides, Path(folder) / PARAMS)
    except UserFacingError as error:
        raise DvcException(str(error)) from None
    except Exception:  # noqa: BLE001, S110 - DVC composes next: what fails in this check alone must stop no experiment
        pass


def _experiments(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each experiment that `dvc` runs or queues with these arguments; a sweep has several."""
    given = to_path_overrides(parse_args(arguments).set_param or [])
    overrides = given.get(PARAMS.name, [])
    if wrong := unreadable_override(overrides):
        raise BadSettings(wrong, "queued and ran nothing", "correct it, and run the same command again")
    if not any(override.is_sweep_override() for override in to_hydra_overrides(overrides)):
        return [overrides]
    return [each[PARAMS.name] for each in get_hydra_sweeps({PARAMS.name: overrides})]
