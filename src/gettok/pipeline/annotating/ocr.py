"""Has somebody else read the frames that a model is shown, and holds the model's reading against theirs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gettok.media.images import Pictures
from gettok.ocr.agreement import cer, distinct
from gettok.ocr.step import OcrStep
from gettok.pipeline.answering import Skipped, Write, atomic_dir, writer_by_day
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage
from gettok.step import Item, Row
from gettok.tables import SCREEN_TEXTS


@dataclass(frozen=True)
class Screens:
    """The lines that a reader of text sees in each video, frame by frame."""

    lines: Mapping[str, Sequence[str]]

    def beside(self, write: Write) -> Write:
        """A writer of descriptions that puts the reader's text beside the model's."""
        return lambda day, rows: write(day, map(self._compared, rows))

    def _compared(self, row: Row) -> Row:
        lines = self.lines.get(row["video_id"])
        if lines is None:
            return row
        rate = cer(lines, row["on_screen_text"]) if row["status"] == "ok" else None
        return {**row, "ocr_text": "\n".join(distinct(lines)), "ocr_cer": rate}


def read_screens(stage: Stage, entries: Sequence[Item[Pictures] | Skipped]) -> Screens:
    """Write the table of what is read, as an output whatever the settings: empty if they ask for no reader."""
    ocr = stage.settings.ocr
    lines: dict[str, list[str]] = {}
    with atomic_dir(DATA / "screen_texts") as folder:
        if ocr is not None:
            write = writer_by_day(SCREEN_TEXTS, folder)

            def keep(day: str, rows: Iterable[Row]) -> None:
                read = list(rows)
                write(day, read)
                for row in read:
                    if row["status"] == "ok":
                        of_video = lines.setdefault(row["video_id"], [])
                        of_video += [line["text"] for line in row["lines"]]

            stage.asking(OcrStep(ocr)).table([_timeless(entry) for entry in entries], keep)
    return Screens(lines)


def _timeless(entry: Item[Pictures] | Skipped) -> Item[Pictures] | Skipped:
    """As a reader of text gets it: when a frame is shown is told to the model alone, and changes no text."""
    return entry if isinstance(entry, Skipped) else replace(entry, inputs={"frames": entry.inputs["frames"]})
