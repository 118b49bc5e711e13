"""What is true of the demo's videos. No stage and no server reads this: only tests and the demo's closing summary.

What people would have judged is in `inputs/stances.csv` (`judged.py`); of the stages the report alone reads it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """A text on the screen, and from when to when."""

    from_s: float
    to_s: float
    text: str


@dataclass(frozen=True)
class Truth:
    """What was put into one video. `words` is empty where nobody speaks, `frames` is 0 where there is no file.

    `behind_voice` is `music`, or empty where nothing is to be heard beside the voice, or nobody speaks.
    """

    kind: str
    stance: str
    words: str
    language: str
    voice: str
    screen: tuple[Shown, ...]
    cuts_s: tuple[float, ...]
    frames: int
    behind_voice: str

    def text_at(self, times_s: list[float]) -> str:
        """The texts that are on the screen at some of these times, in order, each once."""
        seen = [shown for shown in self.screen if any(shown.from_s <= at < shown.to_s for at in times_s)]
        return " ".join(shown.text for shown in seen)

    def text_on(self, photos: list[int]) -> str:
        """The texts on some photos of a slideshow, by their places."""
        return " ".join(self.screen[place].text for place in sorted(photos))


def truth() -> dict[str, Truth]:
    """What is true of each video, by its id."""
    rows = json.loads((HERE / "truth.json").read_text("utf-8"))
    return {
        video_id: Truth(
            **{
                **row,
                "screen": tuple(Shown(**shown) for shown in row["screen"]),
                "cuts_s": tuple(row["cuts_s"]),
            }
        )
        for video_id, row in rows.items()
    }


def media_path(name: str) -> Path:
    return HERE / "media" / name
