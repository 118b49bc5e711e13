"""On real Ray nodes of this host: the same outcomes as without, and nothing is lost with a worker, a node or a run."""

import importlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest
from media_files import video
from ray_nodes import NODE_ENVIRONMENT, Nodes, options, ray_nodes
from ray_runs import begun, driver, notes, stored
from ray_steps import Deeds, Digests, OddNotNow, deed_items
from root import ROOT
from text_images import jpeg
from waiting import wait_until

from gettok.engine import LocalEngine
from gettok.engine.packing import WorkerBugError
from gettok.engine.ray import ray_engine
from gettok.engine.ray_cluster import nodes, refuse_other_code
from gettok.engine.ray_doctor import examine
from gettok.errors import BadCredentials, BadSettings, NotNow, Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.media.images import GivenPictures, Picture
from gettok.ocr.step import OcrStep
from gettok.settings.loading import check
from gettok.speech import TranscribeStep
from gettok.step import Answer, Item

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"),
]
UV = shutil.which("uv") or next(map(str, (ROOT / ".tools" / "uv" / "bin").glob("uv")), None)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    """Two nodes with a CPU each, and this process connected to them."""
    with ray_nodes() as started, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("PYTHONPATH", NODE_ENVIRONMENT["PYTHONPATH"])
        started.start_head()
        started.start_node()
        yield started
        importlib.import_module("ray").shutdown()


@pytest.fixture
def engine(cluster):
    return ray_engine(options(address=cluster.address))


def plain(outcome) -> tuple:
    if isinstance(outcome, Answer):
        return outcome.body, {name: blob.read() for name, blob in outcome.blobs.items()}
    if isinstance(outcome, Unusable):
        return outcome.reason, outcome.detail, outcome.row
    return type(outcome).__name__.removeprefix("Odd"), outcome.what, outcome.did, outcome.can


def test_outcomes_are_those_of_the_local_engine(engine, tmp_path):
    items = deed_items(*(("fast", number) for number in range(12)), ("unusable", 1), ("later", 1))
    on_ray = {
        item.video_id: plain(outcome) for item, outcome in engine.run(Deeds(str(tmp_path)), items, Event())
    }
    opened = notes(tmp_path, "opened")
    assert len(set(opened)) == len(opened) <= 2, "once in each worker"
    local = LocalEngine(1).run(Deeds(str(tmp_path)), items, Event())
    assert on_ray == {item.video_id: plain(outcome) for item, outcome in local}
    assert on_ray["later1"][0] == NotNow.__name__ != OddNotNow.__name__


def test_media_reach_a_worker_as_bytes_and_leave_nothing_there(engine, tmp_path):
    paths = [tmp_path / f"{number}.mp4" for number in range(6)]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % number * 3_000_000)
    slides = tmp_path / "7"
    slides.mkdir()
    (slides / "1.jpg").write_bytes(b"photo")
    items = [Item(path.stem, "2022-12-07", {}, MediaFile.of(path)) for path in paths]
    outcomes = {item.video_id: outcome for item, outcome in engine.run(Digests(), items, Event())}
    for item in items:
        body = outcomes[item.video_id].body
        assert body["sha256"] == item.content.sha256
        assert Path(body["path"]).name == f"{item.video_id}.mp4"
        assert not Path(body["path"]).is_relative_to(tmp_path)
        assert not Path(body["path"]).parent.exists()
    with MediaFile.of(slides).send().received() as received:
        received.check()
        assert [photo.name for photo in received.photos] == ["1.jpg"]


def test_a_damaged_video_is_an_outcome_before_it_is_sent(engine, tmp_path):
    path = tmp_path / "1.mp4"
    path.write_bytes(b"video")
    file = MediaFile.of(path)
    path.write_bytes(b"other")
    ((_, outcome),) = engine.run(Digests(), [Item("1", "2022-12-07", {}, file)], Event())
    assert type(outcome).__name__ == "Damaged"
    assert str(path) in outcome.what


def test_a_path_that_is_shared_is_read_where_it_is(cluster, tmp_path, monkeypatch):
    (tmp_path / "1.mp4").write_bytes(b"video")
    monkeypatch.chdir(tmp_path)
    item = Item("1", "2022-12-07", {}, MediaFile.of(Path("1.mp4")))
    ((_, outcome),) = ray_engine(options(address=cluster.address, media="path")).run(
        Digests(), [item], Event()
    )
    assert outcome.body["path"] == "1.mp4"


