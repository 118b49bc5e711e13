"""After any changes and kills, the days that stages link make the bytes of a build from nothing."""

import json
import random
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from killed_build import build_or_be_killed

from gettok.engine import LocalEngine
from gettok.pipeline import outputs
from gettok.pipeline.runner import Stage
from gettok.pipeline.shards import FOLDER, StageShards
from gettok.research_api import Page
from gettok.stats import bootstrap
from gettok.store import Store
from gettok.tables import CAPTIONS, PAGES, TRANSCRIPTS, VIDEOS
from stages import compare_transcripts, tabulate

FIRST = datetime(2022, 12, 7, tzinfo=UTC)
OF_TABULATE = ("videos", "counts", "comments")
WORDS = ("hola", "Lima", "puno", "castillo,", "marcha", "¡no!")


@dataclass
class Workspace:
    """A folder with a stage's inputs and a store; `settings` are the stage's."""

    root: Path
    stage: str
    run: object
    settings: SimpleNamespace
    outputs: tuple[str, ...]
    code: str = "c"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def build(self, monkeypatch, root: Path | None = None) -> None:
        """As a run of DVC: the outputs are deleted first."""
        root = root or self.root
        monkeypatch.chdir(root)
        for read_once in (outputs._checked_md5s, outputs._refuse_changed):
            read_once.cache_clear()
        for name in self.outputs:
            shutil.rmtree(root / "data" / name, ignore_errors=True)
        with Store(root / "store") as store:
            built = StageShards(store.root / FOLDER / self.stage, self.code)
            self.run(Stage(self.stage, self.settings, store, LocalEngine(1), Event(), built, values=None))
        built.publish()

    def bytes(self, root: Path | None = None) -> dict[str, bytes]:
        data = (root or self.root) / "data"
        files = (file for file in sorted(data.rglob("*")) if file.is_file() and "pages" not in file.parts)
        return {file.relative_to(data).as_posix(): file.read_bytes() for file in files}

    def kept(self) -> dict[str, int]:
        """The inode of each shard."""
        folder = self.root / "store" / FOLDER
        return {str(file.relative_to(folder)): file.stat().st_ino for file in folder.rglob("*.parquet")}


def is_as_from_nothing(workspace: Workspace, chance: random.Random, monkeypatch, scratch: Path) -> int:
    """Build with what is kept, and from nothing. How many of the kept files were used as they are."""
    before = workspace.kept()
    while not build_or_be_killed(lambda: workspace.build(monkeypatch), chance, 20, monkeypatch):
        pass
    shutil.copytree(workspace.root, scratch, ignore=shutil.ignore_patterns("store"))
    workspace.build(monkeypatch, scratch)
    assert workspace.bytes() == workspace.bytes(scratch)
    shutil.rmtree(scratch)
    return len(before.items() & workspace.kept().items())


