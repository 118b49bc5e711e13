"""Read the text on a video's frames, line by line, without asking a model what it makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from gettok.media.images import Picture, Pictures
from gettok.ocr.reader import LONGEST_EDGE, Reader, files, reader
from gettok.settings import Ocr
from gettok.step import Answer, Json, Row, Workers


@dataclass(frozen=True)
class OcrStep:
    """Every line on some frames of a video, the doubtful ones too; `read` leaves out what is not sure enough."""

    ocr: Ocr
    stage = "ocr"
    version = 1

    @property
    def settings(self) -> Mapping[str, Json]:
        return {"reader": files().identity, "longest_edge": LONGEST_EDGE}

    @property
    def workers(self) -> Workers:
        return Workers("threads", self.ocr.max_concurrency)

    def open(self) -> None:
        """Raises `BadSettings` if the reader is not whole. Each thread loads its own when it begins."""
        files()

    def ask(self, content: Pictures) -> Answer:
        """Raises `Unusable`: no_frames, undecodable."""
        mine = reader()
        frames = [_frame(mine, picture) for picture in content.load()]
        return Answer({"reader": files().identity, "frames": frames})

    def read(self, answer: Answer) -> list[Row]:
        named = answer.body["reader"]
        return [
            {
                "frame_index": frame["frame_index"],
                "text": "\n".join(line["text"] for line in lines),
                "lines": lines,
                "reader": named["name"],
                "reader_sha256": named["sha256"],
            }
            for frame in answer.body["frames"]
            for lines in [list(self._sure(frame))]
        ]

    def _sure(self, frame: Mapping[str, Json]) -> Iterator[Row]:
        for line in frame["lines"]:
            if line["confidence"] >= self.ocr.min_confidence:
                yield line | {"box": [{"x": x, "y": y} for x, y in line["box"]]}


def _frame(mine: Reader, picture: Picture) -> dict[str, Json]:
    lines = [asdict(line) for line in mine.read(picture.jpeg)]
    return {"frame_index": picture.frame_index, "lines": lines}
