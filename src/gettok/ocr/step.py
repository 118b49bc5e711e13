"""Read the text on a video's frames by OCR, line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from gettok.media.images import Picture, Pictures
from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.backend import OcrBackend, Reader, ocr_backend, reader
from gettok.settings import Ocr
from gettok.step import Answer, Json, Row, Workers


@dataclass(frozen=True)
class OcrStep:
    """Reads every line on some frames of a video. `read` leaves out lines below `ocr.min_confidence`."""

    ocr: Ocr
    stage = "ocr"
    version = 1

    @property
    def _backend(self) -> OcrBackend:
        return ocr_backend(self.ocr.backend)

    @cached_property
    def _identity(self) -> Mapping[str, Json]:
        return self._backend.identity(self.ocr.recognizer)

    @property
    def alphabet(self) -> OcrAlphabet:
        """The characters that the reader can write. Raises `BadSettings` if its model is missing."""
        return self._backend.alphabet(self.ocr.recognizer)

    @cached_property
    def settings(self) -> Mapping[str, Json]:
        return {"reader": self._identity, **self._backend.parameters()}

    @property
    def workers(self) -> Workers:
        return Workers("threads", self.ocr.max_concurrency)

    def open(self) -> None:
        """Raises `BadSettings` if a model is missing. Each thread loads its own reader when it begins."""
        self._backend.alphabet(self.ocr.recognizer)

    def ask(self, content: Pictures) -> Answer:
        """Raises `Unusable`: no_frames, undecodable."""
        own_reader = reader(self.ocr)
        frames = [_frame(own_reader, picture) for picture in content.load()]
        return Answer({"reader": self._identity, "frames": frames})

    def read(self, answer: Answer) -> list[Row]:
        identity = answer.body["reader"]
        return [
            {
                "frame_index": frame["frame_index"],
                "text": "\n".join(line["text"] for line in lines),
                "lines": lines,
                "reader": identity["name"],
                "reader_sha256": identity["sha256"],
            }
            for frame in answer.body["frames"]
            for lines in [list(self._confident(frame))]
        ]

    def _confident(self, frame: Mapping[str, Json]) -> Iterator[Row]:
        for line in frame["lines"]:
            if line["confidence"] >= self.ocr.min_confidence:
                yield line | {"box": [{"x": x, "y": y} for x, y in line["box"]]}


def _frame(own_reader: Reader, picture: Picture) -> dict[str, Json]:
    lines = [asdict(line) for line in own_reader.read(picture.jpeg)]
    return {"frame_index": picture.frame_index, "lines": lines}
