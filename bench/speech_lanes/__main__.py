"""One lane in a process of its own: `python -m bench.speech_lanes LANE DIR`; the folder holds the task.

Loading and the first clip, taken once beforehand, are not measured; opening the files is. Prints a line of JSON.
`peak_mib` is of this process alone, loading included; `peak_mib_of_children` of those that decode for it.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.measuring.children import peak_mib_of_children
from bench.measuring.memory import peak_mib
from bench.speech_lanes.task import Clip, Task

LANES = {
    "openai_whisper": "bench.speech_lanes.by_openai",
    "faster_whisper": "bench.speech_lanes.by_faster_whisper",
    "faster_whisper_batched": "bench.speech_lanes.by_faster_whisper:batched",
    "whisperx": "bench.speech_lanes.by_whisperx",
    "ours": "bench.speech_lanes.by_ours",
    "ours_one_by_one": "bench.speech_lanes.by_ours:one_by_one",
}


def run(lane: str, folder: Path) -> dict[str, Any]:
    task = Task.of(folder)
    module, _, way = LANES[lane].partition(":")
    transcribe = getattr(import_module(module), way or "opened")(task)
    files = [folder / clip.name for clip in task.clips]
    transcribe(files[:1])
    began = time.perf_counter()
    texts = transcribe(files)
    took_s = time.perf_counter() - began
    peak = peak_mib()  # before the words are judged, which takes memory too
    memory = {"peak_mib": peak, "peak_mib_of_children": peak_mib_of_children()}
    return {"seconds": took_s, **memory, "wer": _wer(task.clips, texts), "texts": texts}


def _wer(clips: tuple[Clip, ...], texts: list[str]) -> float:
    """Word error rate over all clips together, without capitals and punctuation."""
    import jiwer  # noqa: PLC0415 - would count as the lane's memory, like the next

    from gettok.text.tokens import normalise  # noqa: PLC0415

    true = [" ".join(normalise(clip.words)) for clip in clips]
    return float(jiwer.wer(true, [" ".join(normalise(text)) for text in texts]))


def main() -> None:
    with redirect_stdout(sys.stderr):  # libraries print
        answer = run(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
