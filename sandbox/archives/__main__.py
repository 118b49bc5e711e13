"""`python -m sandbox.archives zenodo`: serves a stand-in, and prints its address and token, until it gets a signal."""

import argparse
import json
import signal
import threading

from sandbox.archives.server import stand_in


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.archives", description=__doc__)
    parser.add_argument("archive", choices=("zenodo", "dataverse", "osf", "hf"))
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    with stand_in(options.archive, port=options.port) as server:
        print(json.dumps({"url": server.url, "token": server.token}), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
