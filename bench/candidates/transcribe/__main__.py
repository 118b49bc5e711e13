"""Runs one candidate in its own process: `python -m bench.candidates.transcribe CANDIDATE DIR`; DIR holds the task.

Loading the model and a warm-up on the first clip are not timed; opening the files is. Prints a line of JSON.
`peak_mib` is this process alone, loading included; `peak_mib_of_children` is the processes that decode for it.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.candidates.transcribe.task import Clip, Task
from bench.candidates.usage import peak_mib, peak_mib_of_children

CANDIDATES = {
    "openai_whisper": "bench.candidates.transcribe.openai_whisper",
    "faster_whisper": "bench.candidates.transcribe.faster_whisper",
    "faster_whisper_batched": "bench.candidates.transcribe.faster_whisper:batched",
    "whisperx": "bench.candidates.transcribe.whisperx",
    "ours": "bench.candidates.transcribe.ours",
    "ours_one_by_one": "bench.candidates.transcribe.ours:one_by_one",
}


def run(candidate: str, folder: Path) -> dict[str, Any]:
    task = Task.load(folder)
    module, _, function = CANDIDATES[candidate].partition(":")
    transcribe = getattr(import_module(module), function or "load")(task)
    files = [folder / clip.name for clip in task.clips]
    transcribe(files[:1])
    began = time.perf_counter()
    texts = transcribe(files)
    seconds = time.perf_counter() - began
    peak = peak_mib()  # before the words are compared, which takes memory too
    memory = {"peak_mib": peak, "peak_mib_of_children": peak_mib_of_children()}
    return {"seconds": seconds, **memory, "wer": _wer(task.clips, texts), "texts": texts}


def _wer(clips: tuple[Clip, ...], texts: list[str]) -> float:
    """Word error rate over all clips together, without capitals and punctuation."""
    import jiwer  # noqa: PLC0415 - would count as the candidate's memory, like the next import

    from gettok.text.tokens import normalise  # noqa: PLC0415

    true = [" ".join(normalise(clip.words)) for clip in clips]
    return float(jiwer.wer(true, [" ".join(normalise(text)) for text in texts]))


def main() -> None:
    with redirect_stdout(sys.stderr):  # libraries print
        result = run(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
