"""Take the picture of the report's first screen for the README: `make picture`, after `make demo`."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

from docs.site.browser import chromium

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "data" / "report" / "index.html"
PICTURE = ROOT / "docs" / "images" / "report.png"
_WINDOW = ViewportSize(width=1060, height=850)
_SCALE = 1.5
_COLOURS = 32
_MOST_BYTES = 200_000


def shot(report: Path) -> bytes:
    """The report's first screen."""
    if not report.is_file():
        sys.exit(f"picture: there is no {report}; took no picture; run `make demo` first")
    with chromium() as browser:
        page = browser.new_page(viewport=_WINDOW, device_scale_factor=_SCALE)
        page.goto(report.as_uri())
        return page.screenshot()


def shrunk(picture: bytes) -> bytes:
    """The same picture with a palette, since a report has few colours."""
    small = BytesIO()
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    if (size := small.tell()) >= _MOST_BYTES:
        sys.exit(
            f"picture: it has {size} bytes; kept the old one; take a smaller window in docs/site/picture.py"
        )
    return small.getvalue()


if __name__ == "__main__":
    small = shrunk(shot(REPORT))
    PICTURE.write_bytes(small)
    sys.stdout.write(f"{PICTURE}: {len(small)} bytes\n")
