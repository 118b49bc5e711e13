"""A bit that changes on the disk is found by what reads it, or it changes nothing."""

from collections import Counter

import pytest
import yaml
from bit_rot import MEDIA_READERS, READERS, Disturbed
from root import ROOT

from gettok.cli.app import _MODULES, COMMANDS
from gettok.pipeline.code_digest import reached_from

#: They import what reads outputs, and read none; or only after a run from a list of ids or an erasure, which their own
#: tests make.
_READ_NONE = {"follow", "try", "hydrate", "purge"}
#: Written by the demo's run, and without a file in it: the demo asks for no comments.
_EMPTY = {"data/comments"}


def test_each_output_of_dvc_is_read_by_something():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"].values()
    outputs = {out for stage in stages for out in (*stage["outs"], *stage.get("metrics", ()))}
    kinds = READERS | MEDIA_READERS
    assert [
        out for out in sorted(outputs) if not any(f"{out}/".startswith(f"{kind}/") for kind in kinds)
    ] == []


def test_each_command_that_compares_outputs_is_tried():
    tried = {
        command.removeprefix("fresh ").split()[0]
        for readers in (READERS | MEDIA_READERS).values()
        for command in readers
    }
    reached = {name: reached_from(f"gettok.cli.{_MODULES.get(name, name)}", ROOT) for name in COMMANDS}
    compare = {name for name in COMMANDS if "src/gettok/pipeline/outputs.py" in reached[name]}
    assert compare - _READ_NONE == tried & set(COMMANDS)


@pytest.fixture
def disturbed(repository) -> Disturbed:
    return Disturbed.of(repository)


@pytest.mark.slow
def test_a_changed_bit_in_a_medium_is_refused(disturbed):
    found = list(disturbed.flips(list(MEDIA_READERS), 20))
    assert [flip for flip in found if flip[2] not in ("right", "refused")] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_changed_bit_in_dvcs_cache_is_refused_once_it_is_checked_out(disturbed):
    kinds = [kind for kind in READERS if kind.startswith("data/") and kind not in _EMPTY]
    found = list(disturbed.flips(kinds, len(kinds), in_cache=True))
    assert [flip for flip in found if flip[2] not in ("right", "refused")] == []
    assert Counter(outcome for *_, outcome in found)["refused"] > len(kinds) // 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_none_of_200_changed_bits_is_silently_wrong(disturbed):
    kinds = [kind for kind in READERS if disturbed.files(kind)]
    assert set(READERS) - set(kinds) == _EMPTY
    found = list(disturbed.flips(kinds, 200))
    assert [flip for flip in found if flip[2] not in ("right", "refused")] == []
    assert Counter(outcome for *_, outcome in found)["refused"] > 100