class Pages:
    """Files of pages in a workspace, which random changes rewrite."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance, self.seen = folder, chance, 0
        self.ids: list[int] = []

    def video(self) -> dict:
        """A new one, or an old one as it is now: its day, its counts and its text may have changed."""
        known = self.ids and self.chance.random() < 0.5
        number = self.chance.choice(self.ids) if known else self.chance.randrange(10**18, 10**19)
        self.ids.append(number)
        created = FIRST + timedelta(days=number % 9, hours=12 * (self.chance.random() < 0.1))
        odd = {"username": 7} if self.chance.random() < 0.1 else {"username": f"u{number % 3}"}
        return {
            "id": number,
            "create_time": int(created.timestamp()),
            "view_count": self.chance.randrange(3),
            "hashtag_names": ["Perú"],
            "video_mention_list": [f"u{self.chance.randrange(3)}"],
            "video_description": self.chance.choice(WORDS),
            **odd,
        }

    def write(self, name: str) -> None:
        rows = []
        for place in range(self.chance.randrange(1, 3)):
            self.seen += self.chance.randrange(2)  # several pages may have one time
            observed_at = FIRST + timedelta(days=90, seconds=self.seen)
            videos = [self.video() for _ in range(self.chance.randrange(4))]
            text = json.dumps({"data": {"videos": videos}})
            page = Page({"path": "/research/video/query/", "body": {}}, 200, {}, observed_at, text)
            answer = json.dumps(page.to_json())
            row = {"endpoint": "video/query", "subject": name, "attempt": 0, "cursor": place}
            rows.append(row | {"observed_at": observed_at, "answer_key": f"{name} {place}", "answer": answer})
        PAGES.write(rows, self.folder / f"{name}.parquet")

    def change(self, workspace: Workspace) -> None:
        files = sorted(path.stem for path in self.folder.glob("*.parquet"))
        match self.chance.randrange(7):
            case 0 | 1 | 2:
                self.write(f"{len(files):04}")
            case 3 if files:
                self.write(self.chance.choice(files))
            case 4 if len(files) > 1:
                (self.folder / f"{self.chance.choice(files)}.parquet").unlink()
            case 5:
                workspace.settings.study.end = date(2022, 12, self.chance.randrange(8, 16))
            case 6:
                workspace.code = self.chance.choice("cd")
                refreshed = Pages(self.folder.parent / "refreshed", self.chance)
                refreshed.ids, refreshed.seen = self.ids[:], self.seen
                refreshed.write("0000")


@pytest.mark.parametrize(
    "block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 40))]
)
def test_days_of_videos_are_those_of_a_build_from_nothing(block, tmp_path, monkeypatch):
    linked = 0
    for number in range(5):
        chance = random.Random(5 * block + number)
        study = SimpleNamespace(start=date(2022, 12, 7), end=date(2022, 12, 14))
        root = tmp_path / str(number)
        workspace = Workspace(root, "tabulate", tabulate.run, SimpleNamespace(study=study), OF_TABULATE)
        pages = Pages(root / "data" / "pages" / "videos", chance)
        for name in ("0000", "0001", "0002"):
            pages.write(name)
        workspace.build(monkeypatch)
        for step in range(4):
            pages.change(workspace)
            linked += is_as_from_nothing(workspace, chance, monkeypatch, tmp_path / f"{number} {step}")
    assert linked > 50, "most files and days were as before"


def texts(chance: random.Random) -> str | None:
    words = chance.choices(WORDS, k=chance.randrange(4))
    return " ".join(words) or None


@dataclass
class Texts:
    """The three texts of some videos by id, written as the stages before write them."""

    data: Path
    chance: random.Random
    videos: dict[str, tuple[str | None, str | None, str | None]] = field(default_factory=dict)

    def change(self, workspace: Workspace) -> None:
        match self.chance.randrange(6):
            case 0 | 1:
                number = str(self.chance.randrange(10**18, 10**19))
                self.videos[number] = tuple(texts(self.chance) for _ in range(3))
            case 2 | 3 if self.videos:
                self.videos[self.chance.choice(sorted(self.videos))] = tuple(
                    texts(self.chance) for _ in range(3)
                )
            case 4 if len(self.videos) > 1:
                del self.videos[self.chance.choice(sorted(self.videos))]
            case 5:
                workspace.code = self.chance.choice("cd")
        self.write()

    def write(self) -> None:
        for name in ("videos", "transcripts"):
            shutil.rmtree(self.data / name, ignore_errors=True)
        captions = []
        for day in range(3):
            of_day = {name: given for name, given in self.videos.items() if int(name) % 3 == day}
            at = FIRST + timedelta(days=day)
            rows = [
                {"video_id": name, "created_at": at, "voice_to_text": given[0]}
                for name, given in of_day.items()
            ]
            VIDEOS.write(rows, self.data / "videos" / f"{at:%Y-%m-%d}.parquet")
            rows = [
                {"video_id": name, "text": given[2], "status": "ok", "language": "es"}
                for name, given in of_day.items()
            ]
            TRANSCRIPTS.write(rows, self.data / "transcripts" / f"{at:%Y-%m-%d}.parquet")
            captions += [{"video_id": name, "text": given[1]} for name, given in of_day.items() if given[1]]
        CAPTIONS.write(captions, self.data / "captions.parquet")


@pytest.mark.parametrize(
    "block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 40))]
)
def test_days_of_pairs_are_those_of_a_build_from_nothing(block, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 20)
    linked = 0
    for number in range(5):
        chance = random.Random(5 * block + number)
        root = tmp_path / str(number)
        embedder = SimpleNamespace(kind="charngram", model=None)
        workspace = Workspace(
            root,
            "compare_transcripts",
            compare_transcripts.run,
            SimpleNamespace(embedder=embedder),
            ("comparison",),
        )
        study = Texts(root / "data", chance)
        for _ in range(4):
            study.change(workspace)
        workspace.build(monkeypatch)
        for step in range(4):
            study.change(workspace)
            linked += is_as_from_nothing(workspace, chance, monkeypatch, tmp_path / f"{number} {step}")
    assert linked > 5, "days were linked"
