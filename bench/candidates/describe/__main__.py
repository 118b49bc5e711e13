"""Runs one candidate in its own process, in a folder with `data/`.

    python -m bench.candidates.describe CANDIDATE ADDRESS VIDEOS CONCURRENCY

`prepare` writes the tables for that many videos. Prints a line of JSON.
"""

import hashlib
import io
import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from bench.candidates.usage import peak_mib

FRAMES_A_VIDEO = 4
DAY = "2022-12-07"
PROMPT = "These are frames from a video. Please generate an objective description of what is happening in the video."


def prepare(_: str, videos: int, __: int) -> dict[str, Any]:
    """Videos whose frames all differ, as written by the stages before `describe`."""
    from gettok.tables import FRAMES, VIDEOS  # noqa: PLC0415 - a candidate pays for its own imports

    at = datetime(2022, 12, 7, tzinfo=UTC)
    ids = [str(7_174_000_000_000_000_000 + number) for number in range(videos)]
    VIDEOS.write(
        [{"video_id": video_id, "created_at": at} for video_id in ids], Path(f"data/videos/{DAY}.parquet")
    )
    rows = [_frame(video_id, number) for video_id in ids for number in range(FRAMES_A_VIDEO)]
    FRAMES.write(rows, Path(f"data/frames/{DAY}.parquet"))
    return {"bytes": sum(len(row["image"]["bytes"]) for row in rows)}


def _frame(video_id: str, number: int) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    dice = np.random.default_rng(int(video_id) + number)
    coarse = Image.fromarray(dice.integers(0, 255, (40, 23, 3), np.uint8))
    jpeg = io.BytesIO()
    coarse.resize((368, 640)).save(jpeg, "JPEG", quality=85)
    return {
        "video_id": video_id,
        "frame_index": 300 * number,
        "time_s": 10.0 * number,
        "width": 368,
        "height": 640,
        "sha256": hashlib.sha256(jpeg.getvalue()).hexdigest(),
        "image": {"bytes": jpeg.getvalue(), "path": None},
        "status": "ok",
    }


def ours(address: str, _: int, concurrency: int) -> dict[str, Any]:
    """The stage `describe`, run as `dvc repro` runs it, with its answer store and its outputs."""
    from omegaconf import OmegaConf  # noqa: PLC0415

    from gettok.engine import LocalEngine  # noqa: PLC0415
    from gettok.pipeline.runner import Stage  # noqa: PLC0415
    from gettok.settings import Llm, Prompt, Prompts, Settings  # noqa: PLC0415
    from gettok.store import Store  # noqa: PLC0415
    from stages.describe import run  # noqa: PLC0415

    conf = Path(__file__).parents[3] / "conf" / "llm"
    changes = {"base_url": f"{address}/v1", "api_key_env": "GETTOK_BENCH_KEY", "max_concurrency": concurrency}
    merged = OmegaConf.merge(OmegaConf.load(conf / "_base.yaml"), OmegaConf.load(conf / "vllm.yaml"), changes)
    keys: Any = OmegaConf.to_container(merged)
    llm = Llm.model_validate({key: value for key, value in keys.items() if key != "defaults"})
    parts: dict[str, Any] = {"describe": Prompt(name="bench", text=PROMPT)}
    parts = {"llm": llm, "prompts": Prompts.model_construct(**parts), "ocr": None}
    settings = Settings.model_construct(**parts)
    with Store(Path("store")) as store:
        run(Stage("describe", settings, store, LocalEngine(), Event()))
    books = json.loads(Path("data/books/describe.json").read_text("utf-8"))
    return {"ok": books["ok"]}


def paper(address: str, videos: int, _: int) -> dict[str, Any]:
    """The paper's loop: one video after the other; its frames are encoded and sent, and the text is kept."""
    import openai  # noqa: PLC0415
    import polars as pl  # noqa: PLC0415

    client = openai.OpenAI(
        base_url=f"{address}/v1",
        api_key="none",
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )
    frames = pl.read_parquet(f"data/frames/{DAY}.parquet", columns=["video_id", "image"])
    texts: list[str] = []
    for (_video,), of_video in list(frames.group_by("video_id", maintain_order=True))[:videos]:
        pictures = [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{_encoded(image)}"}}
            for image in of_video["image"]
        ]
        content: Any = [{"type": "text", "text": PROMPT}, *pictures]
        reply = client.chat.completions.create(model="bench", messages=[{"role": "user", "content": content}])
        texts.append(reply.choices[0].message.content or "")
    return {"ok": sum(map(bool, texts))}


def _encoded(image: dict[str, Any]) -> str:
    return b64encode(image["bytes"]).decode()


CANDIDATES: dict[str, Callable[[str, int, int], dict[str, Any]]] = {
    "prepare": prepare,
    "ours": ours,
    "paper": paper,
}


def main() -> None:
    candidate, address, videos, concurrency = sys.argv[1:]
    began = time.perf_counter()
    with redirect_stdout(sys.stderr):  # libraries print
        figures = CANDIDATES[candidate](address, int(videos), int(concurrency))
    print(json.dumps(figures | {"seconds": time.perf_counter() - began, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
