"""A video and its sound as a model gets them: cut, scaled, and made only when they are sent.

The same file and settings give the same bytes on the same machine. What identifies a clip is the digest of its file
with the settings, so that a plan and an answer's key need no encoding.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from math import ceil
from typing import Literal, get_args

from gettok.media.file import MediaFile
from gettok.settings import ClipSettings
from gettok.step import Json

ClipKind = Literal["video", "sound"]
#: In the order in which a model gets them.
CLIP_KINDS: tuple[ClipKind, ...] = get_args(ClipKind)

#: To be raised when the same file and settings give other pictures or another sound.
_VERSION = 1


@dataclass(frozen=True)
class ClipShape:
    """So many pictures at so many a second, with no side longer than `max_side` pixels, and none larger than it was."""

    max_side: int
    fps: Fraction
    pictures: int


@dataclass(frozen=True)
class Clip:
    """A video as MP4 (H.264), or a sound as WAV (16 kHz, mono), with how many pictures and seconds of sound it has.

    `identity` stands for its bytes in the digest of a request.
    """

    kind: ClipKind
    identity: Mapping[str, Json]
    pictures: int
    sound_s: float
    make: Callable[[], bytes] = field(repr=False)

    @cached_property
    def data(self) -> bytes:
        """The bytes, made when they are first needed. Raises as `make`, which for a file is as `MediaFile.check`."""
        return self.make()


@dataclass(frozen=True)
class ClipSource:
    """The media of one video, and what the table of media says of them. A slideshow has no video, only a sound."""

    file: MediaFile
    duration_s: float
    has_video: bool
    has_sound: bool

    def clips(self, kinds: Collection[str], clip: ClipSettings) -> list[Clip]:
        """Those of these kinds that it has. Their `data` raises `Unusable`, and as `MediaFile.check`."""
        made = {"video": self._video, "sound": self._sound}
        return [made[kind](clip) for kind in self._kinds(kinds)]

    def digests(self, kinds: Collection[str]) -> dict[str, str]:
        """What the answer about clips of these kinds depends on, by kind."""
        return dict.fromkeys(self._kinds(kinds), self.file.sha256)

    def _kinds(self, kinds: Collection[str]) -> list[ClipKind]:
        has = {"video": self.has_video, "sound": self.has_sound}
        return [kind for kind in CLIP_KINDS if kind in kinds and has[kind]]

    def seconds(self, clip: ClipSettings) -> float:
        """How much of it is sent."""
        return min(self.duration_s, clip.max_s)

    def _video(self, clip: ClipSettings) -> Clip:
        shape = ClipShape(clip.max_side, Fraction(str(clip.fps)), self._picture_count(clip))
        with_sound = clip.with_sound and self.has_sound
        return Clip(
            "video",
            self._identity("video", clip),
            shape.pictures,
            self.seconds(clip) if with_sound else 0.0,
            partial(_video, self.file, shape, self.seconds(clip) if with_sound else None),
        )

    def _sound(self, clip: ClipSettings) -> Clip:
        seconds = self.seconds(clip)
        return Clip("sound", self._identity("sound", clip), 0, seconds, partial(_sound, self.file, seconds))

    def _identity(self, kind: ClipKind, clip: ClipSettings) -> dict[str, Json]:
        return {"kind": kind, "media": self.file.sha256} | _settings(kind, clip)

    def _picture_count(self, clip: ClipSettings) -> int:
        return max(1, ceil(Fraction(str(clip.fps)) * Fraction(str(self.seconds(clip)))))


def seconds_sent(media: ClipSource | None, clips: Collection[Clip], clip: ClipSettings) -> dict[str, Json]:
    """How much was sent, as an answer stores it; empty without clips, as in answers that are older than these."""
    return {"clip_s": media.seconds(clip)} if media and clips else {}


def clip_settings(kinds: Collection[str], clip: ClipSettings) -> dict[str, Json]:
    """The settings that clips of these kinds depend on, by kind; other names are passed over."""
    return {kind: _settings(kind, clip) for kind in CLIP_KINDS if kind in kinds}


def _settings(kind: ClipKind, clip: ClipSettings) -> dict[str, Json]:
    names = {"max_side", "fps", "max_s", "with_sound"} if kind == "video" else {"max_s"}
    return {**clip.model_dump(include=names), "version": _VERSION}


def _sound(file: MediaFile, seconds: float) -> bytes:
    from gettok.media.clip_files import sound_file  # noqa: PLC0415 - decoders take long to import; most answers are known

    return sound_file(file, seconds)


def _video(file: MediaFile, shape: ClipShape, sound_s: float | None) -> bytes:
    from gettok.media.clip_files import video_file  # noqa: PLC0415 - as in `_sound`

    return video_file(file, shape, sound_s)
