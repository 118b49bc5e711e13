"""A day that is as it was built last is linked, any other is built, and the table is that of a build from nothing."""

import errno
import io
import os
import random
import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

import polars as pl
import pytest
from killed_build import build_or_be_killed

from gettok.engine import LocalEngine
from gettok.errors import NoSpace, Unusable
from gettok.pipeline import shards as shards_module
from gettok.pipeline.answering import Asking, Day, Skipped, writer_by_day
from gettok.pipeline.shards import FOLDER, DayShards, Shards, StageShards, forget, installed_packages
from gettok.step import Answer, Blob, Item, Workers
from gettok.store import Store
from gettok.store.atomic_write import atomic_dir
from gettok.tables import TRANSCRIPTS


@dataclass
class Study:
    """Videos by day, each with its text; what they are asked, by which code; and what is wrong on the way."""

    videos: dict[str, dict[str, str]] = field(default_factory=dict)
    prompt: str = "p"
    code: str = "c"
    unreachable: bool = False

    def days(self) -> list[Day]:
        return [
            Day(day, dict(texts), lambda day=day: self._entries(day)) for day, texts in self.videos.items()
        ]

    def _entries(self, day):
        for video_id, text in self.videos[day].items():
            yield Item(video_id, day, {"text": text}, text) if text else Skipped(video_id, day, "no_media")


@dataclass(frozen=True)
class Asked:
    """Answers with the prompt and the text, unless the host cannot be reached."""

    study: Study
    stage: str = "echo"
    version: int = 1
    workers: Workers = Workers("threads", 1)

    @property
    def settings(self):
        return {"prompt": self.study.prompt}

    def open(self):
        pass

    def ask(self, content):
        if self.study.unreachable and content.startswith("far"):
            raise Unusable("unreachable", "for now")
        return Answer({"text": f"{self.study.prompt}: {content}"})

    def read(self, answer):
        return [{"text": answer.body["text"]}]


@dataclass
class Workspace:
    """A table and a store in a folder, as a stage has them; `built` names the days that were not linked."""

    root: Path
    built: list[str] = field(default_factory=list)

    @property
    def table(self) -> Path:
        return self.root / "table"

    @property
    def store(self) -> Path:
        return self.root / "store"

    def build(self, study: Study):
        """As a run of DVC: the outputs are deleted first."""
        shutil.rmtree(self.table, ignore_errors=True)
        self.built.clear()
        step = Asked(study)
        with Store(self.store) as store, atomic_dir(self.table) as folder:
            built = StageShards(self.store / FOLDER / "echo", study.code)
            kept = DayShards(Shards(built, "", step.settings), folder)
            write = writer_by_day(TRANSCRIPTS, folder)

            def note(day, rows):
                self.built.append(day)
                write(day, ({**row, "language": study.code} for row in rows))

            books = Asking(step, store, LocalEngine(1), Event()).by_day(study.days(), kept, note)
        built.publish()
        return books

    def bytes(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.table.iterdir())}


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "kept")


def two_days() -> Study:
    return Study({"2022-12-07": {"1": "hola", "2": ""}, "2022-12-08": {"3": "adiós"}})


def test_what_did_not_change_is_linked_and_the_books_are_those_of_all_days(workspace):
    study = two_days()
    first = workspace.build(study)
    assert workspace.built == ["2022-12-07", "2022-12-08"]
    study.videos["2022-12-09"] = {"4": "far away"}
    books = workspace.build(study)
    assert workspace.built == ["2022-12-09"]
    assert (first.asked, first.ok, books.asked, books.ok) == (3, 2, 4, 3)
    assert books.unusable == {"no_media": 1}
    kept = workspace.store / FOLDER / "echo" / "2022-12-07.parquet"
    assert kept.samefile(workspace.table / kept.name), "its bytes are on disk once"


@pytest.mark.parametrize("change", [{"prompt": "q"}, {"code": "d"}])
def test_other_settings_and_other_code_build_every_day(change, workspace):
    study = two_days()
    workspace.build(study)
    for name, value in change.items():
        setattr(study, name, value)
    workspace.build(study)
    assert workspace.built == ["2022-12-07", "2022-12-08"]


def test_what_the_next_run_asks_again_is_not_kept(workspace):
    study = Study({"2022-12-07": {"1": "far"}, "2022-12-08": {"2": "near"}}, unreachable=True)
    assert workspace.build(study).unusable == {"unreachable": 1}
    study.unreachable = False
    assert workspace.build(study).unusable == {}
    assert workspace.built == ["2022-12-07"]


def test_the_days_of_deleted_answers_are_built_again_and_no_others(workspace):
    workspace.build(study := two_days())
    key = TRANSCRIPTS.read(workspace.table / "2022-12-08.parquet")["answer_key"][0]
    forget(workspace.store, {key})
    workspace.build(study)
    assert workspace.built == ["2022-12-08"]


@pytest.mark.parametrize("suffix", ["parquet", "json"])
@pytest.mark.parametrize("at", [0, 0.3, 0.6, 0.99])
def test_a_damaged_shard_is_built_again(suffix, at, workspace):
    workspace.build(study := two_days())
    before = workspace.bytes()
    kept = workspace.store / FOLDER / "echo" / f"2022-12-07.{suffix}"
    content = bytearray(kept.read_bytes())
    content[int(at * len(content))] ^= 1
    kept.unlink()  # the table has the same file
    kept.write_bytes(content)
    workspace.build(study)
    assert workspace.built == ["2022-12-07"]
    assert workspace.bytes() == before


