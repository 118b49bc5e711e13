"""What the engine for several machines is made of, without them: order, plain data, and what it gives to workers."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from ray_nodes import options
from ray_steps import Deeds, OddNotNow, deed_items

from gettok.engine import ENGINES
from gettok.engine.in_order import InOrder
from gettok.engine.local import outcome_of
from gettok.engine.look_ahead import LongestFirst
from gettok.engine.packing import WorkerBugError, pack, pack_bug, unpack
from gettok.engine.ray import RayEngine, _Run
from gettok.engine.ray_cluster import Node
from gettok.engine.ray_pool import Loss, Task, WorkerReply
from gettok.engine.ray_worker import RayWorker, SentStep, refuse_other_meaning
from gettok.errors import BadSettings, Interrupted, NotNow, Unusable
from gettok.media import MediaFile
from gettok.step import Answer, Blob, Item, Workers


class PoolHere:
    """A pool of workers that answer at once, in this thread. `deadly` contents end their worker."""

    def __init__(self, step, workers: int = 1, limit: int = 3, deadly: dict[str, int] | None = None) -> None:
        self.step, self.limit, self.deadly = step, limit, deadly or {}
        self.workers: list[list] = [[] for _ in range(workers)]
        self.log: list[list[str]] = []
        self.most_bytes = 0

    @property
    def in_flight(self) -> int:
        return sum(map(len, self.workers))

    @property
    def bytes_in_flight(self) -> int:
        return sum(task.bytes_sent for worker in self.workers for task, _ in worker)

    def start(self, wanted: int) -> None:
        assert wanted >= self.in_flight

    def _free(self, limit: int) -> list[list]:
        return [
            worker
            for worker in self.workers
            if len(worker) < limit and not any(task.deaths for task, _ in worker)
        ]

    def has_free(self, *, idle: bool = False) -> bool:
        return bool(self._free(1 if idle else self.limit))

    def give(self, task: Task, content) -> None:
        min(self._free(self.limit), key=len).append((task, content))
        self.most_bytes = max(self.most_bytes, self.bytes_in_flight)

    def wait(self, _timeout_s: float) -> Iterator[WorkerReply | Loss]:
        """The first of each worker; all of one that dies."""
        for worker in self.workers:
            names = [task.item.video_id for task, _ in worker]
            self.log.append(names)
            is_dead = any(self.deadly.get(name, 0) > 0 for name in names)
            for _ in range(len(worker) if is_dead else min(1, len(worker))):
                task, content = worker.pop(0)
                if is_dead:
                    self.deadly[task.item.video_id] = self.deadly.get(task.item.video_id, 0) - 1
                    yield Loss(task, with_node=False)
                else:
                    yield WorkerReply(task, pack(outcome_of(self.step, content)))


def run(pool: PoolHere, items, stop: Event | None = None, **changed) -> dict:
    asked = _Run(pool, options(**changed), LongestFirst(items, 64), stop or Event())
    return {item.video_id: outcome for item, outcome in asked}


@pytest.fixture
def media(tmp_path) -> list[Item[MediaFile]]:
    """Videos of 1 to 6 bytes, in order."""
    paths = [tmp_path / f"{size}.mp4" for size in range(1, 7)]
    for size, path in enumerate(paths, 1):
        path.write_bytes(b"x" * size)
    return [Item(path.stem, "2022-12-07", {}, MediaFile.of(path)) for path in paths]


class Sizes:
    """How many bytes arrived."""

    workers = Workers("threads", 1)

    def ask(self, content) -> Answer:
        with content.received() as file:
            return Answer({"size": Path(file.path).stat().st_size})


def test_of_the_items_in_sight_the_longest_comes_first(media):
    taken: list[str] = []

    def watched() -> Iterator[Item]:
        for item in media:
            taken.append(item.video_id)
            yield item

    items = LongestFirst(watched(), 3)
    assert items.known() == 3
    assert taken == ["1", "2", "3"]
    assert [items.pop().video_id for _ in range(6)] == ["3", "4", "5", "6", "2", "1"]
    assert items.pop() is None


def test_items_of_unknown_length_keep_their_order():
    items = LongestFirst(deed_items(("fast", 3), ("fast", 1), ("fast", 2)), 10)
    assert [items.pop().content.number for _ in range(3)] == [3, 1, 2]


def test_results_come_in_order_however_they_return_and_few_wait_for_one(monkeypatch):
    monkeypatch.setattr("gettok.engine.in_order._AHEAD", 3)
    ordered = InOrder("abcdef")
    first, second, third = (ordered.pop() for _ in range(3))
    assert [item.content for item in (first, second, third)] == ["a", "b", "c"]
    assert ordered.pop() is None, "three are not back"
    assert ordered.known() == 3
    assert list(ordered.results(third, "C")) == []
    assert list(ordered.results(second, "B")) == []
    assert ordered.pop() is None, "two wait for the first"
    assert list(ordered.results(first, "A")) == ["A", "B", "C"]
    assert [ordered.pop().content for _ in range(3)] == ["d", "e", "f"]
    assert ordered.known() == 0
    with pytest.raises(Interrupted):
        ordered.refuse_missing()


def test_no_more_bytes_are_in_flight_than_the_settings_allow(media):
    pool = PoolHere(Sizes(), workers=2, limit=4)
    outcomes = run(pool, media, bytes_in_flight=7)
    assert {name: outcome.body["size"] for name, outcome in outcomes.items()} == {
        str(n): n for n in range(1, 7)
    }
    assert 0 < pool.most_bytes <= 7


def test_a_video_larger_than_what_may_be_in_flight_goes_alone(media):
    pool = PoolHere(Sizes(), workers=2, limit=4)
    assert len(run(pool, media, bytes_in_flight=1)) == 6
    assert [names for names in pool.log if names] == [[str(n)] for n in range(6, 0, -1)]


def test_what_a_worker_died_of_is_found_alone_and_the_others_are_answered(tmp_path):
    pool = PoolHere(Deeds(str(tmp_path)), workers=2, deadly={"fast1": 99})
    outcomes = run(pool, deed_items(*(("fast", number) for number in range(7))))
    fatal = outcomes.pop("fast1")
    assert (type(fatal), fatal.reason) == (Unusable, "too_large")
    assert sorted(outcome.body["twice"] for outcome in outcomes.values()) == [0, 4, 6, 8, 10, 12]
    assert sum("fast1" in names for names in pool.log) == 3
    assert [names for names in pool.log if "fast1" in names][1:] == [["fast1"]] * 2
    death = next(place for place, names in enumerate(pool.log) if "fast1" in names)
    assert len(pool.log[death]) > 2
    for name in pool.log[death]:
        later = [names for names in pool.log[death + 1 :] if name in names]
        assert later[0] == later[-1] == [name], "none of these is asked beside another"


def test_a_worker_that_dies_twice_costs_no_answer(tmp_path):
    outcomes = run(PoolHere(Deeds(str(tmp_path)), deadly={"fast1": 2}), deed_items(("fast", 1)))
    assert outcomes["fast1"].body["twice"] == 2


def test_after_stop_what_was_lost_is_not_asked_again(tmp_path):
    stop = Event()
    pool = PoolHere(Deeds(str(tmp_path)), limit=2, deadly={"fast0": 1})
    give = pool.give

    def stopping(task, content) -> None:
        give(task, content)
        stop.set()

    pool.give = stopping
    assert run(pool, deed_items(*(("fast", number) for number in range(5))), stop) == {}
    assert pool.log == [["fast0"]]


def test_a_bug_is_raised_once_the_others_are_back(tmp_path):
    class Buggy(PoolHere):
        def wait(self, _timeout_s: float) -> Iterator[WorkerReply | Loss]:
            for task, content in self.workers[0]:
                deed = (
                    pack(outcome_of(self.step, content))
                    if content.number
                    else pack_bug(ZeroDivisionError("x"))
                )
                yield WorkerReply(task, deed)
            self.workers[0].clear()

    asked = _Run(
        Buggy(Deeds(str(tmp_path))),
        options(),
        LongestFirst(deed_items(*(("fast", number) for number in range(9))), 64),
        Event(),
    )
    back = []
    with pytest.raises(WorkerBugError, match="ZeroDivisionError: x"):
        back.extend(item.content.number for item, _ in asked)
    assert back == [1, 2]


def test_a_damaged_video_is_not_sent(media):
    Path(media[0].content.path).write_bytes(b"y")
    outcomes = run(PoolHere(Sizes()), media)
    assert type(outcomes["1"]).__name__ == "Damaged"
    assert outcomes["2"].body["size"] == 2


def test_an_error_while_a_video_is_read_is_raised_once_the_others_are_back(media):
    class Unreadable(MediaFile):
        def send(self):
            raise OSError("the disk is gone")

    file = media[2].content
    items = [*media[3:], Item("3", "2022-12-07", {}, Unreadable(file.path, file.sha256))]
    back = []
    with pytest.raises(OSError, match="the disk is gone"):
        back.extend(
            item.video_id
            for item, _ in _Run(PoolHere(Sizes(), limit=4), options(), LongestFirst(items, 9), Event())
        )
    assert back == ["6", "5", "4"]


def test_outcomes_survive_the_way_as_plain_data(tmp_path):
    (tmp_path / "blob").write_bytes(b"in a file")
    answer = Answer({"a": [1, None]}, {"x": Blob.of_bytes(b"x"), "y": Blob.of_file(tmp_path / "blob")})
    back = unpack(pack(answer))
    assert back.text == answer.text
    assert {name: blob.read() for name, blob in back.blobs.items()} == {"x": b"x", "y": b"in a file"}
    refused = unpack(pack(Unusable("no_speech", "quiet", {"sound_s": 1.0})))
    assert (refused.reason, refused.detail, refused.row) == ("no_speech", "quiet", {"sound_s": 1.0})
    later = unpack(pack(OddNotNow(1, 2, "there")))
    assert (type(later), later.what, later.did, later.can) == (
        NotNow,
        "page 1 of 2",
        "asked there",
        "come back",
    )
    assert isinstance(unpack(pack(Interrupted())), Interrupted)


def test_a_worker_opens_once_and_returns_errors_as_data(tmp_path):
    worker, step = RayWorker(), Deeds(str(tmp_path))
    settings = {"of": ["the", "test"]}
    assert worker.open(SentStep(pickle.dumps(step), settings, None)) is None
    assert len(list(tmp_path.glob("opened-*"))) == 1
    fast, bug = (item.content for item in deed_items(("fast", 4), ("bug", 1)))
    assert unpack(worker.ask(fast)).body["twice"] == 8
    with pytest.raises(WorkerBugError, match="a bug of ours"):
        unpack(worker.ask(bug))
    other = RayWorker().open(SentStep(pickle.dumps(step), {"of": "another"}, None))
    assert isinstance(unpack(other), BadSettings)
    nowhere = RayWorker().open(SentStep(pickle.dumps(step), settings, str(tmp_path / "absent")))
    assert "has no folder" in unpack(nowhere).what


def test_settings_of_another_meaning_are_named():
    refuse_other_meaning({"a": 1}, {"a": 1})
    with pytest.raises(BadSettings, match="compute_type: 'float16' there, 'int8' here"):
        refuse_other_meaning({"a": 1, "compute_type": "float16"}, {"a": 1, "compute_type": "int8"})


def test_a_step_whose_workers_share_a_limit_runs_here(tmp_path):
    """No cluster is started for it."""
    step = Deeds(str(tmp_path), Workers("threads", 2, share_a_limit=True))
    outcomes = RayEngine(options()).run(step, deed_items(("fast", 1), ("fast", 2)), Event())
    assert sorted(outcome.body["twice"] for _, outcome in outcomes) == [2, 4]


def test_without_the_extra_ray_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not (Path(path) / "ray").is_dir()])
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(BadSettings, match="the package ray is not installed") as error:
        ENGINES["ray"](options())
    assert "uv sync --extra ray" in error.value.can


@pytest.mark.parametrize(
    ("takes", "room"),
    [({}, 4), ({"cpus": 1.5}, 2), ({"gpus": 1.0}, 2), ({"gpus": 0.5}, 4), ({"memory_bytes": 3_000}, 3)],
)
def test_a_machine_has_room_for_as_many_workers_as_its_scarcest_resource(takes, room):
    node = Node("id", "host", {"CPU": 4.0, "GPU": 2.0, "memory": 10_000.0})
    assert node.room_for(options(**takes)) == room
    assert Node("id", "host", {"CPU": 4.0}).room_for(options(gpus=1.0)) == 0
