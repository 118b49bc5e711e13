"""Runs a stage as `python -m stages.STAGE` does, with or without the checks of bytes, and notes the CPU that it took.

python -m bench.candidates.checking {as_it_is,without_checks,decoding_once} NOTES -m stages.STAGE
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from bench.candidates.checking.checks import checks_s, meter_checks, remove_checks
from bench.candidates.checking.decoded_once import decode_once
from bench.candidates.usage import cpu_s

HOW = {"as_it_is": meter_checks, "without_checks": remove_checks, "decoding_once": decode_once}


def main() -> None:
    how, notes, _, module = sys.argv[1:]
    stage = import_module(module)
    HOW[how]()
    try:
        import_module("gettok.pipeline.runner").run_stage(vars(stage))
    finally:
        with Path(notes).open("a", encoding="ascii") as file:
            note = {"stage": module.removeprefix("stages."), "cpu_s": cpu_s(), "checks_s": checks_s()}
            file.write(json.dumps(note) + "\n")


if __name__ == "__main__":
    main()
