"""Reads the frames that a model is shown by OCR too, and compares the model's reading with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gettok.media.images import Pictures
from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.comparison import ocr_columns
from gettok.ocr.step import OcrStep
from gettok.pipeline.answering import Skipped, Write, writer_by_day
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage
from gettok.step import Item, Row
from gettok.store.atomic_write import atomic_dir
from gettok.tables import SCREEN_TEXTS


@dataclass(frozen=True)
class OcrLines:
    """The lines that OCR reads in each video, frame by frame, and its alphabet; None without OCR."""

    lines: Mapping[str, Sequence[str]]
    alphabet: OcrAlphabet | None

    def beside(self, write: Write) -> Write:
        """A writer of descriptions that adds the columns on OCR."""
        return lambda day, rows: write(day, map(self._with_ocr, rows))

    def _with_ocr(self, row: Row) -> Row:
        text = row["on_screen_text"] if row["status"] == "ok" else None
        return row | ocr_columns(text, self.lines.get(row["video_id"]), self.alphabet)


def read_screens(stage: Stage, entries: Sequence[Item[Pictures] | Skipped]) -> OcrLines:
    """Write the table of on-screen texts. It is always an output: empty if the settings ask for no OCR."""
    ocr = stage.settings.ocr
    lines: dict[str, list[str]] = {}
    with atomic_dir(DATA / "screen_texts") as folder:
        if ocr is None:
            return OcrLines(lines, None)
        step = OcrStep(ocr)
        write = writer_by_day(SCREEN_TEXTS, folder)

        def keep(day: str, rows: Iterable[Row]) -> None:
            read = list(rows)
            write(day, read)
            for row in read:
                if row["status"] == "ok":
                    of_video = lines.setdefault(row["video_id"], [])
                    of_video += [line["text"] for line in row["lines"]]

        stage.asking(step).table([_without_times(entry) for entry in entries], keep)
        return OcrLines(lines, step.alphabet)


def _without_times(entry: Item[Pictures] | Skipped) -> Item[Pictures] | Skipped:
    """The item without the times of its frames: OCR does not see them, so they must not be in its answer's key."""
    return entry if isinstance(entry, Skipped) else replace(entry, inputs={"frames": entry.inputs["frames"]})
