"""Which frames of a video show the most of it."""

import io
from collections.abc import Sequence

from PIL import Image

from gettok.media.images import Picture, thin_out
from gettok.media.perceptual_hash import perceptual_hash

#: Frames that are compared with each other, or more if more are wanted; of others, so many are taken, evenly spread.
COMPARED = 32


def most_different(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """At most so many frames in display order: the middle one, then each time the one least like those chosen.

    Likeness is the number of different bits of their perceptual hashes; of equals, the earlier one.
    """
    if count == 1 or len(pictures) <= count:
        return thin_out(pictures, count)
    compared = thin_out(pictures, max(COMPARED, count))
    hashes = [perceptual_hash(Image.open(io.BytesIO(picture.jpeg))) for picture in compared]
    chosen = [len(compared) // 2]
    while len(chosen) < count:
        rest = [place for place in range(len(compared)) if place not in chosen]
        chosen.append(max(rest, key=lambda place: _distance(hashes, place, chosen)))
    return [compared[place] for place in sorted(chosen)]


def _distance(hashes: Sequence[int], place: int, chosen: Sequence[int]) -> int:
    """From the chosen frame that is most like it."""
    return min((hashes[place] ^ hashes[other]).bit_count() for other in chosen)
