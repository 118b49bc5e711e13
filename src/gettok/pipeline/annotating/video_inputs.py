"""What a model is given of each video: its texts, its frames, and the media from which clips are made."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property, partial
from hashlib import sha256

from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.describe.inputs import DescribeInputs
from gettok.media.clip import CLIP_KINDS, ClipSource
from gettok.media.images import Pictures, thin_out
from gettok.pipeline.answering import Day, Skipped
from gettok.pipeline.inputs import (
    FrameName,
    clip_sources,
    frames_digest,
    frames_of_day,
    ids_by_day,
    rows_digest,
    stored_frames,
)
from gettok.pipeline.outputs import md5s, output
from gettok.settings import AnnotationInput, Llm
from gettok.step import Item, Json, digest_of
from gettok.tables import DESCRIPTIONS, TRANSCRIPTS, VIDEOS, Table

#: Where each text is: its table, the output that this is in, and its column.
_TEXTS: Mapping[AnnotationInput, tuple[Table, str, str]] = {
    "transcript": (TRANSCRIPTS, "transcripts", "text"),
    "description": (DESCRIPTIONS, "descriptions", "description"),
    "on_screen_text": (DESCRIPTIONS, "descriptions", "on_screen_text"),
    "caption": (VIDEOS, "videos", "description"),
}


_BY_DAY = frozenset({"transcripts", "descriptions", "frames"})
_CAPTION = ("video_id", "description")


def tables_for(inputs: Collection[str]) -> set[str]:
    """The outputs that these inputs are read from."""
    texts = {output for name, (_, output, _) in _TEXTS.items() if name in inputs}
    return texts | ({"frames"} & set(inputs)) | ({"media.parquet"} if _has_clips(inputs) else set())


def _has_clips(inputs: Collection[str]) -> bool:
    return any(kind in inputs for kind in CLIP_KINDS)


class VideoInputs:
    """The inputs of all videos, read day by day when a step first needs them. Each table must have every video."""

    def __init__(self) -> None:
        self._texts: dict[tuple[AnnotationInput, str], Mapping[str, str | None]] = {}
        self._frames: dict[str, Mapping[str, list[FrameName]]] = {}

    def frame_days(self, most: int) -> Iterator[Day]:
        """Each video with at most so many of its frames, without their times, or skipped if it has none."""
        for day in self._days:
            yield Day(day, self._made_of(day, {"frames"}), partial(self._frame_entries, day, most))

    def describe_days(self, llm: Llm) -> Iterator[Day]:
        """As `to_describe`, day by day."""
        for day in self._days:
            yield Day(day, self._made_of(day, llm.sees), partial(self._describe_entries, day, llm))

    def annotate_days(self, step: AnnotateStep) -> Iterator[Day]:
        """As `to_annotate`, day by day."""
        for day in self._days:
            inputs = self._made_of(day, step.group.inputs)
            yield Day(day, inputs, partial(self._annotate_entries, day, step))

    def to_describe(
        self, llm: Llm, only: Collection[str] | None = None
    ) -> Iterator[Item[DescribeInputs] | Skipped]:
        """Each video, or `only` these, with what of it `llm.sees` names, or skipped if it has nothing of that."""
        for day in self._days:
            yield from self._describe_entries(day, llm, only)

    def to_annotate(
        self, step: AnnotateStep, only: Collection[str] | None = None
    ) -> Iterator[Item[AnnotationInputs] | Skipped]:
        """Each video, or `only` these, with the inputs of the step's group, or skipped if it has none of them."""
        for day in self._days:
            yield from self._annotate_entries(day, step, only)

    def _made_of(self, day: str, inputs: Collection[str]) -> Json:
        """What the entries of a day depend on: its videos, and what the tables that have the inputs say of them."""
        tables, file, ids = tables_for(inputs), f"{day}.parquet", self._days[day]
        by_day = {name: md5s(name)[file] for name in sorted(tables & _BY_DAY)}
        media = [self._media.get(video_id) for video_id in ids] if _has_clips(inputs) else []
        return [
            ids,
            rows_digest(VIDEOS.read(output("videos") / file, _CAPTION)) if "videos" in tables else None,
            by_day,
            [each and asdict(each) for each in media],
        ]

    def _frame_entries(self, day: str, most: int) -> Iterator[Item[Pictures] | Skipped]:
        for video_id in self._days[day]:
            if shown := thin_out(self._shown(day, video_id, {"frames"}), most):
                inputs = {"frames": frames_digest(shown)}
                yield Item(video_id, day, inputs, stored_frames(day, video_id, shown))
            else:
                yield Skipped(video_id, day, "no_frames")

    def _describe_entries(
        self, day: str, llm: Llm, only: Collection[str] | None = None
    ) -> Iterator[Item[DescribeInputs] | Skipped]:
        for video_id in self._chosen(day, only):
            shown = thin_out(self._shown(day, video_id, llm.sees), llm.max_frames)
            media = self._media_of(video_id, llm.sees)
            digests = media.digests(llm.sees) if media else {}
            if shown or digests:
                content = DescribeInputs(stored_frames(day, video_id, shown) if shown else None, media)
                yield Item(video_id, day, _of_frames(shown) | digests, content)
            else:
                yield Skipped(video_id, day, "no_frames")

    def _annotate_entries(
        self, day: str, step: AnnotateStep, only: Collection[str] | None = None
    ) -> Iterator[Item[AnnotationInputs] | Skipped]:
        inputs, chosen = step.group.inputs, self._chosen(day, only)
        # a day of which no video is chosen may be in some of the tables only
        texts = {name: self._texts_of(day, name) for name in _TEXTS if chosen and name in inputs}
        for video_id in chosen:
            shown = self._shown(day, video_id, inputs)
            shown = thin_out(shown, 1) if step.frames == 1 else shown
            media = self._media_of(video_id, inputs)
            content = AnnotationInputs(
                **{name: texts[name][video_id] if name in texts else None for name in _TEXTS},
                pictures=stored_frames(day, video_id, shown) if shown else None,
                label_order=_label_order(video_id, step),
                media=media,
            )
            digests = media.digests(inputs) if media else {}
            if shown or digests or _is_enough(content.texts(), inputs):
                yield Item(video_id, day, _inputs(content, shown, digests), content)
            else:
                yield Skipped(video_id, day, "no_inputs")

    def _chosen(self, day: str, only: Collection[str] | None) -> list[str]:
        return [video_id for video_id in self._days[day] if only is None or video_id in only]

    def _shown(self, day: str, video_id: str, inputs: Collection[str]) -> list[FrameName]:
        if "frames" not in inputs:
            return []
        if day not in self._frames:
            self._frames[day] = frames_of_day(day)
        return self._frames[day].get(video_id, [])

    def _media_of(self, video_id: str, inputs: Collection[str]) -> ClipSource | None:
        return self._media.get(video_id) if _has_clips(inputs) else None

    def _texts_of(self, day: str, name: AnnotationInput) -> Mapping[str, str | None]:
        if (name, day) not in self._texts:
            table, folder, column = _TEXTS[name]
            rows = table.read(output(folder) / f"{day}.parquet", ["video_id", column]).rows()
            self._texts[name, day] = dict(rows)
        return self._texts[name, day]

    @cached_property
    def _days(self) -> dict[str, list[str]]:
        """The ids of each day's videos, in order."""
        return ids_by_day()

    @cached_property
    def _media(self) -> dict[str, ClipSource]:
        return clip_sources()


def _of_frames(shown: list[FrameName]) -> dict[str, str]:
    return {"frames": frames_digest(shown), "times": digest_of([frame.time_s for frame in shown])}


def _label_order(video_id: str, step: AnnotateStep) -> int:
    """The number of a video's order of labels, drawn by its id; of equal orders the first, for one key."""
    drawn = int.from_bytes(sha256(f"label order {video_id}".encode()).digest())
    return drawn % step.label_orders % step.group.label_orders


def _is_enough(texts: Collection[str], inputs: Collection[AnnotationInput]) -> bool:
    """Whether the texts are. A caption alone is not enough, unless it is the only input that is wanted."""
    return any(name != "caption" or len(inputs) == 1 for name in texts)


def _inputs(content: AnnotationInputs, frames: list[FrameName], digests: Mapping[str, str]) -> dict[str, str]:
    inputs = {"texts": digest_of(content.texts()), "frame": frames_digest(frames), **digests}
    if content.label_order:
        inputs["label_order"] = str(content.label_order)
    return inputs
