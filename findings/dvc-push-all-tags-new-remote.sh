#!/usr/bin/env bash
# DVC 3.67.1: `dvc push --all-tags --remote NEW`, where NEW was added to .dvc/config after a tag was made, pushes nothing
# of that tag: DVC reads the settings of each tag as they were, and does not know NEW there. It prints "failed to collect
# 'TAG', skipping" and exits 0, so a script that copies all versions to a second remote believes that they are there.
# With the remote in .dvc/config.local, which is not part of any commit, the tag's data are pushed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$folder/venv/bin:$PATH" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org

mkdir "$folder/repo" "$folder/first" "$folder/second" && cd "$folder/repo"
git init --quiet && dvc init --quiet
dvc remote add --quiet --default first "$folder/first"
echo "version 1" >table.csv
dvc add --quiet table.csv
git add --all && git commit --quiet --message "first version" && git tag v1
old=$(md5sum table.csv | cut -d " " -f 1)
echo "version 2" >table.csv
dvc add --quiet table.csv
dvc remote add --quiet second "$folder/second"
git add --all && git commit --quiet --message "second version, and a second remote" && git tag v2
object="$folder/second/files/md5/${old:0:2}/${old:2}"

said=$(dvc push --all-tags --remote second 2>&1) || { echo "CHANGED: it ends with an error: $said"; exit 1; }
grep --quiet "failed to collect 'v1', skipping" <<<"$said" || { echo "CHANGED: it says: $said"; exit 1; }
if [ -e "$object" ]; then echo "CHANGED: the data of v1 are pushed" && exit 1; fi

dvc remote add --local --quiet second "$folder/second"
dvc push --quiet --all-tags --remote second
[ -e "$object" ] || { echo "CHANGED: not even with the remote in config.local"; exit 1; }
echo "as described: the tag from before the remote is skipped with exit code 0, and pushed with config.local"
