"""The ground truth of the demo's videos. No stage and no server reads it; only tests and the demo's summary do.

Human labels are in `inputs/labels/human_labels.csv` (`human_labels.py`); the report is the only stage that reads them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class ScreenText:
    """A text on the screen, with its start and end."""

    from_s: float
    to_s: float
    text: str


@dataclass(frozen=True)
class Truth:
    """The contents of one video. `words` is empty without speech, `frames` is 0 without a file.

    `behind_voice` is `music`, or empty without speech or without a background.
    """

    kind: str
    stance: str
    words: str
    language: str
    voice: str
    screen: tuple[ScreenText, ...]
    cuts_s: tuple[float, ...]
    frames: int
    behind_voice: str
    codes: Mapping[str, Any]
    """The value of each variable of the demo's codebook but the stance; of `people_shown` that of each scene."""

    def text_at(self, times_s: list[float]) -> str:
        """The texts on the screen at any of these times, in order, each once."""
        texts = [shown for shown in self.screen if any(shown.from_s <= at < shown.to_s for at in times_s)]
        return " ".join(shown.text for shown in texts)

    def scene_at(self, time_s: float) -> int:
        """The number of the scene at this time, from 0."""
        return sum(cut <= time_s for cut in self.cuts_s)

    def text_on(self, indices: list[int]) -> str:
        """The texts on some photos of a slideshow, by index."""
        return " ".join(self.screen[index].text for index in sorted(indices))


def truth() -> dict[str, Truth]:
    """The ground truth of each video, by id."""
    rows = json.loads((HERE / "truth.json").read_text("utf-8"))
    return {
        video_id: Truth(
            **{
                **row,
                "screen": tuple(ScreenText(**shown) for shown in row["screen"]),
                "cuts_s": tuple(row["cuts_s"]),
            }
        )
        for video_id, row in rows.items()
    }


def media_path(name: str) -> Path:
    return HERE / "media" / name
