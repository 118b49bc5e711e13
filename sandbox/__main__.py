"""`python -m sandbox`: serves until it gets a signal, or until the process that started it has ended."""

import argparse
import errno
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from sandbox.corpus_check import BadCorpus
from sandbox.profiles import PROFILES
from sandbox.server import Sandbox
from sandbox.videos import CORPUS


def main() -> int:
    options = _arguments()
    if not (options.corpus / "videos.json").is_file():
        _say(
            f"There is no corpus in {options.corpus}.",
            "looked for its videos.json, and did not start.",
            "give the folder of a corpus by --corpus, or generate the demo's: python -m sandbox.corpus.generate",
        )
        return 66
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        port = options.port if options.listener is None else socket.socket(fileno=options.listener)
        server = Sandbox(profile=options.profile, corpus=options.corpus, log=options.log, port=port)
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        _say(
            f"The port {options.port} cannot be used: {os.strerror(error.errno)}.",
            "did not start.",
            "choose another port, or 0 for a free one; `ss -tlnp` shows which program uses a port",
        )
        return 69
    with server as sandbox:
        try:
            sandbox.read_corpus()
        except BadCorpus as error:
            _say(
                f"{error}.",
                "did not start.",
                "correct it: docs/how-to/rehearse-on-the-sandbox.md describes its keys",
            )
            return 66
        print(json.dumps(sandbox.addresses()), flush=True)
        if options.until_stdin_closes:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _say(what: str, did: str, can: str) -> None:
    print(f"{what}\n  What we did: {did}\n  What you can do: {can}", file=sys.stderr)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return int(text)


def _arguments() -> argparse.Namespace:
    log = os.environ.get("GETTOK_SANDBOX_LOG")
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=_port, default=0, help="0: any free port")
    parser.add_argument(
        "--listener", type=int, help="descriptor of a socket that listens, in place of a port"
    )
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
