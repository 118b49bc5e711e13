"""The demo's human labels: `inputs/labels/human_labels.csv`, with which the report compares the model's stances.

`python -m sandbox.corpus.human_labels` regenerates it without the rest of the corpus.
"""

from datetime import UTC, datetime
from pathlib import Path

from sandbox.corpus.plan import planned_videos

STANCES_CSV = Path(__file__).parents[2] / "inputs" / "labels" / "human_labels.csv"
#: The demo's last day. Later videos, which a growing study finds, have no human labels yet, as in practice.
_LAST_DAY = "2023-02-28"


def human_labels() -> str:
    """The true stance of each video that the demo's study finds, in order of publication."""
    labelled = [video for video in planned_videos() if video.matches and _day(video.created_at) <= _LAST_DAY]
    return "".join(["video_id,label\n", *(f"{video.video_id},{video.stance}\n" for video in labelled)])


def _day(created_at: int) -> str:
    return datetime.fromtimestamp(created_at, UTC).date().isoformat()


def write() -> None:
    STANCES_CSV.write_text(human_labels(), "utf-8")


if __name__ == "__main__":
    write()
