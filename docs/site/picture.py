"""Make a screenshot small enough for the README: `python -m docs.site.picture SHOT PICTURE`."""

import sys
from pathlib import Path

from PIL import Image

_COLOURS = 32
_MOST_BYTES = 200_000


def shrink(shot: Path, picture: Path) -> int:
    """Write the same picture with a palette, since a report has few colours; return its size in bytes."""
    small = shot.with_suffix(".small.png")
    with Image.open(shot) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(small, optimize=True)
    size = small.stat().st_size
    if size >= _MOST_BYTES:
        sys.exit(
            f"picture: it has {size} bytes; kept the old one; take a smaller window in docs/site/picture.sh"
        )
    picture.write_bytes(small.read_bytes())
    return size


if __name__ == "__main__":
    shot, picture = map(Path, sys.argv[1:])
    sys.stdout.write(f"{picture}: {shrink(shot, picture)} bytes\n")