def test_a_bug_is_raised_with_the_worker_s_traceback_once_the_others_are_back(engine, tmp_path):
    items = deed_items(("slow", 1), ("bug", 1), *(("slow", number) for number in range(2, 20)))
    back = []
    with pytest.raises(WorkerBugError, match="a bug of ours"):
        back.extend(item.video_id for item, _ in engine.run(Deeds(str(tmp_path)), items, Event()))
    assert {f"began-slow-{name[4:]}" for name in back} == set(begun(tmp_path)) - {"began-bug-1"}
    assert len(back) < 8, "no new question is asked"


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


def test_real_steps_give_the_same_bytes_as_the_local_engine(cluster, params, tmp_path):
    settings = check(params, "params.yaml")
    video(tmp_path / "1.mp4", frames=60)
    (tmp_path / "2.mp4").write_bytes(b"not a video")
    media = [
        Item(name, "2022-12-07", {}, MediaFile.of(path))
        for name in ("1", "2")
        for path in [tmp_path / f"{name}.mp4"]
    ]
    pictures = GivenPictures((Picture(0, None, jpeg("EDUCACIÓN")),))
    shown = [Item("1", "2022-12-07", {}, pictures)]
    asked = [
        (FramesStep(settings.frames), media),
        (TranscribeStep(settings.asr), media),
        (OcrStep(settings.ocr), shown),
    ]
    for step, items in asked:
        engines = LocalEngine(1), ray_engine(options(address=cluster.address))
        local, on_ray = (
            {item.video_id: plain(out) for item, out in each.run(step, items, Event())} for each in engines
        )
        assert local == on_ray
        assert len(local) == len(items)


def test_settings_that_mean_something_else_on_a_worker_stop_the_run(engine, monkeypatch):
    monkeypatch.setenv("DECODER", "of the driver")
    with pytest.raises(BadSettings, match="decoder: 'usual' there, 'of the driver' here"):
        list(engine.run(Digests(), deed_items(("fast", 1)), Event()))


def test_a_node_with_other_code_or_none_is_named_before_anything_is_asked(cluster, engine, tmp_path):
    list(engine.run(Deeds(str(tmp_path)), deed_items(("fast", 1)), Event()))  # so that Ray is connected
    ray = importlib.import_module("ray")
    refuse_other_code(ray, options())
    package = tmp_path / "gettok"
    package.mkdir()
    (package / "__init__.py").write_text("raise ModuleNotFoundError('no gettok here')")
    node = cluster.start_node(PYTHONPATH=str(tmp_path))
    with pytest.raises(BadSettings, match=r"gettok is not installed \(no gettok here\)"):
        refuse_other_code(ray, options())
    lines = []
    with pytest.raises(BadSettings, match="not every machine of the Ray cluster has what runs here"):
        lines.extend(examine(options(address=cluster.address), {"digests": Digests()}))
    assert lines[0] == f"Ray {ray.__version__} at {cluster.address}: 3 nodes, room for 3 workers"
    assert [line.split()[0] for line in lines[1:]].count("yes") == 2
    assert sum("gettok is not installed" in line for line in lines) == 1
    cluster.kill(node)
    wait_until(lambda: len(nodes(ray)) == 2)


def test_the_doctor_names_a_machine_where_a_model_is_another(cluster, monkeypatch):
    examined = examine(options(address=cluster.address), {"digests": Digests()})
    assert all("in " in line and " ms" in line for line in list(examined)[1:])
    monkeypatch.setenv("DECODER", "of the driver")
    lines = []
    with pytest.raises(BadSettings):
        lines.extend(examine(options(address=cluster.address), {"digests": Digests()}))
    assert sum("digests: decoder differ from here" in line for line in lines) == 2


