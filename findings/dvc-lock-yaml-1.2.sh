#!/usr/bin/env bash
# DVC 3.67.1 writes YAML 1.2, and PyYAML 6.0.3 reads YAML 1.1: the settings in dvc.lock come back as other values.
#
# A good guess: params.yaml and dvc.lock are YAML, so `yaml.safe_load` reads what was written.
# What happens: a quoted "yes", "NO" or "12:30" of params.yaml is in dvc.lock without quotes, because in YAML 1.2 each is
# a text. PyYAML takes them for true, false and 750 (minutes, to the base of 60), and 1e-05 for a text. `dvc exp run -S`
# writes params.yaml itself in the same way, so that a stage that reads it with PyYAML gets the label true.
# ruamel.yaml, with which DVC writes, reads all of them as they were meant.
# Needs `git`, `uv` (UV names another one) and the Python registry.
set -euo pipefail
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python 3.11 "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" dvc==3.67.1 pyyaml==6.0.3
export PATH="$folder/venv/bin:$PATH" DVC_NO_ANALYTICS=1
export DVC_GLOBAL_CONFIG_DIR="$folder/none" DVC_SYSTEM_CONFIG_DIR="$folder/none" DVC_SITE_CACHE_DIR="$folder/site"
mkdir "$folder/repo"
cd "$folder/repo"
git init --quiet
git config user.name t
git config user.email t@example.org
dvc init --quiet
cat > params.yaml <<'YAML'
label: "yes"
region: "NO"
time: "12:30"
rate: 0.5
YAML
cat > dvc.yaml <<'YAML'
stages:
  a:
    cmd: cp params.yaml out
    params: [label, region, time, rate]
    outs: [out]
YAML
git add -A
git commit --quiet -m start
dvc exp run --quiet -S rate=0.00001
python - <<'PYTHON'
import sys
from pathlib import Path

import yaml
from ruamel.yaml import YAML

MEANT = {"label": "yes", "region": "NO", "time": "12:30", "rate": 1e-05}
MISREAD = {"label": True, "region": False, "time": 750, "rate": "1e-05"}


def params(content):
    return content["stages"]["a"]["params"]["params.yaml"]


texts = {name: Path(name).read_text("utf-8") for name in ("dvc.lock", "params.yaml")}
by_1_1 = {"dvc.lock": params(yaml.safe_load(texts["dvc.lock"])), "params.yaml": yaml.safe_load(texts["params.yaml"])}
by_1_2 = {"dvc.lock": params(YAML(typ="safe").load(texts["dvc.lock"])), "params.yaml": YAML(typ="safe").load(texts["params.yaml"])}
as_before = True
for name in texts:
    print(f"{name}: PyYAML reads {dict(by_1_1[name])}; ruamel.yaml reads {dict(by_1_2[name])}")
    as_before &= by_1_1[name] == MISREAD and by_1_2[name] == MEANT
print("as described" if as_before else "CHANGED: the two read the same, or other values")
sys.exit(not as_before)
PYTHON
