"""Compare TikTok's transcripts, TikTok's captions and ours, video by video and in sum, and with the truth if known."""

from pathlib import Path
from typing import Any

import polars as pl

from gettok.books import Books
from gettok.compare.pairs import compare, pairs_of
from gettok.compare.summary import summary
from gettok.compare.text_sources import texts, translations
from gettok.compare.truth import of_ways, read_spoken
from gettok.pipeline.answering import atomic_dir
from gettok.pipeline.paths import DATA, INPUTS
from gettok.pipeline.runner import Stage, run_stage, write_json
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS
from gettok.text.embeddings import open_embedder

PARAMS = ("embedder",)
#: What people wrote down of some videos; a study may do without.
SPOKEN = INPUTS / "spoken.csv"


def run(stage: Stage) -> None:
    videos = VIDEOS.read(DATA / "videos", ["video_id", "created_at", "voice_to_text"])
    captions = CAPTIONS.read(DATA / "captions.parquet", ["video_id", "language", "source", "text"])
    transcripts = TRANSCRIPTS.read(DATA / "transcripts", ["video_id", "text", "language", "status", "reason"])
    of_videos = texts(videos, captions, transcripts)
    truth = _truth(SPOKEN, of_videos, transcripts)
    embedder = open_embedder(stage.settings.embedder)
    found = compare(pairs_of(of_videos), embedder)
    embedding = f"{stage.settings.embedder.model or stage.settings.embedder.kind}: {embedder.how}"
    with atomic_dir(DATA / "comparison") as folder:
        PAIRS.write([one.row for one in found], folder / "pairs.parquet")
        numbers = summary(of_videos, found, embedding, translations(captions))
        write_json(folder / "summary.json", numbers | {"embedding_model": embedder.files} | truth)
    paired = {one.pair.video_id for one in found}
    stage.keep_books(
        Books.of([None if video in paired else "no_pair" for video in videos["video_id"]], videos.height)
    )


def _truth(path: Path, of_videos: pl.DataFrame, transcripts: pl.DataFrame) -> dict[str, Any]:
    return {"truth": of_ways(read_spoken(path), of_videos, transcripts)} if path.is_file() else {}


if __name__ == "__main__":
    run_stage(globals())
