"""Pictures may change their size midway, as in live streams and phones that are turned."""

from fractions import Fraction

import av
import media_files
import pytest
from frame_samples import image, numbers, rows_of
from test_frame_backends import BACKENDS

_SIZES = ((192, 128), (384, 192))


def film(path, codec, counts=(20, 20)):
    """Two stretches of their own encoder each in one track, the second behind a key frame of another size."""
    with av.open(str(path), "w") as new:
        track, first = None, 0
        for (width, height), count in zip(_SIZES, counts, strict=True):
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
            encoder.options = (
                {"bf": "0"} if codec == "libx264" else {"auto-alt-ref": "0", "lag-in-frames": "0"}
            )
            if track is None:
                track = new.add_stream(codec, rate=30)
                track.width, track.height, track.pix_fmt = width, height, "yuv420p"
            for frame in [*_frames(first, count, width, height), None]:
                for packet in encoder.encode(frame):
                    packet.stream, packet.time_base = track, Fraction(1, 30)
                    new.mux(packet)
            first += count
    return path


def _frames(first, count, width, height):
    for number in range(first, first + count):
        frame = av.VideoFrame.from_ndarray(media_files.picture(number, width, height), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 30)
        yield frame


KINDS = [("v.webm", "libvpx"), ("v.webm", "libvpx-vp9"), ("v.mkv", "libx264")]


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_scenes_are_found_where_the_size_changes(tmp_path, name, codec):
    rows = rows_of(film(tmp_path / name, codec), select="scenes", scene_threshold=250)
    assert [row["frame_index"] for row in rows] == [0]


@pytest.mark.parametrize(("name", "codec"), [*KINDS, ("v.mp4", "libx264")])
@pytest.mark.parametrize("backend", ["pyav", *BACKENDS])
def test_each_picture_keeps_its_own_size(tmp_path, name, codec, backend):
    rows = rows_of(film(tmp_path / name, codec), stride=15, backend=backend)
    assert [image(row).size for row in rows] == [_SIZES[0], _SIZES[0], _SIZES[1]]
    assert numbers(rows)[:2] == [0, 15]
