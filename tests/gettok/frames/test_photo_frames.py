"""A photo becomes the frame that a viewer shows: the right picture of an animation, upright, in its own colours."""

import io

import icc_profiles
import numpy as np
import pytest
from frame_samples import image, rows_of
from PIL import Image, ImageChops

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)
#: The darker and the lighter end of JPEG's error on a plain picture.
CLOSE = 4


def shown(folder, name, data: bytes) -> Image.Image:
    """The only frame of a slideshow with one photo."""
    show = folder / "show"
    show.mkdir(exist_ok=True)
    (show / name).write_bytes(data)
    (row,) = rows_of(show)
    (show / name).unlink()
    return image(row)


def colour(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).reshape(-1, 3).mean(axis=0)


def saved(photo: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    photo.save(file, form, **options)
    return file.getvalue()


def plain(shade, mode="RGB") -> Image.Image:
    return Image.new(mode, (64, 48), shade)


def animation(form: str, durations: list[int], **options) -> bytes:
    first, *others = (plain(shade) for shade in (RED, GREEN, BLUE, WHITE))
    return saved(first, form, save_all=True, append_images=others, duration=durations, **options)


@pytest.mark.parametrize("form", ["WEBP", "AVIF", "PNG"])
@pytest.mark.parametrize(
    ("durations", "longest"),
    [([100, 900, 300, 900], GREEN), ([100, 200, 300, 2000], WHITE), ([500, 500, 500, 500], RED)],
)
def test_of_an_animation_the_picture_that_stays_longest_is_taken_and_of_equals_the_first(
    tmp_path, form, durations, longest
):
    frame = shown(tmp_path, f"000.{form.lower()}", animation(form, durations))
    assert colour(frame) == pytest.approx(longest, abs=CLOSE)


def test_the_default_image_of_an_apng_is_not_part_of_its_animation(tmp_path):
    data = animation("PNG", [100, 900, 300], default_image=True)
    assert colour(shown(tmp_path, "000.png", data)) == pytest.approx(BLUE, abs=CLOSE)


def test_of_a_jpeg_with_a_gain_map_the_photo_is_taken_even_if_the_map_is_damaged(tmp_path):
    tags = Image.Exif()
    tags[0x0112] = 6
    data = bytearray(saved(plain(RED), "MPO", save_all=True, append_images=[plain(BLUE)], exif=tags))
    assert data.count(b"MPF\0") > 0
    data[-200:] = bytes(200)
    frame = shown(tmp_path, "000.jpg", bytes(data))
    assert (frame.size, colour(frame)) == ((48, 64), pytest.approx(RED, abs=CLOSE))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (1, 0)), (3, (1, 1)), (4, (0, 1)), (5, (0, 0)), (6, (1, 0)), (7, (1, 1)), (8, (0, 1))],
)
def test_each_photo_is_turned_and_mirrored_as_a_viewer_does(tmp_path, form, orientation, corner):
    photo = plain(WHITE)
    photo.paste(RED, (0, 0, 32, 24))
    tags = Image.Exif()
    tags[0x0112] = orientation
    suffix = {"JPEG": "jpg"}.get(form, form.lower())
    frame = shown(tmp_path, f"000.{suffix}", saved(photo, form, exif=tags.tobytes()))
    assert frame.size == ((64, 48) if orientation < 5 else (48, 64))
    column, line = (
        side * half for side, half in zip(corner, (frame.width // 2, frame.height // 2), strict=True)
    )
    quarter = frame.crop((column + 4, line + 4, column + 20, line + 20))
    assert colour(quarter) == pytest.approx(RED, abs=2 * CLOSE)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_colour_profile_is_honoured_and_a_damaged_one_ignored(tmp_path, form):
    suffix, profile = {"JPEG": "jpg"}.get(form, form.lower()), icc_profiles.display_p3()
    right = saved(plain(RED), form, icc_profile=profile)
    assert colour(shown(tmp_path, f"000.{suffix}", right)) == pytest.approx((220, 0, 0), abs=CLOSE)
    for damage in (profile[:200], b"no profile", icc_profiles.grey(2.2)):
        wrong = saved(plain(RED), form, icc_profile=damage)
        assert colour(shown(tmp_path, f"000.{suffix}", wrong)) == pytest.approx(RED, abs=CLOSE)


def test_the_profile_of_grey_is_honoured_beside_transparency(tmp_path):
    photo = Image.merge("LA", (plain(128, "L"), Image.new("L", (64, 48), 255)))
    photo.putpixel((0, 0), (0, 0))
    frame = shown(tmp_path, "000.png", saved(photo, "PNG", icc_profile=icc_profiles.grey(1.0)))
    assert colour(frame) == pytest.approx((188, 188, 188), abs=CLOSE)
    assert frame.getpixel((0, 0))[0] > 195, "white shines through"


def cmyk_without_marker(inks) -> bytes:
    """As programs other than Adobe's write it: 255 is full ink, and no marker APP14."""
    data = saved(ImageChops.invert(plain(inks, "CMYK")), "JPEG")
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4])
    return data[:start] + data[start + 2 + length :]


