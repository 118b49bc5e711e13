"""The whole stage `download`: it writes files and tables, asks for nothing twice, and each run gets further."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import media_files
import polars as pl
import pytest
import yaml
from download_corpus import ENDS, IDS, settings, slideshow
from PIL import Image
from root import ROOT

from gettok.download import files_of, read_files
from gettok.engine import LocalEngine
from gettok.errors import BadSettings, NotNow
from gettok.pipeline.runner import Stage
from gettok.pipeline.shards import FOLDER, StageShards
from gettok.settings import Frames, Settings, Source
from gettok.store import Store
from gettok.tables import CAPTIONS, FRAMES, MEDIA, VIDEOS
from sandbox.server import Sandbox
from stages import extract_frames
from stages.download import run

FETCHED = {name for name in IDS if name not in ENDS}


@pytest.fixture
def here(tmp_path, monkeypatch, server, no_fault_left_over):
    """A working folder with all videos of the corpus."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GETTOK_SANDBOX", server.base)
    videos(IDS)
    return tmp_path


def videos(names, day=7) -> None:
    at = datetime(2022, 12, day, tzinfo=UTC)
    rows = [{"video_id": IDS[name], "created_at": at, "username": "someone.1"} for name in names]
    VIDEOS.write(rows, Path(f"data/videos/{at:%Y-%m-%d}.parquet"))


def download(pages="sandbox:", **changes) -> pl.DataFrame:
    """Run the stage as `dvc repro` does; returns its table `media` with the names of the corpus."""
    if Path("data/media").exists():  # DVC deletes a stage's outputs before it runs it
        shutil.rmtree("data/media")
    source = Source(
        kind="ids", name="sandbox", api="sandbox:", pages=pages, window_days=30, file="inputs/collect/ids.csv"
    )
    chosen = Settings.model_construct(download=settings(**{"max_attempts": 1, **changes}), source=source)
    built = StageShards(Path("store", FOLDER, "download"), "code")
    with Store(Path("store")) as store:
        run(Stage("download", chosen, store, LocalEngine(), Event(), built))
    built.publish()
    names = {video_id: name for name, video_id in IDS.items()}
    return MEDIA.read(Path("data/media.parquet")).with_columns(name=pl.col("video_id").replace(names))


def outputs() -> dict[str, bytes]:
    files = [file for file in sorted(Path("data").rglob("*")) if file.is_file()]
    return {str(file): file.read_bytes() for file in files}


def test_each_video_has_a_row_with_its_files_or_its_reason(here, corpus):
    table = download()
    lost = dict(table.filter(pl.col("status") != "ok").select("name", "reason").rows())
    assert lost == ENDS
    files = dict(table.filter(pl.col("status") == "ok").select("name", "file").rows())
    assert files == {
        name: IDS[name] if "slideshow" in name or name == "both" else f"{IDS[name]}.mp4" for name in FETCHED
    }
    media = Path("data/media")
    assert (media / files["ok"]).read_bytes() == (corpus / "media/plain.mp4").read_bytes()
    assert sorted(file.name for file in (media / files["slideshow"]).iterdir()) == [
        "000.jpg",
        "001.png",
        "002.webp",
        "sound.m4a",
    ]
    beside = {f"{IDS['captioned']}.srt"}
    assert {file.name for file in media.iterdir()} == set(files.values()) | beside
    captions = CAPTIONS.read(Path("data/captions.parquet"))
    assert captions.select("video_id", "language", "source", "text").rows() == [
        (IDS["captioned"], "spa-ES", "ASR", "buenos días a todos")
    ]


def test_stored_answers_are_never_asked_for_again_and_give_the_same_bytes(here, server):
    download()
    first, since = outputs(), len(server.requests())
    download()
    retried = {"unknown_status", "region", "region_10204"}
    assert {entry["subject"] for entry in server.requests()[since:]} == {IDS[name] for name in retried}
    assert outputs() == first
    videos(set(IDS) - retried)
    since = len(server.requests())
    download()
    assert len(server.requests()) == since


