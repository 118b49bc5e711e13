"""The step that takes the frames of each video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gettok.frames.by_index import require
from gettok.frames.jpeg import Jpeg
from gettok.frames.taking import take
from gettok.media import MediaFile
from gettok.media.subprocess_decode import confined
from gettok.settings import Frames
from gettok.step import Answer, Blob, Json, Row, Workers

#: The one setting that each way to choose has of its own.
_OWN = {"stride": "stride", "seconds": "every_s", "scenes": "scene_threshold"}


@dataclass(frozen=True)
class FramesStep:
    """Frames of one file as JPEG, at most `max_frames` of them; of a slideshow its photos."""

    frames: Frames
    stage = "extract_frames"
    version = 2
    workers = Workers("threads", 2)

    @property
    def settings(self) -> Mapping[str, Json]:
        """Without those that only another way to choose reads."""
        without = set(_OWN.values()) - {_OWN[self.frames.select]}
        return self.frames.model_dump(exclude=without)

    def open(self) -> None:
        """Raises `BadSettings` if the backend cannot be loaded."""
        require(self.frames.backend)

    def ask(self, content: MediaFile) -> Answer:
        """Raises `Unusable`: undecodable, truncated, not_a_video, too_large, no_frames."""
        # the child may have another working folder
        content = replace(content, path=str(Path(content.path).absolute()))
        taken = confined(take, content, self.frames)
        frames, blobs = [], {}
        for jpeg, time_s in taken.frames:
            blob = Blob.of_bytes(jpeg.data)
            blobs[str(jpeg.index)] = blob
            frames.append(_facts(jpeg, time_s, blob.digest))
        body = {"frames": frames, "decoded_by": taken.decoded_by, "left_out": list(taken.left_out)}
        return Answer(body, blobs)

    def read(self, answer: Answer) -> list[Row]:
        return [{**frame, "image": _image(frame["frame_index"], answer)} for frame in answer.body["frames"]]


def _facts(jpeg: Jpeg, time_s: float | None, digest: str) -> Row:
    return {
        "frame_index": jpeg.index,
        "time_s": time_s,
        "width": jpeg.width,
        "height": jpeg.height,
        "sha256": digest,
    }


def _image(index: int, answer: Answer) -> Row:
    """The bytes, and the name that the file would have among those of its video."""
    return {"bytes": answer.blobs[str(index)].read(), "path": f"{index}.jpg"}
