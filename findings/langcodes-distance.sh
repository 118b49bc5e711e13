#!/usr/bin/env bash
# langcodes 3.5.1: no bound on its distance tells a name of a language from a neighbour. A bound of 10 keeps Aymara from
# becoming Spanish, but Alemannic, a language of its own in ISO 639-3, is 8 from German, and so becomes "de", while the
# members of the macrolanguage Arabic are 10 (Egyptian) and 14 (Moroccan, Levantine) from it, so that two of these three
# become nothing. Montenegrin (cnr) becomes Croatian, although `Language.get("cnr")` is Serbian. The table of the IANA
# registry that the package carries, `data_dicts.MACROLANGUAGES`, has all three Arabics and no Alemannic.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langcodes==3.5.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from langcodes import Language, closest_supported_match, tag_distance
from langcodes.data_dicts import MACROLANGUAGES

# of Whisper's codes, those of Europe and the Arab world
SUPPORTED = "en de es ru fr pt tr pl ca nl ar sv it fi el cs ro da hu no hr bg lt sk sl lv sr sq mk bs".split()


def nearest(code):
    return closest_supported_match(code, SUPPORTED, max_distance=10)


seen = {
    "gsw is 8 from de, and becomes it": (tag_distance("gsw", "de"), nearest("gsw")) == (8, "de"),
    "arz is 10 from ar, and becomes it": (tag_distance("arz", "ar"), nearest("arz")) == (10, "ar"),
    "ary and apc are 14 from ar": tag_distance("ary", "ar") == tag_distance("apc", "ar") == 14,
    "they become nothing": nearest("ary") is nearest("apc") is None,
    "cnr becomes hr, and is sr": (nearest("cnr"), Language.get("cnr").language) == ("hr", "sr"),
    "the registry has the Arabics": [MACROLANGUAGES[code] for code in ("arz", "ary", "apc")] == ["ar"] * 3,
    "it has no macrolanguage of gsw": "gsw" not in MACROLANGUAGES,
}
for what, holds in seen.items():
    print(("as described: " if holds else "CHANGED: ") + what)
sys.exit(not all(seen.values()))
PYTHON
