"""What people would have judged of the demo's videos: `inputs/stances.csv`, which the report holds the stances against.

`python -m sandbox.corpus.judged` writes it anew without the rest of the corpus.
"""

from datetime import UTC, datetime
from pathlib import Path

from sandbox.corpus.cast import cast

STANCES_CSV = Path(__file__).parents[2] / "inputs" / "stances.csv"
#: The demo's last day. What a study that grows finds after it has been judged by nobody yet, as it is in life.
_LAST_DAY = "2023-02-28"


def judged() -> str:
    """The true stance of each video that the demo's study finds, in order of publication."""
    found = [part for part in cast() if part.matches and _day(part.created_at) <= _LAST_DAY]
    return "".join(["video_id,label\n", *(f"{part.video_id},{part.stance}\n" for part in found)])


def _day(created_at: int) -> str:
    return datetime.fromtimestamp(created_at, UTC).date().isoformat()


def write() -> None:
    STANCES_CSV.write_text(judged(), "utf-8")


if __name__ == "__main__":
    write()
