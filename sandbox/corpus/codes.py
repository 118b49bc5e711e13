"""The true values of the demo's codebook, from what is said, written and drawn in each video.

`python -m sandbox.corpus.codes` regenerates them in `truth.json`, without the media. Hashtags and names of accounts do
not count, as `conf/codebook/demo.yaml` says.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.corpus.language import SLOTS, STANCES
from sandbox.corpus.plan import planned_videos
from sandbox.corpus.script import Script, script

TRUTH = Path(__file__).parent / "truth.json"

#: The kind and the labels of each variable that has a truth.
VARIABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "stance": ("one_of", STANCES),
    "call_to_action": ("yes_no", ("yes", "no")),
    "topics": ("any_of", ("government", "protest", "justice", "daily life")),
    "places": ("span", ()),
    "people_shown": ("number", ()),
    "screen_language": ("one_of", ("Spanish", "English", "no text")),
}
#: The faces in each scene, as `scenes.py` draws them. The figures of `vigil` are dark and have no faces.
_FACES: Mapping[str, int] = {
    "plaza": 54,
    "march": 18,
    "confetti": 8,
    "lights": 5,
    "studio": 1,
    "talker": 1,
    "banner": 0,
    "vigil": 0,
    "hills": 0,
    "votes": 0,
    "road": 0,
}
#: More faces count as this many.
MOST_FACES = 5

_DEMANDS = (
    r"exigen?\b|piden?\b|libertad para|por (la|su) libertad|restitución|que vuelva|merece volver|que lo liberen"
    r"|siga preso|seguir preso|prisión para|en la cárcel|a la cárcel|merece la cárcel|fuera castillo|sí a la vacancia"
    r"|que responda"
)
_TOPICS: Mapping[str, str] = {
    "government": (
        r"congreso|congress|gobierno|ministro|gabinete|comisión|alcalde|boluarte|elecci\w+|elections|ley\b|sesión"
        r"|votación|votan|presupuesto|comunicado|emergencia|vacancia"
    ),
    "protest": r"march\w*|bloquean|close the road|banderas|gritan|salgo a defender\w*",
    "justice": (
        r"libertad|liberen|prisión|cárcel|preso|detenido|secuestrado|juez|fiscalía|tribunal|audiencia|inocente"
        r"|injusticia|justicia|corrup\w+"
    ),
    "daily life": (
        r"receta|comemos|comida|cook|llueve|raining|frío|calor|neblina|sale el sol|nieve|viento|nublado|temperatura"
        r"|tormenta|clima|weather|venden|cuestan?\b|bus\b|bail\w+|dance|festival"
    ),
}
_PLACES = r"|".join([*SLOTS["lugar"], "Perú"])


def codes(words: Script) -> dict[str, Any]:
    """The value of each variable; of `people_shown` that of each scene."""
    written = re.sub(r"[#@]\S+", "", words.caption)
    whole = "\n".join([words.spoken, *words.screens, written])
    return {
        "call_to_action": "yes" if _has(_DEMANDS, whole) else "no",
        "topics": [label for label, pattern in _TOPICS.items() if _has(pattern, whole)],
        "places": sorted(set(re.findall(rf"\b(?:{_PLACES})\b", whole))),
        "people_shown": [min(_FACES[scene], MOST_FACES) for scene in words.scenes],
        "screen_language": "Spanish" if any(words.screens) else "no text",
    }


def _has(pattern: str, text: str) -> bool:
    return re.search(rf"\b(?:{pattern})", text, re.IGNORECASE) is not None


def write() -> None:
    rows = json.loads(TRUTH.read_text("utf-8"))
    for video in planned_videos():
        rows[video.video_id]["codes"] = codes(script(video))
    TRUTH.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write()
