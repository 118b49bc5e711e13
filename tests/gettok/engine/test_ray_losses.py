"""On real Ray nodes of this host: what is lost with a worker, a node, a run or the cluster's head, and what is not.

Nothing that was stored is asked again, and what was in flight is asked once more at most.
"""

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest
from ray_nodes import options, ray_nodes
from ray_runs import begun, driver, notes, stored
from ray_steps import Deeds, deed_items
from waiting import wait_until

from gettok.engine.ray import ray_engine
from gettok.errors import NotNow
from gettok.step import Answer, Item

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"),
]


def said(folder: Path) -> str:
    return (folder / "said").read_text("utf-8")


def asked_again(folder: Path) -> set[int]:
    """The numbers of the questions that were begun more than once."""
    return {int(name.rpartition("-")[2]) for name, times in begun(folder / "notes").items() if times > 1}


def is_stored(folder: Path, count: int, enough: int) -> bool:
    return (folder / "store").is_dir() and len(stored(folder, count)) >= enough


def are_gone(processes: set[int]) -> bool:
    return not any(map(psutil.pid_exists, processes))


def test_a_worker_that_is_killed_costs_only_what_it_had_not_answered(engine, tmp_path):
    items = deed_items(("deadly_once", 1), *(("fast", number) for number in range(10)))
    outcomes = {item.video_id: outcome for item, outcome in engine.run(Deeds(str(tmp_path)), items, Event())}
    assert {name: outcome.body["twice"] for name, outcome in outcomes.items()} == {
        item.video_id: 2 * item.content.number for item in items
    }


def test_a_video_that_kills_each_worker_ends_with_a_reason_and_takes_no_other_along(engine, tmp_path, capfd):
    items = deed_items(*(("fast", number) for number in range(6)), ("deadly", 1))
    outcomes = {item.video_id: outcome for item, outcome in engine.run(Deeds(str(tmp_path)), items, Event())}
    fatal = outcomes.pop("deadly1")
    assert (fatal.reason, fatal.detail.split(",")[0]) == (
        "too_large",
        "3 workers ended while they worked on it",
    )
    assert begun(tmp_path)["began-deadly-1"] == 3
    assert all(isinstance(outcome, Answer) for outcome in outcomes.values())
    assert len(outcomes) == 6
    assert capfd.readouterr() == ("", ""), "Ray prints nothing between the lines of the progress bar"


