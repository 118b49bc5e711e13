"""A workspace with two videos and a model endpoint that answers by a script, for the stages that ask a model."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from scripted_endpoint import Endpoint, jpeg
from small_study import video
from workspace import Workspace

from gettok.tables import FRAMES, TRANSCRIPTS, VIDEOS

_DAY = "2022-12-07"
VIDEOS_OF_STUDY = [video(place, created_at=datetime(2022, 12, 7, tzinfo=UTC)) for place in (1, 2)]


def two_videos(folder: Path, endpoint: Endpoint) -> Workspace:
    """Two videos with a frame and a transcript each, and a model that is asked one question after another."""
    made = Workspace.make(folder, "", *settings_for(endpoint))
    made.environment["GETTOK_SANDBOX_KEY"] = "sandbox"
    ids = [row["video_id"] for row in VIDEOS_OF_STUDY]
    VIDEOS.write(VIDEOS_OF_STUDY, made.data / "videos" / f"{_DAY}.parquet")
    transcripts = [{"video_id": video_id, "text": f"Hoy es {video_id}", "status": "ok"} for video_id in ids]
    TRANSCRIPTS.write(transcripts, made.data / "transcripts" / f"{_DAY}.parquet")
    pictures = {video_id: jpeg(video_id) for video_id in ids}
    frames = [
        {
            "video_id": video_id,
            "frame_index": 0,
            "time_s": 0.0,
            "sha256": hashlib.sha256(picture).hexdigest(),
            "image": {"bytes": picture, "path": "0.jpg"},
            "status": "ok",
        }
        for video_id, picture in pictures.items()
    ]
    FRAMES.write(frames, made.data / "frames" / f"{_DAY}.parquet")
    return made


def settings_for(endpoint: Endpoint) -> tuple[str, ...]:
    return (
        f"llm.base_url={endpoint.url}",
        "llm.max_concurrency=1",
        "llm.max_attempts=1",
        "ocr=off",
        "prompt_injection=off",
        "codebook=stance",
    )
