"""A stage asks only what the store lacks, keeps each answer as it comes, and accounts for every video."""

import errno
import os
import sqlite3
from dataclasses import dataclass, field
from threading import Barrier, Event

import polars as pl
import pytest

from gettok.engine import LocalEngine
from gettok.errors import Damaged, NoSpace, NotAllowed, NotNow, Unusable
from gettok.pipeline.answering import Asking, Skipped, scope_of, writer_by_day
from gettok.step import Answer, Item, Workers
from gettok.store import Store
from gettok.store.atomic_write import atomic_dir
from gettok.tables import TRANSCRIPTS


@dataclass(frozen=True)
class Echo:
    """Answers a text with itself; a text that is a reason makes the video unusable, `later` makes the run stop."""

    settings: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    stage: str = "echo"
    version: int = 1
    workers: Workers = Workers("threads", 1)

    def open(self) -> None:
        self.asked.append("opened")

    def ask(self, content: str) -> Answer:
        self.asked.append(content)
        if content == "later":
            raise NotNow("a", "b", "c")
        if content in ("no_speech", "unreachable"):
            raise Unusable(content, "as told")
        return Answer({"text": content})

    def read(self, answer: Answer) -> list:
        if answer.body["text"] == "garbled":
            raise Unusable("malformed", "as read")
        return [{"text": answer.body["text"]}]


def item(video_id: str, text: str, day: str = "2022-12-07") -> Item[str]:
    return Item(video_id, day, {"text": text}, text)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as store:
        yield store


def run(store, step, entries, folder):
    asking = Asking(step, store, LocalEngine(), Event())
    with atomic_dir(folder) as unfinished:
        return asking.table(entries, writer_by_day(TRANSCRIPTS, unfinished))


def rows(folder) -> list[dict]:
    return TRANSCRIPTS.read(folder).select("video_id", "status", "reason", "text").to_dicts()


def test_every_video_has_a_row_and_the_books_balance(store, tmp_path):
    entries = [
        item("3", "hola"),
        item("1", "no_speech"),
        item("2", "garbled"),
        Skipped("4", "2022-12-08", "no_media"),
    ]
    books = run(store, Echo(), entries, tmp_path / "out")
    assert (books.asked, books.ok) == (4, 1)
    assert books.unusable == {"malformed": 1, "no_media": 1, "no_speech": 1}
    assert rows(tmp_path / "out") == [
        {"video_id": "1", "status": "unusable", "reason": "no_speech", "text": None},
        {"video_id": "2", "status": "unusable", "reason": "malformed", "text": None},
        {"video_id": "3", "status": "ok", "reason": None, "text": "hola"},
        {"video_id": "4", "status": "unusable", "reason": "no_media", "text": None},
    ]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "2022-12-07.parquet",
        "2022-12-08.parquet",
    ]


