"""Makes each mistake of the lists in a copy of the repository, and runs the tests that must notice it.

Prints a table and the share of mistakes that were caught. Exits with 1 if that is below 95 %, if a test fails without
a mistake, or if a mistake no longer fits its file. A mistake that no test can notice (`survives`) does not count.

    python tests/mutation/run_mutants.py [-k words] [--jobs 2]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue

import mutants_annotate
import mutants_asking
import mutants_deposit
import mutants_release
import mutants_report
import mutants_rot
from mutant import Mutant

ROOT = Path(__file__).parent.parent.parent
_TOPICS = (mutants_release, mutants_deposit, mutants_annotate, mutants_report, mutants_asking, mutants_rot)
MUTANTS = tuple(mutant for topic in _TOPICS for mutant in topic.MUTANTS)
ENOUGH = 0.95
TIMEOUT_S = 600  # a mistake that makes the tests hang is caught, too


def copy_of_repository(folder: Path) -> Path:
    """What git has or would add, as it is in the working tree."""
    listing = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def run_tests(
    copy: Path, tests: Sequence[str], timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", *tests],
        cwd=copy,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def write(file: Path, text: str) -> None:
    """Also removes the compiled file: a change of equal length within a second would be overlooked."""
    file.write_text(text, "utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


@contextmanager
def applied(mutant: Mutant, copy: Path) -> Iterator[None]:
    file = copy / mutant.file
    text = file.read_text("utf-8")
    write(file, mutant.mutated(copy))
    try:
        yield
    finally:
        write(file, text)


def is_caught(mutant: Mutant, copy: Path) -> bool:
    with applied(mutant, copy):
        try:
            run = run_tests(copy, mutant.tests.split(), TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return True
    if run.returncode not in {0, 1, 2}:  # 2: the mistake makes an import fail
        raise SystemExit(f"{mutant.tests} cannot be run\n{run.stdout}{run.stderr}")
    return run.returncode != 0


def check_unchanged(copy: Path, mutants: Sequence[Mutant]) -> None:
    """Tests that fail without a mistake would catch any."""
    tests = sorted({name for mutant in mutants for name in mutant.tests.split()})
    run = run_tests(copy, tests)
    if run.returncode:
        raise SystemExit(f"The tests fail without a mistake\n{run.stdout}{run.stderr}")


def verdict_line(mutant: Mutant, *, caught: bool) -> str:
    verdict = "caught" if caught else "survived"
    reason = f" ({mutant.survives})" if mutant.survives else ""
    return f"{verdict:9} {mutant.file:45} {mutant.why}{reason}"


def run_all(mutants: Sequence[Mutant], copies: Sequence[Path]) -> list[bool]:
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def run_one(mutant: Mutant) -> bool:
        copy = free.get()
        try:
            caught = is_caught(mutant, copy)
        finally:
            free.put(copy)
        print(verdict_line(mutant, caught=caught), flush=True)
        return caught

    with ThreadPoolExecutor(len(copies)) as executor:
        return list(executor.map(run_one, mutants))


def share_caught(mutants: Sequence[Mutant], caught: Sequence[bool]) -> float:
    counted = [was for mutant, was in zip(mutants, caught, strict=True) if was or not mutant.survives]
    print(f"{sum(counted)} of {len(counted)} are caught; {len(mutants) - len(counted)} survive for a reason")
    return sum(counted) / len(counted) if counted else 1.0


def selected(words: str) -> list[Mutant]:
    mutants = [mutant for mutant in MUTANTS if words in f"{mutant.file} {mutant.why}"]
    if not mutants:
        raise SystemExit(f"no mistake has {words!r} in its file or its reason")
    for mutant in mutants:
        mutant.mutated(ROOT)
    return mutants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", metavar="WORDS", help="only those with this in the file or the why")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    mutants = selected(given.k)
    with tempfile.TemporaryDirectory() as folder:
        copies = [copy_of_repository(Path(folder) / str(number)) for number in range(given.jobs)]
        check_unchanged(copies[0], mutants)
        share = share_caught(mutants, run_all(mutants, copies))
    print(f"{share:.1%}")
    sys.exit(share < ENOUGH)


if __name__ == "__main__":
    main()
