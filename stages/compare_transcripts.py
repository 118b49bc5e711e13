"""Compare TikTok's transcripts, TikTok's captions and ours, by video and in total, and with the true words if known."""

from pathlib import Path
from typing import Any

import polars as pl

from gettok.books import Books
from gettok.compare.pairs import compare, text_pairs
from gettok.compare.summary import NUMBERS, summary
from gettok.compare.text_sources import texts_by_day, translations, video_texts
from gettok.compare.truth import read_truth, truth_summary
from gettok.pipeline.inputs import rows_digest
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import DATA, INPUTS
from gettok.pipeline.runner import Stage, run_stage
from gettok.pipeline.shards import DayShards
from gettok.store.atomic_write import atomic_dir, write_json
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS
from gettok.text.embeddings import TextEmbedder, open_embedder

PARAMS = ("embedder",)
#: The words of some videos, written down by people; optional.
SPOKEN = INPUTS / "transcripts" / "spoken.csv"


def run(stage: Stage) -> None:
    videos = VIDEOS.read(output("videos"), ["video_id", "created_at", "voice_to_text"])
    captions = CAPTIONS.read(output("captions.parquet"), ["video_id", "language", "source", "text"])
    transcripts = TRANSCRIPTS.read(
        output("transcripts"), ["video_id", "text", "language", "status", "reason"]
    )
    texts = video_texts(videos, captions, transcripts)
    truth = _truth(SPOKEN, texts, transcripts)
    embedder = open_embedder(stage.settings.embedder)
    embedding = f"{stage.settings.embedder.model or stage.settings.embedder.kind}: {embedder.description}"
    with atomic_dir(DATA / "comparison") as folder:
        days = DayShards(stage.kept(PAIRS.name, stage.values, embedder.files), folder / PAIRS.name)
        books = _compare_days(stage, texts, embedder, days)
        compared = PAIRS.read(days.table, NUMBERS)
        numbers = summary(texts, compared, embedding, translations(captions))
        write_json(folder / "summary.json", numbers | {"embedding_model": embedder.files} | truth)
    stage.keep_books(books)


def _compare_days(stage: Stage, texts: pl.DataFrame, embedder: TextEmbedder, days: DayShards) -> Books:
    """Write the pairs of each day, or link them if its texts are those of the last build. Returns the books."""
    books = Books(0, 0)
    days.table.mkdir()
    for day, of_day in stage.until_stopped(texts_by_day(texts)):
        made_of = rows_digest(of_day)
        linked = days.link(day, made_of)
        if linked is None:
            compared = compare(text_pairs(of_day), embedder)
            PAIRS.write((pair.row for pair in compared), days.file(day))
            paired = {pair.pair.video_id for pair in compared}
            reasons = [None if video in paired else "no_pair" for video in of_day["video_id"]]
            linked = Books.of(reasons, of_day.height)
            days.keep(day, made_of, linked)
        books += linked
    return books


def _truth(path: Path, texts: pl.DataFrame, transcripts: pl.DataFrame) -> dict[str, Any]:
    return {"truth": truth_summary(read_truth(path), texts, transcripts)} if path.is_file() else {}


if __name__ == "__main__":
    run_stage(globals())
