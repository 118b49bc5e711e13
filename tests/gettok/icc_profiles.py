"""Makes small ICC profiles (ICC.1:2001) to test with: of one grey, of RGB primaries, and of four inks."""

from collections.abc import Sequence

import numpy as np

#: The white point that every profile is relative to.
D50 = (0.9642, 1.0, 0.8249)
#: The primaries of Display P3 adapted to D50, as XYZ of red, green and blue.
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def display_p3(gamma: float = 2.2) -> bytes:
    """Wider than sRGB: what it calls a medium red is a stronger one in sRGB."""
    primaries = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, DISPLAY_P3), strict=True))
    return _profile(
        b"mntr", b"RGB ", b"XYZ ", primaries | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma))
    )


def grey(gamma: float) -> bytes:
    """Grey whose middle shades are darker or lighter than in sRGB."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma)})


def inks(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> bytes:
    """CMYK in which the first ink alone has a colour, and the others change nothing; both colours as 8-bit Lab."""
    corners = [paper if not cyan else ink for cyan in (0, 1) for _ in range(8)]
    ramp = bytes(range(256))
    identity = b"".join(_fixed(value) for value in np.eye(3).ravel())
    table = (
        b"mft1"
        + bytes(4)
        + bytes((4, 3, 2, 0))
        + identity
        + ramp * 4
        + bytes(np.ravel(corners).tolist())
        + ramp * 3
    )
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def _profile(kind: bytes, colours: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(D50)} | tags
    index, bodies, place = b"", b"", 132 + 12 * len(tags)
    for name, body in tags.items():
        padded = body + bytes(-len(body) % 4)
        index += name + place.to_bytes(4) + len(body).to_bytes(4)
        bodies, place = bodies + padded, place + len(padded)
    version = bytes((2, 0x40, 0, 0))
    head = (
        place.to_bytes(4) + bytes(4) + version + kind + colours + connection + bytes(12) + b"acsp" + bytes(28)
    )
    return head + b"".join(map(_fixed, D50)) + bytes(48) + len(tags).to_bytes(4) + index + bodies


def _fixed(value: float) -> bytes:
    return round(value * 65_536).to_bytes(4, signed=True)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + (1).to_bytes(4) + round(value * 256).to_bytes(2)
