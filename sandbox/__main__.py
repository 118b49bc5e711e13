"""`python -m sandbox`: serves until told to stop, or until whoever started it is gone."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.profiles import PROFILES
from sandbox.server import Sandbox
from sandbox.videos import CORPUS


def main() -> int:
    asked = _arguments()
    if not (asked.corpus / "videos.json").is_file():
        print(
            f"There is no corpus in {asked.corpus}.\n"
            "  What we did: looked for its videos.json and started nothing.\n"
            "  What you can do: give a folder that holds one by --corpus, or make the demo's own: "
            "python -m sandbox.corpus.generate",
            file=sys.stderr,
        )
        return 66
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, lambda *_: over.set())
    with Sandbox(profile=asked.profile, corpus=asked.corpus, log=asked.log, port=asked.port) as sandbox:
        print(json.dumps(sandbox.addresses()), flush=True)
        if asked.until_stdin_closes:
            threading.Thread(target=_wait_for_end_of_input, args=(over,), daemon=True).start()
        over.wait()
    return 0


def _arguments() -> argparse.Namespace:
    log = os.environ.get("GETTOK_SANDBOX_LOG")
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="clean")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder with videos.json and media/")
    parser.add_argument(
        "--log", type=Path, default=Path(log) if log else None, help="append the request log here"
    )
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser.parse_args()


def _wait_for_end_of_input(over: threading.Event) -> None:
    # a pipe's other end closes even when its owner was killed
    while os.read(sys.stdin.fileno(), 4096):
        continue
    over.set()


if __name__ == "__main__":
    sys.exit(main())