def test_a_damaged_shard_is_let_go_of_with_deleted_answers(workspace):
    workspace.build(two_days())
    damaged = workspace.store / FOLDER / "echo" / "2022-12-07.parquet"
    damaged.unlink()
    damaged.write_bytes(b"nothing")
    forget(workspace.store, {"0" * 64})
    assert sorted(file.name for file in damaged.parent.iterdir()) == ["2022-12-08.json", "2022-12-08.parquet"]


def as_parquet(*ids: str) -> Blob:
    written = io.BytesIO()
    pl.DataFrame({"video_id": ids}).write_parquet(written)
    return Blob.of_bytes(written.getvalue())


def test_a_shard_is_found_once_its_run_has_come_to_its_end_and_goes_when_one_does_not_use_it(tmp_path):
    def of_run() -> tuple[StageShards, Shards]:
        of_stage = StageShards(tmp_path / FOLDER / "tabulate", "code")
        return of_stage, Shards(of_stage, "videos", None)

    run, shards = of_run()
    for name in ("search.0000", "search.0001"):
        shards.keep(name, "md5", as_parquet(name), {"rejects": []})
    assert of_run()[1].find("search.0000", "md5") is None, "the code may have changed while it ran"
    run.publish()
    forget(tmp_path, {"0" * 64})  # these rows are of no answer about a video
    run, shards = of_run()
    assert shards.find("search.0001", "another") is None
    found = shards.find("search.0001", "md5")
    assert found is not None
    assert (found.note, found.file.read_bytes()) == ({"rejects": []}, as_parquet("search.0001").read())
    run.publish()
    assert sorted(file.stem for file in shards.folder.iterdir()) == 2 * ["search.0001"]


@pytest.mark.parametrize("left", [".2022-12-07.unfinished", "2022-12-07.parquet"])
def test_what_a_kill_left_is_let_go_of_with_deleted_answers(left, tmp_path):
    folder = tmp_path / FOLDER / "describe" / "screen_texts"
    folder.mkdir(parents=True)
    (folder / left).write_bytes(as_parquet("1").read())
    forget(tmp_path, {"0" * 64})
    assert list(folder.iterdir()) == []


def test_where_nothing_can_be_kept_the_table_is_made_all_the_same(workspace, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shards_module, "link_or_copy", full)
        books = workspace.build(two_days())
    made = workspace.bytes()
    assert (books.asked, len(made)) == (3, 2)
    shutil.rmtree(workspace.store / FOLDER)
    assert workspace.build(two_days()) == books
    assert workspace.bytes() == made


def test_without_room_for_answers_nothing_is_kept(workspace, monkeypatch):
    def full(_):
        raise NoSpace("a", "b", "c")

    monkeypatch.setattr(shards_module, "refuse_without_room", full)
    workspace.build(two_days())
    assert not list((workspace.store / FOLDER).rglob("*.parquet"))


def test_a_package_that_is_installed_again_is_another(tmp_path, monkeypatch):
    installed = tmp_path / "p-1.0.dist-info"
    installed.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for at in (1, 2):
        os.utime(installed, ns=(at, at))
        installed_packages.cache_clear()
        found.append(installed_packages())
    assert found[0] != found[1]
    installed_packages.cache_clear()


def test_installed_packages_are_named_with_their_versions():
    assert any(found.startswith(f"polars-{pl.__version__}.dist-info ") for found in installed_packages())


def a_day(chance: random.Random) -> dict[str, str]:
    texts = ["hola", "", "far away", "far too", "adiós"]
    return {str(chance.randrange(10**6)): chance.choice(texts) for _ in range(chance.randrange(1, 4))}


def change(study: Study, workspace: Workspace, chance: random.Random) -> None:
    day = chance.choice(sorted(study.videos))
    match chance.randrange(8):
        case 0 | 1:
            study.videos[f"2022-12-{chance.randrange(1, 28):02}"] = a_day(chance)
        case 2:
            study.videos[day].popitem()  # an erasure
            study.videos = {name: videos for name, videos in study.videos.items() if videos} or {
                day: a_day(chance)
            }
        case 3:
            study.prompt = chance.choice("pq")
        case 4:
            study.code = chance.choice("cd")
        case 5:
            study.unreachable = not study.unreachable
        case 6:
            drop(workspace, chance)
        case 7:
            study.videos[day] = dict.fromkeys(study.videos[day], chance.choice(["new", "far new", ""]))


def drop(workspace: Workspace, chance: random.Random) -> None:
    with Store(workspace.store) as store:
        answers = store.about(chance.choice(TRANSCRIPTS.read(workspace.table)["video_id"].to_list()))
        forget(workspace.store, {answer.key for answer in answers})
        store.drop(answers)


@pytest.mark.parametrize(
    "block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 10))]
)
def test_after_any_changes_and_kills_the_bytes_are_those_of_a_build_from_nothing(
    block, tmp_path, monkeypatch
):
    linked = 0
    for number in range(20):
        chance = random.Random(20 * block + number)
        kept = Workspace(tmp_path / f"kept {number}")
        study = Study({"2022-12-07": a_day(chance), "2022-12-08": a_day(chance)})
        kept.build(study)
        for _ in range(6):
            change(study, kept, chance)
            while not build_or_be_killed(partial(kept.build, study), chance, 12, monkeypatch):
                pass
            from_nothing = Workspace(tmp_path / f"from nothing {number}")
            shutil.copytree(kept.store, from_nothing.store)
            shutil.rmtree(from_nothing.store / FOLDER)
            books = from_nothing.build(study)
            assert kept.bytes() == from_nothing.bytes()
            assert kept.build(study) == books
            linked += len(study.videos) - len(kept.built)
            shutil.rmtree(from_nothing.root)
        shutil.rmtree(kept.root)
    assert linked > 200, "most days were linked"
