"""A DVC repository with two releases of a small study, shared with a remote, from which a video is erased since."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dvc_here import dvc
from erased_names import comments_page, page
from released_study import PROVENANCE
from root import ROOT
from small_study import shared, tables, video

from gettok import release
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.pipeline.sharing import pseudonyms
from gettok.release import Sharing
from gettok.step import Answer, Blob
from gettok.store import Key, Store
from gettok.store.atomic_write import write_json
from gettok.tables import MEDIA, VIDEOS

FIRST, SECOND = "dataset@v1.0.0", "dataset@v1.1.0"
CAPTION = "canary caption that only this person has ever written under a video of theirs"
USER = "canary.user"
SANDBOX = pseudonyms("sandbox")
VIDEO = video(1)["video_id"]
OTHERS = [video(number)["video_id"] for number in (2, 3, 4)]
_PIPELINE = """\
stages:
  make:
    cmd: cp -r made data
    deps: [made]
    outs: [data/videos, data/media, data/media.parquet, data/release, data/public, data/report, data/plain.json]
artifacts:
  dataset:
    path: data/release
    type: dataset
"""


@dataclass(frozen=True)
class ErasingRepository:
    """The repository with its remotes beside it; the working directory must be its folder for every call."""

    folder: Path

    @property
    def remote(self) -> Path:
        return self.folder.parent / "remote"

    @property
    def store(self) -> Path:
        return self.folder / ".dvc" / "gettok-store"

    @staticmethod
    def made(folder: Path) -> "ErasingRepository":
        """Two releases, an experiment and a queue entry from the first, a stash, and the version without the video."""
        folder.mkdir(parents=True)
        os.chdir(folder)
        repository = ErasingRepository(folder)
        git("init", "-q", "-b", "main")
        dvc("init")
        dvc("config", "core.site_cache_dir", str(folder / ".dvc" / "tmp" / "site-cache"))
        dvc("config", "cache.type", "hardlink,copy")
        Path(".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n/gettok-store\n")
        dvc("remote", "add", "--default", "shared", "../remote")
        Path("dvc.yaml").write_text(_PIPELINE)
        Path(".gitignore").write_text("/made\n/data\n")
        shutil.copy(ROOT / "params.yaml", "params.yaml")
        repository.release((1, 2, 3), FIRST)
        first = git("rev-parse", "HEAD")
        repository.release((1, 2, 3, 4), SECOND)
        git("update-ref", f"refs/exps/{first[:2]}/{first[2:]}/one", first)
        git("update-ref", "refs/exps/exec/EXEC_HEAD", first)
        Path("params.yaml").write_text(Path("params.yaml").read_text("utf-8") + "# stashed\n", "utf-8")
        git("stash", "-q")
        repository.fill_store()
        RefreshLists(Path("inputs/refresh")).erase([sha256(VIDEO)], date(2026, 1, 2))
        make((2, 3, 4))
        rebuild()
        commit("erase")
        dvc("push", "--run-cache")
        return repository

    def release(self, numbers: tuple[int, ...], tag: str) -> None:
        make(numbers)
        rebuild()
        commit(tag)
        git("tag", "--annotate", "--message", tag, tag)
        dvc("push", "--run-cache")

    def fill_store(self) -> None:
        medium, other = (Blob.of_file(Path("data/media") / f"{video}.mp4") for video in (VIDEO, OTHERS[0]))
        with Store(self.store) as store:
            search = {"data": {"videos": [shown(1, CAPTION), shown(2, "other")]}}
            store.put(key("page"), "2022-12-05_2022-12-14 0:0", Answer(page(search)))
            store.put(key("comments"), f"{VIDEO} 0", Answer(comments_page(VIDEO, "7213456789012345999")))
            store.put(key("profile"), USER, Answer(page({"data": {"display_name": "Canary"}})))
            store.put(key("heard"), VIDEO, Answer({"text": CAPTION}, {"media": medium}))
            store.put(key("other"), OTHERS[0], Answer({"text": "other"}, {"media": other}))

    def copy(self, folder: Path) -> "ErasingRepository":
        shutil.copytree(self.folder.parent, folder, symlinks=True)
        config = folder / "repo" / ".dvc" / "config"
        config.write_text(config.read_text("utf-8").replace(str(self.folder), str(folder / "repo")), "utf-8")
        git("-C", str(folder / "repo"), "update-index", "--assume-unchanged", ".dvc/config")
        return ErasingRepository(folder / "repo")

    def inventory(self) -> dict[str, object]:
        """What a purge leaves: objects, versions, answers and what is known."""
        places = {"cache": self.folder / ".dvc" / "cache", "remote": self.remote}
        with Store(self.store, to_read=True) as store:
            assert list(store.verify()) == []
            answers = {answer.key: (answer.subject, text) for answer, text in store.texts()}
        refs = git("for-each-ref", "--format=%(refname) %(*tree) %(tree) %(contents)").replace("\n", " ")
        purged = json.loads((self.store / "purge" / "purged.json").read_bytes())
        traces = json.loads((self.store / "purge" / "traces.json").read_bytes())
        files = {name: files_below(place) for name, place in places.items()}
        return {**files, "answers": answers, "refs": refs, "purged": purged, "traces": traces}


def shown(number: int, caption: str) -> dict[str, object]:
    row = video(number)
    name = USER if number == 1 else row["username"]
    return {"id": int(row["video_id"]), "username": name, "video_description": caption}


def key(name: str) -> Key:
    return Key.of("collect", 1, {}, {"name": name})


def make(numbers: tuple[int, ...]) -> None:
    """What the stage copies: a study of these videos."""
    shutil.rmtree("made", ignore_errors=True)
    Path("made/media").mkdir(parents=True)
    Path("made/videos").mkdir()
    Path("made/report").mkdir()
    rows = [
        video(number, **({"description": CAPTION, "username": USER} if number == 1 else {}))
        for number in numbers
    ]
    release.write(Path("made/release"), tables(*rows), shared("team", 1), PROVENANCE)
    # under the pseudonyms that gettok gives to videos of the sandbox
    release.write(Path("made/public"), tables(*rows), Sharing("public", SANDBOX, 1), PROVENANCE)
    VIDEOS.write(rows, Path("made/videos/2022-12-06.parquet"))
    MEDIA.write([{"video_id": row["video_id"], "status": "ok"} for row in rows], Path("made/media.parquet"))
    for row in rows:
        content = hashlib.sha256(row["video_id"].encode()).digest() * 500
        Path("made/media", f"{row['video_id']}.mp4").write_bytes(content)
    Path("made/report/index.html").write_text(
        f"<p>{len(numbers)} videos: {[row['description'] for row in rows]}</p>"
    )
    Path("made/report/about.html").write_text("<p>About the study</p>")
    write_json(Path("made/plain.json"), {"videos": [{"id": row["video_id"]} for row in rows]})


def rebuild() -> None:
    """Run the stage, which copies a folder into a place where there is none."""
    shutil.rmtree("data", ignore_errors=True)
    dvc("repro")


def git(*arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(("git", *who, *arguments), check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(message: str) -> None:
    git("add", "-A")
    git("commit", "-q", "-m", message)


def files_below(folder: Path) -> dict[str, str]:
    """The digest of each file by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
