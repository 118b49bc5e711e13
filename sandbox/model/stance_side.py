"""On which side a label is, by its words."""

import re
from collections.abc import Sequence
from typing import Any

from sandbox.model.evidence import word_set
from sandbox.model.stance_lexicon import fold

NEUTRAL = word_set("neutral unclear none unknown mixed neither undecided ambiguous irrelevant")
NEGATIVE = word_set("no not against anti oppose opposes opposed opposing opposition negative contra reject")


def label_of_side(balance: int, labels: Sequence[Any]) -> Any:
    """The label that matches the lexicon's balance, else the neutral one, else the last."""
    by_side = {_side(str(name)): name for name in reversed(labels)}
    wanted = (balance > 0) - (balance < 0)
    return by_side.get(wanted, by_side.get(0, labels[-1]))


def _side(name: str) -> int:
    words = set(re.findall(r"[a-z]+", fold(name).replace("_", " ")))
    if words & NEUTRAL:
        return 0
    return -1 if words & NEGATIVE else 1
