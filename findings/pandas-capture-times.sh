#!/usr/bin/env bash
# pandas 3.1.1, `read_json(lines=True)` on captures as Zeeschuimer 1.14 exports them:
# - of the two times of one line, both integers in milliseconds, the name decides the type: `timestamp_collected`
#   becomes a datetime, `last_updated` stays an integer; so the time of the first sight looks like the time, and
#   comparing the two raises TypeError;
# - `item_id`, which is text in quotes in the file, becomes int64; with one line that lacks it, float64, and the ids are
#   others: 7213456789012345678 reads 7213456789012345856. `dtype=False, convert_dates=False` keeps all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if command -v uv >/dev/null; then
  uv venv -q --python 3.11 "$folder/venv"
  uv pip install -q --python "$folder/venv/bin/python" pandas==3.1.1
else
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q pandas==3.1.1
fi
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
from io import StringIO

import pandas as pd

IDS = ("7213456789012345678", "7213456789012345681")
TIMES = {"timestamp_collected": 1678883696789, "last_updated": 1678887296789}


def captured(**changes: object) -> str:
    lines = [{**TIMES, "item_id": video_id, "source_platform": "tiktok.com"} for video_id in IDS]
    return "\n".join(map(json.dumps, [*lines, {**TIMES, **changes}] if changes else lines))


whole = pd.read_json(StringIO(captured()), lines=True)
types = {name: str(whole[name].dtype) for name in ("timestamp_collected", "last_updated", "item_id")}
print("pandas", pd.__version__, types)
assert types == {"timestamp_collected": "datetime64[us]", "last_updated": "int64", "item_id": "int64"}
try:
    whole["last_updated"] > whole["timestamp_collected"]
except TypeError as error:
    print("comparing the two times:", error)
else:
    raise SystemExit("the two times can be compared now")
one_lacks_it = pd.read_json(StringIO(captured(source_platform="tiktok.com")), lines=True)["item_id"]
print("with one line without item_id:", [int(value) for value in one_lacks_it.dropna()])
assert [int(value) for value in one_lacks_it.dropna()] == [7213456789012345856] * 2
kept = pd.read_json(StringIO(captured()), lines=True, dtype=False, convert_dates=False)
assert kept["item_id"].tolist() == list(IDS)
assert kept["last_updated"].gt(kept["timestamp_collected"]).all()
print("dtype=False, convert_dates=False keep ids and times")
PYTHON
