"""A program that asks the step `Deeds` on Ray and stores the answers, as a stage does.

Its arguments: the cluster's address or `own`, the store, the folder for the step's notes, how many questions, and
optionally what each is about.
"""

import sys
from pathlib import Path

from ray_nodes import options
from ray_steps import Deeds, deed_items

from gettok.engine.ray import ray_engine
from gettok.errors import Interrupted, UserFacingError
from gettok.pipeline.answering import Asking
from gettok.pipeline.runner import Signals, say
from gettok.store import Store


def main(address: str, store: str, folder: str, count: str, what: str = "slow") -> int:
    signals = Signals()
    engine = ray_engine(options(address=None if address == "own" else address, workers=2, cpus=0.5))
    with Store(Path(store)) as opened:
        try:
            Asking(Deeds(folder), opened, engine, signals.stop).ask(
                deed_items(*((what, number) for number in range(int(count))))
            )
        except Interrupted:
            return 128 + signals.number
        except UserFacingError as error:
            say(str(error))
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