def test_a_day_that_is_as_before_is_not_read_again_and_gives_the_same_bytes(here, server):
    """Its answers are deleted, so that it could not be read; its files are still in the store."""
    names = ["ok", "captioned", "slideshow", "private"]
    videos(names)
    download()
    with closing(sqlite3.connect("store/answers.sqlite")) as database, database:
        database.execute("DELETE FROM answers")
    videos(["hevc"], day=8)
    since = len(server.requests())
    download()
    assert {entry["subject"] for entry in server.requests()[since:]} == {IDS["hevc"]}
    linked = outputs()
    shutil.rmtree("store")
    download()
    assert outputs() == linked
    videos([*names, "mobile"])
    since = len(server.requests())
    download()
    assert {entry["subject"] for entry in server.requests()[since:]} == {IDS["mobile"]}


@pytest.mark.parametrize("name", ["media", "captions"])
def test_a_day_whose_shard_is_damaged_is_built_again(here, name):
    videos(["ok", "captioned"])
    download()
    before = outputs()
    (shard,) = Path("store", FOLDER, "download", name).glob("*.parquet")
    shard.write_bytes(shard.read_bytes()[:-9])
    download()
    assert outputs() == before


def test_the_folder_has_every_file_of_each_answer(here):
    table = download().filter(pl.col("status") == "ok")
    with Store(Path("store")) as store:
        for name, file, key in table.select("name", "file", "answer_key").rows():
            answer = store.get(key)
            found = read_files(Path("data/media"), IDS[name], file, answer.body)
            wanted = files_of(answer) | {
                name: blob for name, blob in answer.blobs.items() if name == "captions"
            }
            assert {name: blob.digest for name, blob in found.items()} == {
                name: blob.digest for name, blob in wanted.items()
            }


def test_damaged_captions_are_reported_and_left_out(here, server, capsys):
    server.play([{"do": "html", "match": "/captions/", "times": None}])
    videos(["captioned", "ok"])
    table = download()
    assert set(table["status"]) == {"ok"}
    assert captions_troubles(table)["captioned"].startswith("malformed: ")
    assert CAPTIONS.read(Path("data/captions.parquet")).is_empty()
    printed = capsys.readouterr().err
    assert printed.count(f"captions of {IDS['captioned']} cannot be read") == 1


def captions_troubles(table: pl.DataFrame) -> dict[str, str | None]:
    return dict(table.select("name", "captions_trouble").rows())


def test_captions_that_a_transient_failure_cost_are_asked_for_again_without_the_video(here, server, capsys):
    server.play([{"do": "500", "match": "/captions/", "times": None}])
    videos(["captioned", "ok"])
    assert captions_troubles(download()) == {"captioned": "unreachable: file: HTTP 500", "ok": None}
    assert "kept without their captions for now: 1;" in capsys.readouterr().err.splitlines()[-1]
    before = outputs()
    download()
    assert outputs() == before, "as long as the failure lasts, nothing changes"
    server.play([])
    since = len(server.requests())
    assert captions_troubles(download()) == {"captioned": None, "ok": None}
    assert "captions" not in capsys.readouterr().err.splitlines()[-1]
    assert [entry["service"] for entry in server.requests()[since:]] == ["pages", "media"]
    assert CAPTIONS.read(Path("data/captions.parquet"))["text"].to_list() == ["buenos días a todos"]
    assert Path(f"data/media/{IDS['captioned']}.srt").is_file()
    late, since = outputs(), len(server.requests())
    download()
    assert (outputs(), len(server.requests())) == (late, since)


def test_captions_that_are_permanently_refused_are_not_asked_for_again(here, server):
    server.play([{"do": "cut", "match": "/captions/", "times": None}])
    videos(["captioned"])
    assert captions_troubles(download())["captioned"].startswith("unreachable: ")
    server.play([{"do": "404", "match": "/captions/", "times": None}])
    assert captions_troubles(download()) == {"captioned": "no_address: file: HTTP 404"}
    since = len(server.requests())
    assert captions_troubles(download()) == {"captioned": "no_address: file: HTTP 404"}
    assert len(server.requests()) == since


def test_five_unreadable_pages_end_the_run_and_the_next_run_gets_further(here, server):
    names = ["ok", "hevc", "captioned", "slideshow", "silent_film", "private", "mobile"]
    videos(names)
    server.play([{"do": "captcha", "match": "/video/", "nth": 3, "times": 6}])
    with pytest.raises(NotNow, match="captcha"):
        download(max_concurrency=1)
    assert not Path("data/media.parquet").exists()
    since = len(server.requests())
    table = download(max_concurrency=1)
    assert table["reason"].drop_nulls().to_list() == ["private"]
    again = [entry["subject"] for entry in server.requests()[since:] if entry["service"] == "pages"]
    assert len(again) == 5


