"""`python -m sandbox`: serves until it gets a signal, or until the process that started it has ended."""

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
    options = _arguments()
    if not (options.corpus / "videos.json").is_file():
        print(
            f"There is no corpus in {options.corpus}.\n"
            "  What we did: looked for its videos.json, and did not start.\n"
            "  What you can do: give the folder of a corpus by --corpus, or generate the demo's: "
            "python -m sandbox.corpus.generate",
            file=sys.stderr,
        )
        return 66
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    with Sandbox(
        profile=options.profile, corpus=options.corpus, log=options.log, port=options.port
    ) as sandbox:
        print(json.dumps(sandbox.addresses()), flush=True)
        if options.until_stdin_closes:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _arguments() -> argparse.Namespace:
    log = os.environ.get("GETTOK_SANDBOX_LOG")
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="clean")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder with videos.json and media/")
    parser.add_argument(
        "--log", type=Path, default=Path(log) if log else None, help="append the request log here"
    )
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser.parse_args()


def _wait_for_end_of_input(stop: threading.Event) -> None:
    # a pipe closes even when the process at its other end is killed
    while os.read(sys.stdin.fileno(), 4096):
        continue
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
