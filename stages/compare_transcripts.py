"""Compare TikTok's own transcripts with ours, video by video and in sum."""

from dataclasses import asdict

from gettok.books import Books
from gettok.compare import TextPair, compare
from gettok.embed import open_embedder
from gettok.tables import PAIRS, TRANSCRIPTS, VIDEOS
from stages.answering import whole
from stages.shell import DATA, Stage, main, write_json

PARAMS = ("embedder",)


def run(stage: Stage) -> None:
    ours = dict(TRANSCRIPTS.read(DATA / "transcripts", ["video_id", "text"]).rows())
    videos = VIDEOS.read(DATA / "videos", ["video_id", "created_at", "voice_to_text"]).sort("video_id").rows()
    pairs = [
        TextPair(video_id, created_at, theirs, text)
        for video_id, created_at, theirs in videos
        if (text := ours[video_id]) and theirs and theirs.strip()
    ]
    rows, summary = compare(pairs, open_embedder(stage.settings.embedder))
    with whole(DATA / "comparison") as folder:
        PAIRS.write(rows, folder / "pairs.parquet")
        write_json(folder / "summary.json", asdict(summary))
    reasons: list[str | None] = [None] * len(pairs)
    stage.keep(Books.of(reasons + ["no_pair"] * (len(videos) - len(pairs)), len(videos)))


if __name__ == "__main__":
    main(globals(), run)
