"""Turns pages into tables at 43,697 rows (the paper's dataset) and at a million: time per row, and peak memory.

Compared with a plain script: every row in one list of dicts, and a `pl.DataFrame` made of it, without sorting by day,
history, type conversion or rejects. Each candidate runs in its own process. The bench fails if a video is lost.

    python bench/tabulate.py [--rows 43697 --rows 1000000]
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from bench.candidates.usage import peak_mib
from gettok.research_api import Page
from gettok.settings import Study, load
from gettok.step import Json, Row
from gettok.tables import PAGES, VIDEOS

ROOT = Path(__file__).parent.parent
ROWS_A_PAGE = 100
PAGES_A_FILE = 64
WITH_TRANSCRIPT = 0.28
"""The share of videos with TikTok's own transcript in tiktok-library's recorded session."""
TEXT = (
    "el pueblo de Perú sale a las calles contra el golpe de estado y pide nuevas elecciones 🇵🇪 castillo boluarte"
    " congreso lima puno presidente libertad ¡hasta cuándo! noticias en vivo"
)
WORDS = TEXT.split()


def video(number: int, age: float, study: Study, chance: random.Random) -> Json:
    """A video published between the study's end (age 0) and its start (age 1)."""
    newest = datetime.combine(study.end, datetime.max.time(), UTC)
    span_s = ((study.end - study.start).days + 1) * 86_400
    created = int(newest.timestamp() - span_s * age)
    tags = chance.sample(WORDS, 4)
    row = {
        "id": (created << 32) + number,
        "create_time": created,
        "username": f"user_{chance.randrange(17_000)}",
        "region_code": chance.choice(["PE", "PE", "pe"]),
        "video_description": " ".join(chance.choices(WORDS, k=20)) + " #" + " #".join(tags),
        "music_id": 7_000_000_000_000_000_000 + chance.randrange(10**9),
        "hashtag_names": tags,
        "view_count": chance.randrange(10**6),
        "like_count": chance.randrange(10**5),
        "comment_count": chance.randrange(10**3),
        "share_count": chance.randrange(10**3),
        "favorites_count": chance.randrange(10**3),
        "video_duration": chance.randrange(5, 600),
        "is_stem_verified": False,
        "hashtag_info_list": [{"hashtag_id": chance.randrange(10**9), "hashtag_name": tag} for tag in tags],
    }
    if chance.random() < WITH_TRANSCRIPT:
        row["voice_to_text"] = " ".join(chance.choices(WORDS, k=80))
    return row


def pages(rows: int, study: Study) -> Iterator[Row]:
    """Newest first, as the API returns them; the last row of each page comes again on the next one."""
    chance = random.Random(rows)
    seen_at = datetime(2023, 3, 15, tzinfo=UTC)
    last: Json = None
    for place, first in enumerate(range(0, rows, ROWS_A_PAGE)):
        numbers = range(first, min(first + ROWS_A_PAGE, rows))
        videos = [video(number, number / rows, study, chance) for number in numbers]
        if last is not None:
            videos[0] = last
        last = videos[-1]
        observed_at = seen_at + timedelta(seconds=place)
        text = json.dumps({"data": {"videos": videos, "cursor": first + len(videos), "has_more": True}})
        page = Page({"path": "/research/video/query/", "body": {}}, 200, {}, observed_at, text)
        yield {
            "endpoint": "video/query",
            "subject": "bench",
            "attempt": 0,
            "cursor": first,
            "observed_at": observed_at,
            "answer_key": f"{place:064}",
            "answer": json.dumps(page.to_json()),
        }


def make(folder: Path, rows: int) -> None:
    """Make a workspace whose pages hold that many rows."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    batch: list[Row] = []
    for page in pages(rows, load(folder / "params.yaml").study):
        batch.append(page)
        if len(batch) == PAGES_A_FILE:
            _write(folder, batch)
    if batch:
        _write(folder, batch)


def _write(folder: Path, batch: list[Row]) -> None:
    PAGES.write(batch, folder / "data" / "pages" / "videos" / f"{batch[0]['cursor']:09}.parquet")
    batch.clear()


def plain(folder: Path) -> None:
    """What a plain script would do."""
    rows: list[Json] = []
    for file in sorted((folder / "data" / "pages" / "videos").glob("*.parquet")):
        for answer in pl.read_parquet(file)["answer"]:
            rows += json.loads(json.loads(answer)["text"])["data"]["videos"]
    pl.DataFrame(rows).unique("id", keep="last").sort("id").write_parquet(folder / "plain.parquet")


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a child process."""
    environment = {**os.environ, "GETTOK_STORE": str(folder / "store"), "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, *command], cwd=folder, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return time.perf_counter() - began, peak_mib(usage)


def compared(rows: int, folder: Path) -> dict[str, tuple[float, float]]:
    folder.mkdir()
    script = str(Path(__file__).absolute())
    measured([script, "--make", str(folder), "--rows", str(rows)], folder)
    candidates = {"ours": ["-m", "stages.tabulate"], "plain": [script, "--plain", str(folder)]}
    results = {candidate: measured(command, folder) for candidate, command in candidates.items()}
    _refuse_loss(folder)
    for candidate, (seconds, peak) in results.items():
        print(
            f"{rows:>9,} rows  {candidate:<5} {seconds:8.2f} s {rows / seconds:10,.0f} rows/s {peak:8,.0f} MiB"
        )
    return results


def _refuse_loss(folder: Path) -> None:
    theirs = pl.scan_parquet(folder / "plain.parquet").select(pl.col("id").cast(pl.String)).collect()
    ours = VIDEOS.read(folder / "data" / "videos", ["video_id"])
    if set(theirs["id"]) != set(ours["video_id"]):
        sys.exit(f"the tables have {ours.height} videos where the pages have {theirs.height}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plain:
        plain(given.plain)
    elif given.make:
        make(given.make, *given.rows)
    else:
        _compare(sorted(given.rows or [43_697, 1_000_000]))


def _compare(sizes: list[int]) -> None:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            for candidate, (seconds, peak) in compared(rows, Path(folder, str(rows))).items():
                size = "small" if rows == sizes[0] else "large"
                prefix = "" if candidate == "ours" else f"{candidate}_"
                figures |= {
                    f"{prefix}seconds_{size}": round(seconds, 2),
                    f"{prefix}peak_mib_{size}": round(peak),
                }
                if size == "large":
                    small = figures[f"{prefix}seconds_small"] / sizes[0]
                    figures[f"{prefix}ratio_per_row"] = round(seconds / rows / small, 3)
            shutil.rmtree(Path(folder, str(rows)))
    print(json.dumps({"rows_small": sizes[0], "rows_large": sizes[-1], **figures}))


if __name__ == "__main__":
    main()
