"""Generates a corpus of any number of videos with a film each, all of about the same size but different bytes.

`python -m sandbox.bulk_media FOLDER --videos 24 --megabytes 3` writes `FOLDER/videos.json` and one film. The server
sends the film for every id, followed by a box with the id that players skip.
"""

import argparse
from datetime import date
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from sandbox import bulk
from sandbox.exchange import JsonObject
from sandbox.videos import free_box

FILM = "film.mp4"
WIDTH, HEIGHT, RATE = 360, 640, 25
SECONDS = 10


def write(folder: Path, *, videos: int, megabytes: float = 3, seed: str = "gettok") -> None:
    """Write the rows of `sandbox.bulk` over 31 days from 2022-11-20, and their film in `media/`."""
    (folder / "media").mkdir(parents=True, exist_ok=True)
    size = film(folder / "media" / FILM, round(megabytes * 1e6))

    def page(row: JsonObject) -> JsonObject:
        stamp = str(row["id"])
        served = size + len(free_box(stamp))
        return {"media": FILM, "stamp": stamp, "size": served, "duration": SECONDS}

    bulk.write(folder, videos=videos, seed=seed, start=date(2022, 11, 20), days=31, page=page)


def film(path: Path, size: int) -> int:
    """Write ten seconds of moving noise, as H.264 of about `size` bytes; returns the actual size."""
    noise = np.random.default_rng(7)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 8 * size // SECONDS
        stream.options = {"preset": "ultrafast"}
        for _ in range(SECONDS * RATE):
            pixels = noise.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.bulk_media", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument("--megabytes", type=float, default=3, help="approximate size of each film")
    parser.add_argument("--seed", default="gettok")
    options = parser.parse_args()
    write(options.folder, videos=options.videos, megabytes=options.megabytes, seed=options.seed)


if __name__ == "__main__":
    main()
