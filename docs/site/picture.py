"""Take the picture of the report's first screen for the README: `python -m docs.site.picture`, after `make demo`.

Only this script needs a Chromium on the PATH. It takes a screenshot of the local file, without a network.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "data" / "report" / "index.html"
PICTURE = ROOT / "docs" / "images" / "report.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WINDOW = "1060,850"
_SCALE = 1.5
_COLOURS = 32
_MOST_BYTES = 200_000


def main(report: Path = REPORT, picture: Path = PICTURE) -> None:
    """Write the picture, with few colours so that it stays small."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"picture: found none of {', '.join(BROWSERS)}; took no picture; install one (apt install chromium)")
    if not report.is_file():
        sys.exit(f"picture: there is no {report}; took no picture; run `make demo` first")
    small = _small(_screenshot(browser, report))
    if len(small) > _MOST_BYTES:
        sys.exit(f"picture: it has {len(small)} bytes; kept the old one; lower _SCALE or _COLOURS")
    picture.write_bytes(small)
    sys.stdout.write(f"{picture}: {len(small)} bytes\n")


def _screenshot(browser: str, report: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={_WINDOW}"]
        command += [f"--force-device-scale-factor={_SCALE}", f"--screenshot={shot}", report.resolve().as_uri()]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if not shot.is_file():
            sys.exit(f"picture: {browser} made no screenshot; kept the old one; it said:\n{ended.stderr}")
        return shot.read_bytes()


def _small(png: bytes) -> bytes:
    """The same picture with a palette; the report has few colours."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main(*(Path(given) for given in sys.argv[1:]))
