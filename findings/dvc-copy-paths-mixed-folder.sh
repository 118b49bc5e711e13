#!/usr/bin/env bash
# DVC 3.67.1: `dvc exp run --temp --copy-paths FOLDER` is meant to bring files that git ignores into an experiment's
# workspace. It fails if git tracks even one file of that folder (a README, a .gitkeep): DVC then makes the folder in the
# workspace first, and does not copy into a folder that exists. Seen: "Unable to copy ... File exists", exit code 255,
# no experiment. Naming the ignored file itself works.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$folder/venv/bin:$PATH" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org

mkdir "$folder/repo" && cd "$folder/repo"
git init --quiet && dvc init --quiet
mkdir films
echo "your films" >films/README
echo "a film" >films/one.mp4
printf 'films/*\n!films/README\n' >.gitignore
echo "n: 1" >params.yaml
cat >dvc.yaml <<'YAML'
stages:
  count: {cmd: ls films > listed, params: [n], outs: [listed]}
YAML
git add --all && git commit --quiet --message "start"

if said=$(dvc exp run --temp --set-param n=2 --copy-paths films 2>&1); then
    echo "CHANGED: the folder is copied now" && exit 1
fi
grep --quiet "Unable to copy" <<<"$said" || { echo "CHANGED: another error: $said"; exit 1; }
grep --quiet "File exists" <<<"$said" || { echo "CHANGED: another cause: $said"; exit 1; }
dvc exp run --temp --set-param n=3 --copy-paths films/one.mp4 >/dev/null 2>&1 ||
    { echo "CHANGED: a single file is refused, too"; exit 1; }
echo "as described: a folder that git tracks in part is refused, its single file is copied"