def test_a_resource_that_no_node_has_is_an_error_after_a_time(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.engine.ray_pool.START_S", 3)
    engine = ray_engine(options(address=cluster.address, gpus=1.0))
    with pytest.raises(BadSettings, match="has room for a worker, which takes 1 CPU, 1 GPU") as error:
        list(engine.run(Deeds(str(tmp_path)), deed_items(("fast", 1)), Event()))
    assert "waited 3 s" in error.value.did


def test_sigterm_finishes_what_is_in_flight_on_all_nodes(cluster, tmp_path):
    process = driver(cluster.address, tmp_path, "40")
    wait_until(lambda: len(set(notes(tmp_path / "notes", "began"))) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 128 + signal.SIGTERM, (tmp_path / "said").read_text()
    asked = {int(name.rpartition("-")[2]) for name in begun(tmp_path / "notes")}
    assert stored(tmp_path, 40) == asked
    assert 2 <= len(asked) < 12


def test_a_driver_that_is_killed_loses_nothing_that_it_stored(cluster, tmp_path):
    process = driver(cluster.address, tmp_path, "12")
    wait_until(lambda: (tmp_path / "store").is_dir() and len(stored(tmp_path, 12)) >= 2)
    process.kill()
    process.wait()
    known = stored(tmp_path, 12)
    workers = set(notes(tmp_path / "notes", "opened"))
    wait_until(lambda: not any(map(psutil.pid_exists, workers)))  # they end with their driver
    assert driver(cluster.address, tmp_path, "12").wait(120) == 0, (tmp_path / "said").read_text()
    assert stored(tmp_path, 12) == set(range(12))
    again = {int(name.rpartition("-")[2]) for name, times in begun(tmp_path / "notes").items() if times > 1}
    assert not again & known, "nothing that was acknowledged is asked again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cluster_of_the_run_s_own_survives_signals_to_the_group_and_leaves_nothing(tmp_path, number):
    """Neither a token in the home folder, nor a process, nor a file."""
    (tmp_path / "home").mkdir()
    before = set(Path("/tmp").glob("gettok-ray-*"))
    process = driver("own", tmp_path, "40", HOME=str(tmp_path / "home"), RAY_ADDRESS="")
    wait_until(lambda: len(set(notes(tmp_path / "notes", "began"))) == 2)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)
    assert process.wait(120) == 128 + number, (tmp_path / "said").read_text()
    asked = {int(name.rpartition("-")[2]) for name in begun(tmp_path / "notes")}
    assert stored(tmp_path, 40) == asked
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert list((tmp_path / "home").iterdir()) == []
    assert set(Path("/tmp").glob("gettok-ray-*")) == before
    assert "raylet" not in (tmp_path / "said").read_text()


@pytest.mark.skipif(UV is None, reason="needs uv")
def test_workers_below_uv_run_use_the_environment_that_there_is(tmp_path):
    """By itself Ray starts them by `uv run` in a copy of the folder, and builds the environment again."""
    below = [UV, "run", "--no-sync", "--project", ROOT]
    process = driver("own", tmp_path, "2", "fast", below=below, RAY_ADDRESS="")
    wait_until(lambda: notes(tmp_path / "notes", "opened") or process.poll() is not None)
    assert process.wait(120) == 0, (tmp_path / "said").read_text()
    assert stored(tmp_path, 2, "fast") == {0, 1}


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Nodes, Any]]:
    """A cluster that wants a token, and its head."""
    with ray_nodes() as started:
        yield started, started.start_head(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="a" * 64)


def test_another_token_is_a_message_that_names_the_variables(guarded, tmp_path):
    guarded_nodes, _ = guarded
    process = driver(guarded_nodes.address, tmp_path, "1", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="b" * 64)
    assert process.wait(120) == BadCredentials.exit_code, (tmp_path / "said").read_text()
    assert "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" in (tmp_path / "said").read_text()


def test_a_head_that_is_killed_ends_the_run_and_costs_nothing_that_was_stored(guarded, tmp_path):
    guarded_nodes, head = guarded
    process = driver(guarded_nodes.address, tmp_path, "40", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="a" * 64)
    wait_until(lambda: (tmp_path / "store").is_dir() and len(stored(tmp_path, 40)) >= 2)
    guarded_nodes.kill(head)
    assert process.wait(120) == NotNow.exit_code, (tmp_path / "said").read_text()
    assert "the head of the Ray cluster does not answer" in (tmp_path / "said").read_text()
    assert 2 <= len(stored(tmp_path, 40)) <= begun(tmp_path / "notes").total()


def test_an_address_where_no_cluster_is_says_so(tmp_path):
    process = driver("127.0.0.1:1", tmp_path, "1")
    assert process.wait(120) == NotNow.exit_code
    assert "no Ray cluster answers at 127.0.0.1:1" in (tmp_path / "said").read_text()
