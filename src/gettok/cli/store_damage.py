"""Check the media and frames in data/ by their digests, and name the answers that depend on damaged ones."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from gettok.errors import BadInput, Damaged, Stop
from gettok.media.file import media_remedy
from gettok.media.images import frames_remedy
from gettok.pipeline.inputs import changed_captions, media_files, videos
from gettok.pipeline.outputs import damaged_outputs
from gettok.pipeline.paths import DATA
from gettok.store import AnswerRef, Store
from gettok.tables import FRAMES

_MEDIA, _FRAMES = DATA / "media", DATA / "frames"
_FROM_FRAMES = ("ocr", "describe", "annotate")
#: From the file itself, or from what was made from it.
_FROM_MEDIA = ("extract_frames", "transcribe", *_FROM_FRAMES)


@dataclass(frozen=True)
class DamagedInput:
    """A file that is damaged or missing, what to do about it, and what may have been made from it."""

    what: str
    can: str
    video_ids: Collection[str]
    stages: Collection[str]

    def report(self, store: Store) -> str:
        """Several lines: the file, the answers, and the commands to type."""
        lines = [self.what, f"to repair it: {self.can}"]
        for video_id in self.video_ids:
            answers = [answer for answer in store.about(video_id) if answer.stage in self.stages]
            lines += [
                f"may have been made from it: {answer.stage} {answer.subject} {answer.key}"
                for answer in answers
            ]
            lines += [_drop_line(video_id, answers)] if answers else []
        return "\n  ".join(lines)


def damaged_inputs() -> Iterator[DamagedInput]:
    """What in data/ is not as recorded: the outputs; if these are, the media and frames, whose digests they have."""
    if tables := list(damaged_outputs()):
        for error in tables:
            can = f"{error.can}; then verify once more, as media and frames are compared with the tables"
            yield DamagedInput(error.what, can, (), ())
        return
    if _MEDIA.is_dir():
        yield from _damaged_media()
        yield from _damaged_captions()
    if _FRAMES.is_dir():
        yield from _damaged_frames()


def absent_inputs() -> list[Path]:
    """The folders that were not pulled, or not made yet."""
    return [folder for folder in (_MEDIA, _FRAMES) if not folder.is_dir()]


def _damaged_media() -> Iterator[DamagedInput]:
    for video_id, media in sorted(media_files().items()):
        if media is None:
            continue
        try:
            media.check()
        except Stop as error:
            can = media_remedy(media.path) if isinstance(error, Damaged) else error.can
            yield DamagedInput(error.what, can, (video_id,), _FROM_MEDIA)


def _damaged_captions() -> Iterator[DamagedInput]:
    try:
        changed = changed_captions()
    except Stop as error:
        yield DamagedInput(error.what, error.can, (), ())
        return
    for path in changed:
        what = f"video {path.stem}: {path} does not match its digest"
        yield DamagedInput(what, media_remedy(str(path)), (), ())


def _damaged_frames() -> Iterator[DamagedInput]:
    for day, of_day in groupby(videos(), key=lambda video: video.day):
        path = _FRAMES / f"{day}.parquet"
        try:
            damaged = _videos_with_damage(path)
        except BadInput as error:
            can = frames_remedy(str(path)) if path.exists() else error.can
            yield DamagedInput(error.what, can, [video.video_id for video in of_day], _FROM_FRAMES)
        else:
            if damaged:
                what = f"{path}: frames of these videos do not match their digests: {', '.join(damaged)}"
                yield DamagedInput(what, frames_remedy(str(path)), damaged, _FROM_FRAMES)


def _videos_with_damage(path: Path) -> list[str]:
    """The videos with a frame that does not match its digest, in order. Raises `BadInput`."""
    damaged = {}
    for row in FRAMES.rows(path):
        if row["sha256"] is not None and hashlib.sha256(row["image"]["bytes"]).hexdigest() != row["sha256"]:
            damaged[row["video_id"]] = True
    return list(damaged)


def _drop_line(video_id: str, answers: list[AnswerRef]) -> str:
    stages = dict.fromkeys(answer.stage for answer in answers)
    options = "".join(f" --stage {stage}" for stage in stages)
    return f"then, to delete these answers: gettok store drop --video {video_id}{options}"