@pytest.mark.parametrize(
    ("inks", "right"), [((0, 200, 200, 0), (255, 55, 55)), ((0, 0, 0, 0), WHITE), ((0, 0, 0, 255), (0, 0, 0))]
)
def test_cmyk_has_its_colours_with_and_without_adobe_s_marker(tmp_path, inks, right):
    with_marker = saved(plain(inks, "CMYK"), "JPEG")
    assert (b"Adobe" in with_marker, b"Adobe" in cmyk_without_marker(inks)) == (True, False)
    for data in (with_marker, cmyk_without_marker(inks)):
        assert colour(shown(tmp_path, "000.jpg", data)) == pytest.approx(right, abs=CLOSE)


def test_the_profile_of_inks_is_honoured(tmp_path):
    profile = icc_profiles.inks(paper=(255, 128, 128), ink=(128, 220, 200))
    data = saved(plain((255, 0, 0, 0), "CMYK"), "JPEG", icc_profile=profile)
    assert colour(shown(tmp_path, "000.jpg", data)) == pytest.approx((28, 0, 0), abs=2 * CLOSE)


def test_grey_of_16_bits_is_scaled_and_not_clipped(tmp_path):
    ramp = np.tile(np.linspace(0, 65_535, 64).astype(np.uint16), (48, 1))
    frame = np.asarray(shown(tmp_path, "000.png", saved(Image.fromarray(ramp), "PNG")))[:, :, 0]
    assert frame.mean(axis=0) == pytest.approx(ramp[0] / 257, abs=CLOSE)


@pytest.mark.parametrize("shade", [0, 40_000])
def test_the_transparent_shade_of_grey_of_16_bits_is_white(tmp_path, shade):
    photo = np.full((48, 64), 20_000, np.uint16)
    photo[:, 32:] = shade
    frame = np.asarray(shown(tmp_path, "000.png", saved(Image.fromarray(photo), "PNG", transparency=shade)))
    assert frame[:, :24].mean() == pytest.approx(20_000 / 257, abs=CLOSE)
    assert frame[:, 40:].mean() > 250


@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_a_transparent_colour_is_white(tmp_path, mode):
    photo = plain(RED)
    photo.paste(BLUE, (32, 0, 64, 48))
    photo = photo.quantize(4) if mode == "P" else photo
    key = photo.getpixel((60, 4))
    frame = shown(tmp_path, "000.png", saved(photo, "PNG", transparency=key))
    assert colour(frame.crop((0, 0, 24, 48))) == pytest.approx(RED, abs=2 * CLOSE)
    assert colour(frame.crop((40, 0, 64, 48))) == pytest.approx(WHITE, abs=CLOSE)


def test_the_same_photos_give_the_same_bytes(tmp_path):
    data = animation("AVIF", [100, 900, 300, 900], icc_profile=icc_profiles.display_p3())
    first, second = (shown(tmp_path, "000.avif", data).tobytes() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "junk", [b"junk", b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"II*\0\x08\0\0\0\xff\xff"]
)
def test_damaged_exif_costs_no_photo(tmp_path, form, junk):
    name = f"000.{form.lower()}".replace("jpeg", "jpg")
    Image.new("RGB", (64, 48), "red").save(tmp_path / name, form, exif=junk)
    (row,) = rows_of(tmp_path)
    assert (row["width"], row["height"]) == (64, 48)
