"""On real Ray nodes of this host: the same outcomes as without, from machines that have the same code and settings."""

import importlib
import importlib.util
import os
import shutil
from pathlib import Path
from threading import Event

import pytest
from media_files import video
from ray_nodes import options, ray_nodes
from ray_runs import begun, driver, notes, stored
from ray_steps import Cores, Deeds, Digests, Doubled, OddNotNow, deed_items, first_bytes
from root import ROOT
from text_images import jpeg
from waiting import wait_until

from gettok.engine import LocalEngine
from gettok.engine.packing import WorkerBugError
from gettok.engine.ray import ray_engine
from gettok.engine.ray_cluster import nodes, refuse_other_code
from gettok.engine.ray_doctor import examine
from gettok.errors import BadCredentials, BadSettings, Interrupted, NotNow, Stop, Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.media.images import GivenPictures, Picture
from gettok.ocr.step import OcrStep
from gettok.settings.loading import check
from gettok.speech import TranscribeStep
from gettok.step import Answer, Item
from gettok.tabulate.pages import PageFile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"),
]
UV = shutil.which("uv") or next(map(str, (ROOT / ".tools" / "uv" / "bin").glob("uv")), None)


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


def test_a_worker_and_what_it_starts_take_no_more_cores_than_it_was_given(cluster):
    for cpus, share in [(1.0, 1), (0.5, 1)]:
        engine = ray_engine(options(address=cluster.address, cpus=cpus, workers=1))
        ((_, outcome),) = engine.run(Cores(), deed_items(("fast", 1)), Event())
        assert outcome.body == {"here": share, "child": share}


def test_results_of_a_function_come_in_order_from_both_nodes(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.engine.ray._ALONE_S", 0.0)
    monkeypatch.setattr("gettok.engine.in_order._AHEAD", 5)
    results = list(engine.map(Doubled(str(tmp_path), {3: 1}), range(40), Event()))
    assert [result for result, _ in results] == [2 * number for number in range(40)]
    assert len({process for _, process in results} - {os.getpid()}) >= 2
    assert len(list(tmp_path.iterdir())) <= 40 + 2, "only what the lost worker had in hand is done again"
    assert len(list(tmp_path.glob("3-*"))) == 2


def test_a_function_s_error_comes_in_order_and_one_that_kills_each_worker_says_so(
    engine, tmp_path, monkeypatch
):
    monkeypatch.setattr("gettok.engine.ray._ALONE_S", 0.0)
    results = engine.map(Doubled(str(tmp_path)), [1, 2, 3, -1, 5], Event())
    assert [next(results)[0] for _ in range(3)] == [2, 4, 6]
    with pytest.raises(NotNow, match="page 1 of 2"):
        next(results)
    with pytest.raises(Stop, match="a part of the tables cannot be made: 3 workers ended"):
        list(engine.map(Doubled(str(tmp_path), {7: 99}), [6, 7, 8], Event()))


def test_a_signal_ends_a_map(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.engine.ray._ALONE_S", 0.0)
    stop = Event()
    results = engine.map(Doubled(str(tmp_path)), range(100), stop)
    assert [next(results)[0] for _ in range(5)] == [0, 2, 4, 6, 8]
    stop.set()
    with pytest.raises(Interrupted):
        list(results)
    assert len(list(tmp_path.iterdir())) < 100


def test_pages_reach_a_worker_as_bytes(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.engine.ray._ALONE_S", 0.0)
    files = [tmp_path / f"{number}.parquet" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(b"page%d and more" % number)
    here, *there = engine.map(first_bytes, map(PageFile, files), Event())
    assert here == (b"page0", str(files[0]))
    assert [found for found, _ in there] == [b"page1", b"page2"]
    assert [Path(path).name for _, path in there] == ["1.parquet", "2.parquet"]
    assert not any(Path(path).exists() for _, path in there), "the copies are gone"


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


@pytest.mark.skipif(UV is None, reason="needs uv")
def test_workers_below_uv_run_use_the_environment_that_there_is(tmp_path):
    """By itself Ray starts them by `uv run` in a copy of the folder, and builds the environment again."""
    below = [UV, "run", "--no-sync", "--project", ROOT]
    process = driver("own", tmp_path, "2", "fast", below=below, RAY_ADDRESS="")
    wait_until(lambda: notes(tmp_path / "notes", "opened") or process.poll() is not None)
    assert process.wait(120) == 0, (tmp_path / "said").read_text()
    assert stored(tmp_path, 2, "fast") == {0, 1}


def test_a_token_lets_a_run_in_and_another_is_a_message_that_names_the_variables(tmp_path):
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64}
    with ray_nodes() as guarded:
        guarded.start_head(**token)
        other = driver(guarded.address, tmp_path, "1", "fast", **token | {"RAY_AUTH_TOKEN": "b" * 64})
        assert other.wait(120) == BadCredentials.exit_code, (tmp_path / "said").read_text()
        assert "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" in (tmp_path / "said").read_text()
        assert driver(guarded.address, tmp_path, "1", "fast", **token).wait(120) == 0
    assert stored(tmp_path, 1, "fast") == {0}


def test_an_address_where_no_cluster_is_says_so(tmp_path):
    process = driver("127.0.0.1:1", tmp_path, "1")
    assert process.wait(120) == NotNow.exit_code
    assert "no Ray cluster answers at 127.0.0.1:1" in (tmp_path / "said").read_text()
