"""One run of the stage `annotate` over the tables in `data/`, in a process of its own.

    python -m bench.candidates.codebook prepare VIDEOS
    python -m bench.candidates.codebook annotate CONCURRENCY GROUPING [VARIABLE]

`GROUPING` is `one` (all variables in one call), `few` (the groups of conf/codebook/example.yaml) or `alone` (`VARIABLE`
and no other). Prints a line of JSON.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stdout
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from bench.candidates.usage import peak_mib
from sandbox import bulk

ROOT = Path(__file__).parents[3]
#: All variables see the same, so that they can be asked together and alone.
INPUTS = ("transcript", "caption", "frames")
#: Pictures that many videos share: what is measured is calls, not how fast the sandbox looks at pictures.
PICTURES = 8
START, DAYS = date(2022, 11, 20), 5
#: US dollars for a million tokens: those of conf/llm/openai.yaml; what is cached at the tenth that OpenAI takes.
PRICES = ("input_usd_per_million=0.10", "output_usd_per_million=0.50", "cached_input_usd_per_million=0.01")


def prepare(videos: int) -> dict[str, Any]:
    """The tables of a bulk corpus: captions of its own, and a transcript and a frame for each video."""
    from gettok.tables import FRAMES, TRANSCRIPTS, VIDEOS  # noqa: PLC0415 - a run pays for its own imports

    with TemporaryDirectory() as folder:
        bulk.write(Path(folder), videos=videos, seed="codebook", start=START, days=DAYS)
        rows = [video["api"] for video in json.loads((Path(folder) / "videos.json").read_text("utf-8"))]
    pictures = [_picture(number) for number in range(PICTURES)]
    by_day: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_day.setdefault(str(_created(row).date()), []).append(row)
    for day, of_day in by_day.items():
        VIDEOS.write(map(_video, of_day), Path(f"data/videos/{day}.parquet"))
        TRANSCRIPTS.write(map(_transcript, of_day), Path(f"data/transcripts/{day}.parquet"))
        frames = ({"video_id": row["id"], **pictures[int(row["id"]) % PICTURES]} for row in of_day)
        FRAMES.write(frames, Path(f"data/frames/{day}.parquet"))
    return {"videos": len(rows)}


def _created(row: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(row["create_time"], UTC)


def _video(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"video_id": row["id"], "created_at": _created(row), "description": row["video_description"]}


def _transcript(row: Mapping[str, Any]) -> dict[str, Any]:
    draw = Random(row["id"])
    words = draw.choices(bulk.WORDS, k=draw.randint(15, 120))
    return {"video_id": row["id"], "text": row.get("voice_to_text") or " ".join(words), "status": "ok"}


def _picture(number: int) -> dict[str, Any]:
    import io  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    coarse = Image.fromarray(np.random.default_rng(number).integers(0, 255, (40, 23, 3), np.uint8))
    jpeg = io.BytesIO()
    coarse.resize((368, 640)).save(jpeg, "JPEG", quality=85)
    digest = hashlib.sha256(jpeg.getvalue()).hexdigest()
    image = {"bytes": jpeg.getvalue(), "path": None}
    size = {"width": 368, "height": 640}
    return {"frame_index": 0, "time_s": 0.0, **size, "sha256": digest, "image": image, "status": "ok"}


def annotate(concurrency: int, grouping: str, *only: str) -> dict[str, Any]:
    """The stage as `dvc repro` runs it, with its answer store and its outputs."""
    from gettok.cli.compose import compose  # noqa: PLC0415
    from gettok.engine import LocalEngine  # noqa: PLC0415
    from gettok.pipeline.runner import Stage  # noqa: PLC0415
    from gettok.store import Store  # noqa: PLC0415
    from stages.annotate import run  # noqa: PLC0415

    overrides = ["codebook=example", "prompts/codebook=rendered", "prompt_injection=off"]
    overrides += [f"llm.max_concurrency={concurrency}", *(f"llm.prices.{price}" for price in PRICES)]
    with chdir(ROOT), TemporaryDirectory() as folder:
        settings = compose(overrides, Path(folder) / "params.yaml")
    settings = settings.model_copy(update={"codebook": _codebook(settings.codebook, grouping, only)})
    with Store(Path("store")) as store:
        run(Stage("annotate", settings, store, LocalEngine(), Event()))
    return _figures()


def _codebook(example: Any, grouping: str, only: Sequence[str]) -> Any:
    """The example's variables without conditions, which a variable alone could not have."""
    changes: dict[str, Any] = {"inputs": INPUTS, "applies_if": None}
    if grouping != "few":
        changes["group"] = "all" if grouping == "one" else None
    variables = {
        name: variable.model_copy(update=changes)
        for name, variable in example.variables.items()
        if not only or name in only
    }
    return example.model_copy(update={"variables": variables, "frames": 1})


def _figures() -> dict[str, Any]:
    """Sums over the calls, as the table has them."""
    from gettok.tables import ANNOTATIONS  # noqa: PLC0415

    sums = ["prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd"]
    table = ANNOTATIONS.read(Path("data/annotations"), [*sums, "status"])
    return {name: table[name].sum() for name in sums} | {
        "rows": table.height,
        "ok": table.filter(status="ok").height,
    }


def main() -> None:
    candidate, *given = sys.argv[1:]
    with redirect_stdout(sys.stderr):  # libraries print
        figures = prepare(int(given[0])) if candidate == "prepare" else annotate(int(given[0]), *given[1:])
    print(json.dumps(figures | {"peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
