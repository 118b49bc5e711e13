"""What a cascade came to: its thresholds and shares, as the stage writes them down and others read them.

Apart from what asks models, which the summary and the release would else import, and run again for.
"""

import json
from collections.abc import Iterable, Mapping

from gettok.pipeline.outputs import output
from gettok.step import Json

#: In the output `cascade`: the thresholds, and how many videos were asked about again. Empty without a cascade.
CHOSEN = "chosen.json"


def cascade_outcome() -> dict[str, Json]:
    """The outcome of the last run; empty without a cascade."""
    chosen: dict[str, Json] = json.loads((output("cascade") / CHOSEN).read_text("utf-8"))
    return chosen


def lines(chosen: Mapping[str, Json]) -> Iterable[str]:
    """What a cascade came to, in words; nothing without one."""
    for group, counts in chosen.get("groups", {}).items():
        yield (
            f"{group}: {chosen['large']} was asked about {counts['asked_again']:,} of {counts['videos']:,} videos, "
            f"as {chosen['small']} was not sure enough"
        )
    for name, of in chosen.get("variables", {}).items():
        yield f"{name}: {_threshold(chosen, of)}"


def _threshold(chosen: Mapping[str, Json], of: Mapping[str, Json]) -> str:
    if of["labelled"] < chosen["min_labels"]:
        return (
            f"{of['labelled']} answers that people judged too, and {chosen['min_labels']} are needed (llm.cascade."
            "min_labels), so no answer of the small model is kept"
        )
    if of["value"] is None:
        return (
            f"at no confidence is an error of {chosen['error']:g} certain by {of['labelled']} answers that people "
            "judged too, so no answer of the small model is kept"
        )
    return (
        f"kept from a confidence of {of['value']:g} on, where {of['wrong']} of {of['kept']} answers were not those of "
        f"people (at most {of['high']:.1%})"
    )
