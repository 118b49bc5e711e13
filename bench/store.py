"""Measures the answer store at 200,000 answers: looking up all keys of a stage, and writing one more answer.

Compared with: one JSON file per answer (what a script would do), and the same SQLite database without the guarantee
that an answer is on disk when the call returns.

    python bench/store.py [--answers 200000]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gettok.step import Answer
from gettok.store import Key, Store

BODY = {"replies": [{"content": "x" * 1500, "usage": {"prompt_tokens": 900, "completion_tokens": 200}}]}
WRITES = 200


def key(number: int) -> Key:
    return Key.of("describe", 1, {"model": "m"}, {"frames": number})


def fill(root: Path, count: int) -> None:
    """Without a sync for each answer, because filling the store is not measured."""
    with Store(root) as store:
        store._database.execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - on purpose, and only here
        for number in range(count):
            store.put(key(number), str(number), Answer(BODY))


def milliseconds_each(write: Callable[[int], None], first: int) -> float:
    times = []
    for number in range(first, first + WRITES):
        began = time.perf_counter()
        write(number)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def write_file(folder: Path, number: int) -> None:
    with (folder / f"{number}.json").open("w") as file:
        json.dump(BODY, file)
        file.flush()
        os.fsync(file.fileno())


def measure(count: int, root: Path) -> dict[str, float]:
    fill(root / "store", count)
    with Store(root / "store") as store:
        keys = [key(number).digest for number in range(count)]
        began = time.perf_counter()
        known = store.known(keys)
        lookup = time.perf_counter() - began
        assert len(known) == count
        began = time.perf_counter()
        for digest in keys[:5000]:
            assert store.get(digest) is not None
        read = time.perf_counter() - began
        write = milliseconds_each(lambda number: store.put(key(number), str(number), Answer(BODY)), count)
        store._database.execute("PRAGMA synchronous=OFF")  # noqa: SLF001
        unsynced = milliseconds_each(
            lambda number: store.put(key(number), str(number), Answer(BODY)), 2 * count
        )
    files = root / "files"
    files.mkdir()
    json_file = milliseconds_each(lambda number: write_file(files, number), 0)
    return {
        "answers": count,
        "lookup_all_keys_s": round(lookup, 2),
        "read_5000_answers_s": round(read, 2),
        "write_ms": round(write, 2),
        "write_without_sync_ms": round(unsynced, 2),
        "json_file_with_fsync_ms": round(json_file, 2),
        "write_ratio_to_json_file": round(write / json_file, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200_000)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(parser.parse_args().answers, Path(folder))
    for name, figure in figures.items():
        print(f"{name:<28} {figure:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