def test_a_second_run_asks_nothing_and_writes_the_same_bytes(store, tmp_path):
    entries = [item("1", "hola"), item("2", "no_speech"), item("3", "garbled")]
    run(store, Echo(), entries, tmp_path / "first")
    again = Echo()
    run(store, again, entries, tmp_path / "second")
    assert again.asked == []
    first, second = (tmp_path / name / "2022-12-07.parquet" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_only_what_is_new_is_asked(store, tmp_path):
    run(store, Echo(), [item("1", "hola")], tmp_path / "out")
    step = Echo()
    run(store, step, [item("1", "hola"), item("2", "adiós")], tmp_path / "out")
    assert step.asked == ["opened", "adiós"]


def test_other_settings_ask_anew_and_going_back_asks_nothing(store, tmp_path):
    entries = [item("1", "hola")]
    for settings, expected in (({"model": "a"}, 1), ({"model": "b"}, 1), ({"model": "a"}, 0)):
        step = Echo(settings)
        run(store, step, entries, tmp_path / "out")
        assert len([asked for asked in step.asked if asked != "opened"]) == expected


def test_videos_with_the_same_inputs_share_one_answer(store, tmp_path):
    step = Echo()
    books = run(store, step, [item("1", "hola"), item("2", "hola")], tmp_path / "out")
    assert (books.ok, step.asked) == (2, ["opened", "hola"])


def test_what_could_not_be_settled_has_a_row_and_is_asked_again(store, tmp_path):
    entries = [item("1", "unreachable"), item("2", "unreachable"), item("3", "hola")]
    assert run(store, Echo(), entries, tmp_path / "out").unusable == {"unreachable": 2}
    step = Echo()
    run(store, step, entries, tmp_path / "out")
    assert step.asked == ["opened", "unreachable"]


def test_trouble_stops_the_run_keeps_what_was_answered_and_leaves_no_output(store, tmp_path):
    entries = [item("1", "hola"), item("2", "later"), *(item(str(n), f"text {n}") for n in range(3, 40))]
    step = Echo()
    with pytest.raises(NotNow):
        run(store, step, entries, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert len(step.asked) < 10, "what had not begun when the trouble came is not asked"
    again = Echo()
    run(store, again, [entry for entry in entries if entry.content != "later"], tmp_path / "out")
    assert not set(again.asked) & (set(step.asked) - {"later", "opened"})


class Backwards:
    """An engine that hands the last item's outcome back first, so that a trouble comes before what was in flight."""

    def run(self, step, items, stop):
        outcomes = list(LocalEngine().run(step, items, stop))  # in the order in which threads end
        yield from sorted(outcomes, key=lambda pair: pair[0].video_id, reverse=True)


def test_what_was_in_flight_when_the_trouble_came_is_kept(store, tmp_path):
    entries = [item("1", "hola"), item("2", "later")]
    with pytest.raises(NotNow):
        Asking(Echo(), store, Backwards(), Event()).ask(entries)
    again = Echo()
    run(store, again, entries[:1], tmp_path / "out")
    assert again.asked == [], "it is not paid for twice"


def test_f36_four_threads_one_of_which_meets_trouble_keep_the_answers_of_the_others(store, tmp_path):
    """The others are in flight when the trouble comes, and finish only after it has stopped the run."""
    stop, together = Event(), Barrier(4)

    class Slow(Echo):
        def ask(self, content: str) -> Answer:
            together.wait(30)
            if content != "later":
                assert stop.wait(30)
            return super().ask(content)

    entries = [item("1", "later"), item("2", "hola"), item("3", "adiós"), item("4", "no_speech")]
    with pytest.raises(NotNow):
        Asking(Slow(workers=Workers("threads", 4)), store, LocalEngine(), stop).ask(entries)
    again = Echo()
    run(store, again, entries[1:], tmp_path / "out")
    assert again.asked == [], "they are not paid for twice"


def test_f37_an_answer_that_the_disk_has_no_room_for_costs_no_other_one_in_flight(store, tmp_path):
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages + 2}")
    entries = [item("1", "hola"), item("2", os.urandom(30_000).hex())]
    with pytest.raises(NoSpace):
        Asking(Echo(), store, Backwards(), Event()).ask(entries)
    again = Echo()
    run(store, again, entries[:1], tmp_path / "out")
    assert again.asked == []


THREE_PARTS = "what", "did", "can"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "Input/output error"),
        sqlite3.OperationalError("disk I/O error"),
        Damaged(*THREE_PARTS),
        NotAllowed(*THREE_PARTS),
        NoSpace(*THREE_PARTS),
    ],
    ids=repr,
)
def test_f36_whatever_keeps_an_answer_out_of_the_store_costs_no_other_one_in_flight(
    store, monkeypatch, error
):
    """The first one to come back is not stored, nor the last."""
    put = Store.put

    def failing(store, key, subject, answer):
        if subject == "4":
            raise error
        if subject == "1":
            raise ValueError("a later error, which is not the one that is raised")
        put(store, key, subject, answer)

    monkeypatch.setattr(Store, "put", failing)
    entries = [item(str(number), f"text {number}") for number in range(1, 5)]
    step = Echo(workers=Workers("threads", 2))
    with pytest.raises(type(error)) as raised:
        Asking(step, store, Backwards(), Event()).ask(entries)
    assert raised.value is error
    assert [answer.subject for number in range(1, 5) for answer in store.about(str(number))] == ["2", "3"]


@pytest.mark.parametrize("changed", [Echo({"prompt": "B"}), Echo({"prompt": "A"}, version=2)])
def test_f41_a_prompt_or_code_changed_half_way_mixes_no_answers_and_loses_none(store, tmp_path, changed):
    first = Echo({"prompt": "A"})
    entries = [item("1", "hola"), item("2", "later"), item("3", "adiós")]
    with pytest.raises(NotNow):
        Asking(first, store, LocalEngine(1), Event()).ask(entries)
    entries[1] = item("2", "sí")
    run(store, changed, entries, tmp_path / "changed")
    assert sorted(changed.asked) == ["adiós", "hola", "opened", "sí"], "no older answer is mixed in"
    keys = {scope_of(changed).key(entry.inputs).digest for entry in entries}
    assert set(TRANSCRIPTS.read(tmp_path / "changed")["answer_key"]) == keys

    back = Echo({"prompt": "A"})
    run(store, back, entries, tmp_path / "back")
    assert set(back.asked) == {"opened", "adiós", "sí"} - set(first.asked) | {"opened"}
    assert keys.isdisjoint(TRANSCRIPTS.read(tmp_path / "back")["answer_key"])


def test_a_row_carries_its_answer_whole(store, tmp_path):
    run(store, Echo(), [item("1", "hola")], tmp_path / "out")
    row = pl.read_parquet(tmp_path / "out" / "2022-12-07.parquet").row(0, named=True)
    assert row["answer"] == '{"text":"hola"}'
    assert store.get(row["answer_key"]).body == {"text": "hola"}


def test_f40_an_output_is_not_built_from_a_damaged_answer(store, tmp_path):
    run(store, Echo(), [item("1", "hola")], tmp_path / "out")
    store._database.execute("UPDATE answers SET subject = 'x'")
    with pytest.raises(Damaged):
        run(store, Echo(), [item("1", "hola")], tmp_path / "out")
    assert rows(tmp_path / "out")[0]["text"] == "hola", "the output from before stays as it was"
