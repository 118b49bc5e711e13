"""What a file says about how it is shown, and what is decided where it says nothing."""

from dataclasses import asdict
from fractions import Fraction

import display_films
import pytest
from av.video.reformatter import Colorspace
from display_films import BT2020, PQ, TO_BT2020, Film

from gettok.media.colour import Colour
from gettok.media.container import opened, video_stream
from gettok.media.display import Display, Orientation
from gettok.media.probing import probe
from gettok.step import canonical

UNTAGGED = Colour(2, 2, 2, 0)


@pytest.mark.parametrize(
    ("matrix", "rotation", "is_mirrored"),
    [
        ((1, 0, 0, 1), 0, False),
        ((0, -1, 1, 0), 90, False),
        ((-1, 0, 0, -1), 180, False),
        ((0, 1, -1, 0), 270, False),
        ((-1, 0, 0, 1), 0, True),
        ((0, 1, 1, 0), 90, True),
        ((1, 0, 0, -1), 180, True),
        ((0, -1, -1, 0), 270, True),
        ((0.98, 0.17, -0.17, 0.98), 0, False),
        ((0, 0, 0, 0), 0, False),
    ],
)
def test_a_matrix_is_one_of_eight_orientations(matrix, rotation, is_mirrored):
    assert Orientation.by_matrix(*matrix) == Orientation(rotation, is_mirrored)


@pytest.mark.parametrize(
    ("primaries", "transfer", "matrix", "size", "due"),
    [
        (2, 2, 2, (1920, 1080), Colorspace.ITU709),
        (2, 2, 2, (1280, 544), Colorspace.ITU709),
        (2, 2, 2, (576, 1024), Colorspace.ITU709),
        (2, 2, 2, (1024, 576), Colorspace.ITU601),
        (2, 2, 2, (640, 640), Colorspace.ITU601),
        (1, 2, 2, (640, 360), Colorspace.ITU709),
        (6, 2, 2, (1920, 1080), Colorspace.ITU601),
        (9, 2, 2, (640, 360), Colorspace.BT2020),
        (2, PQ, 2, (640, 360), Colorspace.BT2020),
        (1, 1, 6, (1920, 1080), Colorspace.ITU601),
        (1, 1, 5, (1920, 1080), Colorspace.ITU601),
        (9, PQ, 1, (1920, 1080), Colorspace.ITU709),
        (1, 1, 0, (1920, 1080), Colorspace.ITU709),
        (1, 1, 3, (640, 360), Colorspace.ITU709),
    ],
)
def test_a_missing_matrix_is_that_of_the_other_tags_or_of_the_size(primaries, transfer, matrix, size, due):
    assert Colour(primaries, transfer, matrix, 0).scaler_matrix(*size) == due


def test_a_picture_without_tags_has_those_of_its_file():
    of_file = Colour(9, 16, 9, 1)
    assert UNTAGGED.or_else(of_file) == of_file
    assert Colour(0, 3, 0, 0).or_else(of_file) == of_file
    assert Colour(1, 1, 1, 2).or_else(of_file) == Colour(1, 1, 1, 2)


def test_tags_are_facts_by_their_names(tmp_path):
    wide = Film(codec="libx265", pixel_format="yuv420p10le", matrix=BT2020, gamut=TO_BT2020)
    film = Film(**vars(wide) | {"transfer": PQ, "tags": (9, PQ, 9, 1), "pixel_aspect": Fraction(4, 3)})
    facts = probe(display_films.make(tmp_path / "v.mp4", film))
    assert (facts.color_primaries, facts.color_transfer) == ("bt2020", "smpte2084")
    assert (facts.color_space, facts.color_range) == ("bt2020nc", "limited")
    assert facts.pixel_aspect_ratio == 1.3333
    assert Colour(5, 18, 6, 2).facts == {
        "color_primaries": "bt470bg",
        "color_transfer": "arib-std-b67",
        "color_space": "smpte170m",
        "color_range": "full",
    }
    assert set(UNTAGGED.facts.values()) == set(Colour(99, 0, 8, 0).facts.values()) == {None}


def test_the_orientation_is_a_fact(tmp_path):
    flipped = (1 << 16, 0, 0, 0, -(1 << 16), 0, 0, 0, 1 << 30)
    facts = probe(display_films.make(tmp_path / "v.mp4", Film(display=flipped)))
    assert (facts.rotation, facts.is_mirrored) == (180, True)
    assert canonical(asdict(facts)), "it is kept as JSON, which has no number of numpy's"


@pytest.mark.parametrize("aspect", [Fraction(1000), Fraction(1, 1000)])
def test_absurd_pixels_are_square(tmp_path, aspect):
    path = display_films.make(tmp_path / "v.mp4", Film(pixel_aspect=aspect))
    facts = probe(path)
    assert (facts.width, facts.height, facts.pixel_aspect_ratio) == (384, 256, 1.0)


@pytest.mark.parametrize("hidden", [b"pasp", b"tkhd"])
def test_the_shape_of_pixels_is_found_wherever_it_is(tmp_path, hidden):
    """In a box of the container, or in the codec's own header."""
    path = display_films.make(tmp_path / "v.mp4", Film(pixel_aspect=Fraction(4, 3)))
    data = path.read_bytes()
    if hidden == b"tkhd":  # the track's size in 16.16, at the end of its header
        end = data.index(b"tkhd") - 4 + int.from_bytes(data[data.index(b"tkhd") - 4 :][:4])
        data = data[: end - 8] + bytes(8) + data[end:]
    path.write_bytes(data.replace(b"pasp", b"free"))
    assert probe(path).width == 512


def test_colours_that_only_the_container_declares_are_used(tmp_path):
    """FFmpeg's HEVC decoder drops them where the codec's own header has none."""
    path = display_films.make(tmp_path / "v.mp4", Film(codec="libx265"))
    path.write_bytes(display_films.with_colour_box(path.read_bytes(), (1, 1, 1)))
    with opened(path) as file:
        stream = video_stream(file)
        display, frame = Display.of(stream), next(file.decode(stream))
    assert (frame.colorspace, display.colour_of(frame).matrix) == (2, 1)
    assert probe(path).color_primaries == "bt709"
