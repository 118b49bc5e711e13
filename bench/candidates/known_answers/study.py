"""Makes a workspace with a study of any size whose media are all there and whose answers are all in the store.

It writes the tables that the stages read and, under the keys of the stages' own steps, the answers. They are made up,
not asked, so no model is loaded.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench.candidates.known_answers import texts
from gettok.ocr.step import OcrStep
from gettok.pipeline.annotating.descriptions import step_of
from gettok.pipeline.annotating.video_inputs import VideoInputs
from gettok.pipeline.answering import scope_of
from gettok.pipeline.inputs import media_days
from gettok.settings import Settings, Study, load
from gettok.settings.secrets import Secret
from gettok.speech import TranscribeStep
from gettok.step import Answer, Item, Json, Row, Step, digest_of
from gettok.store import Store
from gettok.tables import CAPTIONS, FRAMES, MEDIA, VIDEOS

ROOT = Path(__file__).parents[3]
#: The share of videos with TikTok's own transcript in tiktok-library's recorded session.
_WITH_TRANSCRIPT = 0.28
_WITH_CAPTIONS = 0.4
_FRAMES_APART = 300


class Video(NamedTuple):
    """A video of the study, with the seed of all that is drawn for it."""

    seed: int
    video_id: str
    created_at: datetime

    def draw(self, what: str) -> Random:
        return Random(f"{self.seed}/{what}")

    @property
    def spoken(self) -> str:
        draw = self.draw("spoken")
        return texts.sentence(draw, draw.randint(15, 120))

    @property
    def frames(self) -> list[int]:
        return [_FRAMES_APART * place for place in range(self.draw("frames").randint(1, 8))]


def make(folder: Path, count: int) -> None:
    """Make the workspace, with its store in `store/`."""
    for name in ("conf", "sandbox/speech/whisper_demo"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    settings = load(folder / "params.yaml")
    videos = list(_videos(count, settings.study))
    _write_tables(folder / "data", videos)
    os.chdir(folder)  # the paths of tables are relative to it
    with Store(folder / "store") as store:
        store._database.execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - filling the store is not measured
        by_id = {video.video_id: video for video in videos}
        for step, item, answer in _answers(settings, by_id):
            store.put(scope_of(step).key(item.inputs), item.video_id, Answer(answer))


def _videos(count: int, study: Study) -> Iterator[Video]:
    """Evenly over the study's days."""
    days = (study.end - study.start).days + 1
    first = datetime.combine(study.start, datetime.min.time(), UTC)
    for number in range(count):
        created = first + timedelta(days=days * number / count)
        yield Video(number, str((int(created.timestamp()) << 32) + number), created)


def _write_tables(data: Path, videos: list[Video]) -> None:
    for day, of_day in groupby(videos, lambda video: f"{video.created_at.date()}.parquet"):
        written = list(of_day)
        VIDEOS.write(map(_row, written), data / "videos" / day)
        FRAMES.write([frame for video in written for frame in _frames(video)], data / "frames" / day)
    CAPTIONS.write([row for video in videos for row in _captions(video)], data / "captions.parquet")
    MEDIA.write(map(_media, videos), data / "media.parquet")


def _row(video: Video) -> Row:
    draw = video.draw("voice_to_text")
    told = texts.heard(draw, video.spoken) if draw.random() < _WITH_TRANSCRIPT else None
    return {"video_id": video.video_id, "created_at": video.created_at, "voice_to_text": told}


def _captions(video: Video) -> Iterator[Row]:
    draw = video.draw("captions")
    if draw.random() < _WITH_CAPTIONS:
        text = texts.heard(draw, video.spoken)
        yield {"video_id": video.video_id, "language": "spa-ES", "source": "ASR", "text": text}


def _media(video: Video) -> Row:
    digest = digest_of(["film", video.seed])
    return {"video_id": video.video_id, "file": f"{video.video_id}.mp4", "sha256": digest, "status": "ok"}


def _frames(video: Video) -> Iterator[Row]:
    for index in video.frames:
        facts = {"frame_index": index, "time_s": index / 25, "sha256": digest_of([video.seed, index])}
        yield {"video_id": video.video_id, "status": "ok", **facts}


def _answers(
    settings: Settings, videos: dict[str, Video]
) -> Iterator[tuple[Step[Any], Item[Any], dict[str, Json]]]:
    inputs, hears = VideoInputs(), TranscribeStep(settings.asr)
    assert settings.ocr is not None
    reads = OcrStep(settings.ocr)
    describes = step_of(settings, "", Secret("unused"), Path("store"))
    for item in (entry for day in media_days() for entry in day.entries):
        assert isinstance(item, Item)
        video = videos[item.video_id]
        yield hears, item, texts.transcript(video.draw("whisper"), video.spoken)
    frames = (entry for day in inputs.frame_days(settings.llm.max_frames) for entry in day.entries)
    for shown, described in zip(frames, inputs.to_describe(settings.llm), strict=True):
        assert isinstance(shown, Item)
        assert isinstance(described, Item)
        video = videos[shown.video_id]
        screen = texts.screen(video.draw("screen"), video.frames)
        yield reads, shown, screen
        yield describes, described, texts.description(video.draw("description"), video.frames, screen)
