#!/bin/sh
# Take the picture of the report's first screen for the README: `make picture`, after `make demo`.
# Only this script needs a Chromium on the PATH. The page is a local file and loads nothing.
set -eu
root=$(cd "${0%/*}/../.." && pwd)
report=${1:-$root/data/report/index.html}
python=${PYTHON:-$root/.venv/bin/python}

browser=
for name in chromium chromium-browser google-chrome chrome; do
    if command -v "$name" >/dev/null; then browser=$name; break; fi
done
if [ -z "$browser" ]; then
    echo "picture: no Chromium on the PATH; took no picture; install one (on Debian: apt install chromium)" >&2
    exit 1
fi
if [ ! -f "$report" ]; then
    echo "picture: there is no $report; took no picture; run \`make demo\` first" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# --no-sandbox: Chromium's own sandbox does not start for root, and the page is ours
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --window-size=1060,850 --force-device-scale-factor=1.5 --screenshot="$work/shot.png" "file://$report" >"$work/log" 2>&1 || true
if [ ! -f "$work/shot.png" ]; then
    echo "picture: $browser made no screenshot; kept the old one; it said:" >&2
    cat "$work/log" >&2
    exit 1
fi
cd "$root"
"$python" -m docs.site.picture "$work/shot.png" docs/images/report.png
