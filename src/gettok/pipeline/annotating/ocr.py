"""Reads the frames that a model is shown by OCR too, and compares the model's reading with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gettok.pipeline.answering import Day, writer_by_day
from gettok.pipeline.runner import Stage
from gettok.pipeline.shards import DayShards
from gettok.step import Row
from gettok.tables import SCREEN_TEXTS

if TYPE_CHECKING:
    from gettok.ocr.alphabet import OcrAlphabet


@dataclass(frozen=True)
class Screens:
    """The days of on-screen texts that OCR has read, and its alphabet; None of either without OCR."""

    shards: DayShards | None = None
    alphabet: "OcrAlphabet | None" = None

    def beside(self, days: Iterable[Day]) -> Iterator[Day]:
        """The days of descriptions, which are made of what OCR has read on them, too."""
        for day in days:
            yield day.also_made_of(self.shards.digest(day.day) if self.shards else None)

    def compared(self, day: str, rows: Iterable[Row]) -> Iterator[Row]:
        """A day's descriptions, with the columns on OCR."""
        from gettok.ocr.comparison import ocr_columns  # noqa: PLC0415 - most days are as they were built last

        lines = self._lines(day)
        for row in rows:
            text = row["on_screen_text"] if row["status"] == "ok" else None
            yield row | ocr_columns(text, lines.get(row["video_id"]), self.alphabet)

    def _lines(self, day: str) -> Mapping[str, Sequence[str]]:
        """The lines of each video, frame by frame."""
        lines: dict[str, list[str]] = {}
        if self.shards:
            read = SCREEN_TEXTS.read(self.shards.file(day), ["video_id", "status", "lines"])
            for video_id, status, of_frame in read.iter_rows():
                if status == "ok":
                    lines.setdefault(video_id, []).extend(line["text"] for line in of_frame)
        return lines


def read_screens(stage: Stage, days: Iterable[Day], folder: Path) -> Screens:
    """Write the table of on-screen texts into a folder; nothing if the settings ask for no OCR.

    OCR does not see the times of frames, so the entries must not have them among their inputs.
    """
    if stage.settings.ocr is None:
        return Screens()
    from gettok.ocr.step import OcrStep  # noqa: PLC0415 - only where the settings ask for OCR

    step = OcrStep(stage.settings.ocr)
    shards = stage.shards(step, folder, SCREEN_TEXTS.name)
    stage.asking(step).by_day(days, shards, writer_by_day(SCREEN_TEXTS, folder))
    return Screens(shards, step.alphabet)