def test_videos_whose_pages_are_never_readable_do_not_hold_up_any_run(here, server):
    names = ["hevc", "captioned", "slideshow", "silent_film", "mobile", "old_shape", "ok"]
    videos(names)
    never = [{"do": "captcha", "match": f"/video/{IDS[name]}", "times": None} for name in names[:6]]
    server.play([*never, {"do": "captcha", "match": f"/video/{IDS['ok']}"}])
    with pytest.raises(NotNow, match="captcha"):
        download(max_concurrency=1)
    videos(["ok"])
    download(max_concurrency=1)
    videos(names)
    for _ in range(2):
        server.play(never)
        table = download(max_concurrency=1)
        assert table["reason"].to_list().count("unreadable") == 6
        assert table.filter(status="ok")["name"].to_list() == ["ok"]


def test_videos_with_an_unknown_status_do_not_hold_up_the_others(here, corpus):
    names = ["ok", "hevc", "captioned", "silent_film", "mobile", "both", "old_shape"]
    videos(names)
    rows = json.loads((corpus / "videos.json").read_text())
    unknown = {"media": None, "status_code": 100004}
    hard = {IDS[name] for name in names[:6]}
    changed = [row | {"page": unknown} if row["api"]["id"] in hard else row for row in rows]
    other = here / "other"
    shutil.copytree(corpus, other)
    (other / "videos.json").write_text(json.dumps(changed))
    with Sandbox(corpus=other) as stranger:
        for _ in range(2):
            table = download(stranger.pages, max_concurrency=1)
            assert table["reason"].drop_nulls().to_list() == ["unreadable"] * 6


def test_local_files_need_no_pages(here, monkeypatch, server):
    monkeypatch.delenv("GETTOK_SANDBOX")
    names = ["ok", "slideshow", "hevc"]
    videos(names)
    mine = Path("mine")
    mine.mkdir()
    media_files.video(mine / f"{IDS['ok']}.mp4")
    slideshow(mine / IDS["slideshow"])
    since = len(server.requests())
    table = download("http://127.0.0.1:9/www.tiktok.com", backend="local", folder="mine")
    assert dict(table.select("name", "reason").rows()) == {"ok": None, "slideshow": None, "hevc": "no_file"}
    assert len(server.requests()) == since
    with pytest.raises(BadSettings):
        download(backend="local", folder="nowhere")


def test_the_names_of_frames_are_unique_over_all_videos(here):
    videos(["ok", "slideshow", "private"])
    download()
    conf = ROOT / "conf" / "frames" / "_base.yaml"
    chosen = Settings.model_construct(frames=Frames(**{**yaml.safe_load(conf.read_text()), "stride": 30}))
    with Store(Path("store")) as store:
        extract_frames.run(Stage("extract_frames", chosen, store, LocalEngine(), Event()))
    images = FRAMES.read(Path("data/frames"))["image"].drop_nulls().struct.field("path")
    assert images.to_list() == [f"{IDS['ok']}_{index}.jpg" for index in (0, 30)] + [
        f"{IDS['slideshow']}_{index}.jpg" for index in range(3)
    ]


def test_a_slideshow_of_small_photos_is_on_disk_once(here):
    videos(["slideshow"])
    show = Path("mine") / IDS["slideshow"]
    show.mkdir(parents=True)
    for number in range(30):
        Image.effect_noise((250, 250), 90 + number).save(show / f"{number}.png")
    download(backend="local", folder="mine")
    size = sum(file.stat().st_size for file in show.iterdir())
    assert size / 30 < 100_000, "small enough for the database of the store"
    taken = [
        file.stat() for folder in ("data", "store") for file in Path(folder).rglob("*") if file.is_file()
    ]
    assert sum({status.st_ino: status.st_size for status in taken}.values()) < 1.1 * size


def test_a_local_file_that_changes_is_a_new_answer(here):
    videos(["ok"])
    mine = Path("mine")
    mine.mkdir()
    media_files.video(mine / f"{IDS['ok']}.mp4", frames=20)
    first = download(backend="local", folder="mine")
    media_files.video(mine / f"{IDS['ok']}.mp4", frames=40)
    second = download(backend="local", folder="mine")
    assert (first["frame_count"].item(), second["frame_count"].item()) == (20, 40)