def test_a_node_that_is_killed_costs_only_what_was_asked_there(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.engine.ray._AHEAD", 4)
    node, killed, outcomes = cluster.start_node(), Event(), {}

    def until_killed() -> Iterator[Item]:
        left = 6
        for number in range(200):
            left -= killed.is_set()
            if left > 0:
                yield from deed_items(("slow", number))

    engine = ray_engine(options(address=cluster.address))
    for item, outcome in engine.run(Deeds(str(tmp_path)), until_killed(), Event()):
        outcomes[item.content.number] = outcome.body["twice"]
        if not killed.is_set() and len(set(notes(tmp_path, "began"))) == 3:
            cluster.kill(node)
            killed.set()
    assert killed.is_set()
    assert outcomes == {number: 2 * number for number in outcomes}
    assert {*begun(tmp_path)} == {f"began-slow-{number}" for number in outcomes}
    assert begun(tmp_path).total() <= len(outcomes) + 2, "what the node was asked is asked again, and no more"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_what_is_in_flight_on_all_nodes(cluster, tmp_path, number):
    process = driver(cluster.address, tmp_path, "40")
    wait_until(lambda: len(set(notes(tmp_path / "notes", "began"))) == 2)
    process.send_signal(number)
    assert process.wait(120) == 128 + number, said(tmp_path)
    asked = {int(name.rpartition("-")[2]) for name in begun(tmp_path / "notes")}
    assert stored(tmp_path, 40) == asked
    assert 2 <= len(asked) < 12


def test_a_worker_that_is_killed_from_outside_costs_the_run_only_what_it_had_in_hand(cluster, tmp_path):
    process = driver(cluster.address, tmp_path, "12")
    wait_until(lambda: is_stored(tmp_path, 12, 2))
    known, worker = stored(tmp_path, 12), notes(tmp_path / "notes", "opened")[0]
    os.kill(worker, signal.SIGKILL)
    assert process.wait(120) == 0, said(tmp_path)
    assert stored(tmp_path, 12) == set(range(12))
    again = asked_again(tmp_path)
    assert len(again) <= 1, "a worker has one question in work"
    assert not again & known
    assert begun(tmp_path / "notes").total() == 12 + len(again)


def test_a_second_signal_ends_the_run_at_once_and_its_workers_with_it(cluster, tmp_path):
    process = driver(cluster.address, tmp_path, "40")
    wait_until(lambda: is_stored(tmp_path, 40, 2))
    workers = set(notes(tmp_path / "notes", "opened"))
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping: finishing what is in flight" in said(tmp_path))
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 128 + signal.SIGINT, said(tmp_path)
    wait_until(lambda: are_gone(workers))
    assert 2 <= len(stored(tmp_path, 40)) < 12


def test_a_driver_that_is_killed_loses_nothing_that_it_stored(cluster, tmp_path):
    process = driver(cluster.address, tmp_path, "12")
    wait_until(lambda: is_stored(tmp_path, 12, 2))
    process.kill()
    process.wait()
    known = stored(tmp_path, 12)
    workers = set(notes(tmp_path / "notes", "opened"))
    wait_until(lambda: are_gone(workers))  # they end with their driver
    assert driver(cluster.address, tmp_path, "12").wait(120) == 0, said(tmp_path)
    assert stored(tmp_path, 12) == set(range(12))
    assert not asked_again(tmp_path) & known, "nothing that was acknowledged is asked again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cluster_of_the_run_s_own_survives_signals_to_the_group_and_leaves_nothing(tmp_path, number):
    """Neither a token in the home folder, nor a process, nor a file."""
    (tmp_path / "home").mkdir()
    before = set(Path("/tmp").glob("gettok-ray-*"))
    process = driver("own", tmp_path, "40", HOME=str(tmp_path / "home"), RAY_ADDRESS="")
    wait_until(lambda: len(set(notes(tmp_path / "notes", "began"))) == 2)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)
    assert process.wait(120) == 128 + number, said(tmp_path)
    asked = {int(name.rpartition("-")[2]) for name in begun(tmp_path / "notes")}
    assert stored(tmp_path, 40) == asked
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert list((tmp_path / "home").iterdir()) == []
    assert set(Path("/tmp").glob("gettok-ray-*")) == before
    assert "raylet" not in said(tmp_path)


def test_a_head_that_is_killed_ends_the_run_and_another_cluster_goes_on_with_it(tmp_path):
    with ray_nodes() as first:
        head = first.start_head()
        first.start_node()
        process = driver(first.address, tmp_path, "16", RAY_AUTH_MODE="disabled")
        wait_until(lambda: len(set(notes(tmp_path / "notes", "began"))) == 2 and is_stored(tmp_path, 16, 4))
        workers = set(notes(tmp_path / "notes", "opened"))
        first.kill(head)
        assert process.wait(120) == NotNow.exit_code, said(tmp_path)
        assert "the head of the Ray cluster does not answer" in said(tmp_path)
        wait_until(lambda: are_gone(workers))  # those on the other node too, which is alive
    known = stored(tmp_path, 16)
    assert 4 <= len(known) < 16
    with ray_nodes() as second:
        second.start_head()
        assert driver(second.address, tmp_path, "16", RAY_AUTH_MODE="disabled").wait(120) == 0, said(tmp_path)
    assert stored(tmp_path, 16) == set(range(16))
    assert not asked_again(tmp_path) & known
