"""Which frames a model is shown: the middle one and those that differ most, as many as are wanted."""

import io

import pytest
from PIL import Image

from gettok.annotate.frame_choice import COMPARED, most_different
from gettok.media.images import Picture


def pictures(number: int) -> list[Picture]:
    buffer = io.BytesIO()
    Image.new("L", (16, 16), 128).save(buffer, "JPEG")
    return [Picture(place, float(place), buffer.getvalue()) for place in range(number)]


@pytest.mark.parametrize("count", [1, 2, COMPARED, COMPARED + 8])
@pytest.mark.parametrize("more", [0, 1, 50])
def test_as_many_frames_are_shown_as_are_wanted_and_there_are(count, more):
    found = [picture.frame_index for picture in most_different(pictures(count + more), count)]
    assert len(found) == count
    assert found == sorted(set(found))
    assert most_different(pictures(count), count + more) == pictures(count)
