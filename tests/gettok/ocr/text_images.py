"""Images with text on them, the same on every machine."""

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"  # bundled with matplotlib
WHITE, BLACK, YELLOW, RED, BLUE = "#ffffff", "#141414", "#ffe600", "#78141e", "#5a8cc8"


def jpeg(
    *lines: str, size: int = 30, ink: str = WHITE, ground: str = BLACK, face: bool = False, left: int = 30
) -> bytes:
    font = ImageFont.truetype(str(FONTS / "DejaVuSans-Bold.ttf"), size)
    widest = max((font.getlength(line) for line in lines), default=0)
    image = Image.new("RGB", (max(360, int(widest) + left + 3 * size), 640), ground)
    pen = ImageDraw.Draw(image)
    for place, line in enumerate(lines):
        top = 40 + place * 2 * size
        pen.text((left, top), line, ink, font=font)
        if face:
            smile(pen, left + font.getlength(line) + size / 2, top, size)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def smile(pen: ImageDraw.ImageDraw, x: float, y: float, size: int) -> None:
    """An emoji in colour, as phones draw it."""
    pen.ellipse((x, y, x + size, y + size), fill="#ffcd28")
    for eye in (0.25, 0.62):
        pen.ellipse(
            (x + size * eye, y + size * 0.3, x + size * (eye + 0.13), y + size * 0.45), fill="#3c1e00"
        )
    pen.arc((x + size * 0.25, y + size * 0.35, x + size * 0.75, y + size * 0.8), 20, 160, fill="#3c1e00")
