"""The region codes that the Research API accepts, and the names of the regions.

Source: TikTok Research API documentation, "Query Videos", `region_code`. It has both `TP` and `TL`, and no `UK`.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE
KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TP TR TT TV
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""

REGION_CODES = frozenset(_CODES.split())


def region_name(code: str) -> str:
    """The region's usual English name; the code itself where the time zone database, which has them, lacks it."""
    return _names().get(code, code)


def code_meant(text: str) -> str | None:
    """The code that a text in small letters, or a region's English name, probably means."""
    wanted = text.strip().casefold()
    codes = {code.casefold(): code for code in REGION_CODES}
    codes |= {name.casefold(): code for code, name in _names().items() if code in REGION_CODES}
    return {"uk": "GB", **codes}.get(wanted)


@cache
def _names() -> Mapping[str, str]:
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    return dict(line.split("\t") for line in table.splitlines() if not line.startswith("#"))
