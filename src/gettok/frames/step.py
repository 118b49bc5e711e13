"""The step that extracts the frames of each video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gettok.media import MediaFile
from gettok.settings import Frames
from gettok.step import Answer, Blob, Json, Row, Workers

if TYPE_CHECKING:
    from gettok.frames.jpeg import Jpeg

#: The setting that only this value of `select` reads.
_OWN_SETTING = {"stride": "stride", "seconds": "every_s", "scenes": "scene_threshold"}


@dataclass(frozen=True)
class FramesStep:
    """Up to `max_frames` frames of a video as JPEG; for a slideshow its photos."""

    frames: Frames
    stage = "extract_frames"
    version = 5
    workers = Workers("threads", 2)

    @property
    def settings(self) -> Mapping[str, Json]:
        """Without the settings that only other values of `select` read."""
        without = set(_OWN_SETTING.values()) - {_OWN_SETTING[self.frames.select]}
        return self.frames.model_dump(exclude=without)

    def open(self) -> None:
        """Raises `BadSettings` if the backend cannot be loaded."""
        from gettok.frames.backend import load_backend  # noqa: PLC0415 - as in `ask`

        load_backend(self.frames.backend)

    def ask(self, content: MediaFile) -> Answer:
        """Raises `Unusable` (undecodable, truncated, not_a_video, too_large, no_frames), and as `MediaFile.check`."""
        from gettok.frames.extraction import extract  # noqa: PLC0415 - decoders take long to import; most answers are known
        from gettok.media.probing import read_zero  # noqa: PLC0415 - as above
        from gettok.media.subprocess_decode import run_in_subprocess  # noqa: PLC0415 - as above

        content.check()
        # the child may have another working folder
        content = replace(content, path=str(Path(content.path).absolute()))
        zero = None if content.is_slideshow else read_zero(Path(content.path))
        extracted = run_in_subprocess(extract, content, self.frames, zero)
        frames, blobs = [], {}
        for jpeg, time_s in extracted.frames:
            blob = Blob.of_bytes(jpeg.data)
            blobs[str(jpeg.index)] = blob
            frames.append(_facts(jpeg, time_s, blob.digest))
        left_out = list(extracted.left_out)
        return Answer({"frames": frames, "decoded_by": extracted.decoded_by, "left_out": left_out}, blobs)

    def read(self, answer: Answer) -> list[Row]:
        return [{**frame, "image": _image(frame["frame_index"], answer)} for frame in answer.body["frames"]]


def _facts(jpeg: "Jpeg", time_s: float | None, digest: str) -> Row:
    return {
        "frame_index": jpeg.index,
        "time_s": time_s,
        "width": jpeg.width,
        "height": jpeg.height,
        "sha256": digest,
    }


def _image(index: int, answer: Answer) -> Row:
    """The bytes, and a file name that is unique within the video."""
    return {"bytes": answer.blobs[str(index)].read(), "path": f"{index}.jpg"}
