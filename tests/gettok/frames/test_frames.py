"""Frames are the right pictures with the right times, and have the same bytes in every run."""

import hashlib
import pickle

import av
import frame_samples
import imagehash
import media_files
import numpy as np
import pytest
from flipped import rotten
from frame_samples import image, numbers, rows_of, settings
from PIL import Image

from gettok.errors import Damaged, Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.tables import FRAMES


def test_a_stride_gives_its_multiples_with_their_times(tmp_path):
    rows = rows_of(media_files.video(tmp_path / "v.mp4", frames=101))
    assert [row["frame_index"] for row in rows] == numbers(rows) == [0, 20, 40, 60, 80, 100]
    assert [row["time_s"] for row in rows] == [0.0, 0.667, 1.333, 2.0, 2.667, 3.333]


def test_a_last_index_equal_to_the_number_of_pictures_is_not_taken(tmp_path):
    assert numbers(rows_of(media_files.video(tmp_path / "v.mp4", frames=100, codec="libx265"))) == [
        0,
        20,
        40,
        60,
        80,
    ]


def test_a_video_shorter_than_the_stride_has_its_first_frame(tmp_path):
    assert numbers(rows_of(media_files.video(tmp_path / "v.mp4", frames=12), stride=300)) == [0]


def test_f28_the_number_of_frames_is_capped(tmp_path):
    rows = rows_of(media_files.video(tmp_path / "v.mp4", frames=60), stride=1, max_frames=9)
    assert numbers(rows) == list(range(9))


def test_a_variable_rate_gives_right_times(tmp_path):
    times = [n + n * n // 20 for n in range(60)]
    rows = rows_of(media_files.video(tmp_path / "v.mp4", times=times))
    assert numbers(rows) == [0, 20, 40]
    assert [row["time_s"] for row in rows] == [round(times[n] / 30, 3) for n in (0, 20, 40)]


@pytest.mark.parametrize("first", [1, 40, 59])
def test_pictures_that_an_edit_list_hides_are_not_taken(tmp_path, first):
    whole = media_files.video(tmp_path / "whole.mp4", frames=90)
    rows = rows_of(media_files.trimmed(whole, tmp_path / "trimmed.mp4", first), stride=10)
    assert numbers(rows) == list(range(first, 90, 10))
    assert rows[1]["time_s"] == 0.333


def test_seconds_take_the_picture_that_is_on_screen_then(tmp_path):
    # shown at 0, 1, 2 … 14 thirtieths; then one that stays for 75; then 90, 91 … 119
    times = [*range(15), *range(90, 120)]
    path = media_files.video(tmp_path / "v.mp4", times=times)
    rows = rows_of(path, select="seconds", every_s=0.35)
    with av.open(str(path)) as file:  # the file says how long the last picture is shown
        moments = np.arange(0, file.streams.video[0].duration * file.streams.video[0].time_base * 30, 10.5)
    on_screen = [max(n for n, time in enumerate(times) if time <= moment) for moment in moments]
    assert [row["frame_index"] for row in rows] == numbers(rows) == sorted(set(on_screen))
    assert rows[2]["time_s"] == round(14 / 30, 3)


@pytest.mark.parametrize(("every_s", "due"), [(1, [0, 30, 60]), (0.1, list(range(0, 90, 3))), (60, [0])])
def test_seconds_do_not_drift(tmp_path, every_s, due):
    path = media_files.video(tmp_path / "v.mp4", frames=90)
    assert numbers(rows_of(path, select="seconds", every_s=every_s)) == due


def test_scenes_give_the_first_frame_of_each(tmp_path):
    path = film(tmp_path / "v.mp4", [(40, (200, 30, 30)), (30, (30, 30, 200)), (50, (240, 240, 240))])
    first, again = rows_of(path, select="scenes"), rows_of(path, select="scenes")
    assert [row["frame_index"] for row in first] == [0, 40, 70]
    assert first == again
    assert [row["frame_index"] for row in rows_of(path, select="scenes", scene_threshold=250)] == [0]


def test_frames_that_are_like_the_last_kept_one_are_left_out_and_listed(tmp_path):
    path = film(tmp_path / "v.mp4", [(20, "left"), (20, "left"), (20, "right"), (20, "left")])
    step = FramesStep(settings(min_hash_distance=5))
    body = step.ask(MediaFile.of(path)).body
    assert [frame["frame_index"] for frame in body["frames"]] == [0, 40, 60]
    assert body["left_out"] == [20]
    capped = FramesStep(settings(min_hash_distance=5, max_frames=2)).ask(MediaFile.of(path)).body
    assert [frame["frame_index"] for frame in capped["frames"]] == [0, 40]


def test_a_frame_is_kept_if_it_differs_in_exactly_the_least_number_of_bits(tmp_path):
    path = film(tmp_path / "v.mp4", [(20, "left"), (20, "right")])
    left, right = (int(str(imagehash.phash(image(row))), 16) for row in rows_of(path))
    distance = (left ^ right).bit_count()
    assert len(rows_of(path, min_hash_distance=distance)) == 2
    assert len(rows_of(path, min_hash_distance=distance + 1)) == 1


def film(path, scenes):
    """A video of scenes: so many pictures of one colour, or of a pattern that is dark on one side."""
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for count, look in scenes:
            for _ in range(count):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(_scene(look), format="rgb24")))
        file.mux(stream.encode())
    return path


def _scene(look):
    picture = np.full((128, 192, 3), 250, dtype=np.uint8)
    if isinstance(look, tuple):
        picture[:] = look
    elif look == "left":
        picture[:, :96] = 10
    else:
        picture[:64, 96:] = 10
    return picture


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_a_rotated_video_gives_upright_frames(tmp_path, turn):
    rows = rows_of(media_files.video(tmp_path / "v.mp4", rotation=turn))
    assert (rows[0]["width"], rows[0]["height"]) == ((192, 128) if turn == 180 else (128, 192))
    assert numbers(rows, turns=turn // 90) == [0, 20, 40]


def test_a_frame_is_scaled_down_and_never_up(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=3)
    small, large = rows_of(path, longest_edge=96)[0], rows_of(path, longest_edge=5000)[0]
    assert (small["width"], small["height"]) == image(small).size == (96, 64)
    assert (large["width"], large["height"]) == image(large).size == (192, 128)


def test_the_same_video_gives_the_same_bytes_and_digests_that_match(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=60)
    first, second = rows_of(path), rows_of(path)
    assert first == second
    assert all(row["sha256"] == hashlib.sha256(row["image"]["bytes"]).hexdigest() for row in first)
    assert rows_of(path, jpeg_quality=40)[0]["image"] != first[0]["image"]


def test_the_rows_fit_the_table(tmp_path):
    rows = rows_of(media_files.video(tmp_path / "v.mp4"))
    not_its_own = {"video_id", "status", "reason", "detail", "answer_key", "answer"}
    assert set(rows[0]) == {column.name for column in FRAMES.columns} - not_its_own
    assert FRAMES.frame([{**row, "video_id": "1", "status": "ok"} for row in rows]).height == 3


def test_f29_a_playlist_gives_no_frame_of_another_file(tmp_path):
    secret = media_files.video(tmp_path / "secret.mp4")
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    with pytest.raises(Unusable) as refusal:
        rows_of(tmp_path / "list.mp4")
    assert refusal.value.reason == "not_a_video"


def test_the_frames_of_a_slideshow_are_its_photos_in_order_and_upright(tmp_path):
    folder = media_files.slideshow(tmp_path / "show")
    turned = Image.Exif()
    turned[0x0112] = 6  # a phone held upright
    Image.new("RGB", (400, 100), "blue").save(folder / "003.jpg", exif=turned)
    Image.new("RGBA", (100, 60), (0, 0, 0, 0)).save(folder / "004.png")
    rows = rows_of(folder, longest_edge=200)
    assert [row["frame_index"] for row in rows] == [0, 1, 2, 3, 4]
    assert {row["time_s"] for row in rows} == {None}
    assert image(rows[0]).size == (rows[0]["width"], rows[0]["height"]) == (120, 200)
    assert image(rows[3]).size == (50, 200)
    assert np.asarray(image(rows[4])).min() > 250
    assert [row["frame_index"] for row in rows_of(folder, max_frames=2)] == [0, 1]


def test_a_photo_with_damaged_tags_is_still_a_frame_and_upright(tmp_path):
    folder = media_files.slideshow(tmp_path / "show")
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = 6, "maker"
    Image.new("RGB", (400, 100), "blue").save(folder / "000.jpg", exif=tags)
    whole = bytearray((folder / "000.jpg").read_bytes())
    place = whole.index(b"maker")
    whole[whole.rindex(b"\x01\x0f\x00\x02", 0, place) + 3] = (
        12  # a text whose type is changed to a number of eight bytes
    )
    (folder / "000.jpg").write_bytes(whole)
    assert image(rows_of(folder)[0]).size == (100, 400)


def test_photos_of_1_and_of_16_bits_keep_their_grey(tmp_path):
    folder = media_files.slideshow(tmp_path / "show")
    Image.fromarray(np.full((80, 80), 32768, np.uint16)).save(folder / "000.png")
    lines = Image.fromarray(np.tile(np.array([255, 0, 0, 0], np.uint8), (400, 100)))
    lines.convert("1").save(folder / "001.png")
    for photo in ("000.jpg", "001.webp"):
        (folder / photo).unlink(missing_ok=True)
    deep, thin = (np.asarray(image(row)).mean() for row in rows_of(folder, longest_edge=100)[:2])
    assert abs(deep - 128) < 3
    assert abs(thin - 64) < 8


def test_f30_a_photo_that_does_not_decode_gives_a_reason(tmp_path):
    folder = media_files.slideshow(tmp_path / "show")
    (folder / "001.webp").write_text("no photo")
    with pytest.raises(Unusable) as refusal:
        rows_of(folder)
    assert (refusal.value.reason, str(tmp_path) in refusal.value.detail) == ("not_a_video", False)


def test_f40_no_frame_is_taken_from_a_file_that_changed(tmp_path):
    path = media_files.video(tmp_path / "v.mp4", frames=12)
    media = MediaFile.of(path)
    with rotten(path), pytest.raises(Damaged, match=r"video v: .* does not match its digest"):
        FramesStep(settings()).ask(media)


def test_the_step_can_be_pickled():
    made = FramesStep(settings())
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize(
    ("select", "own"), [("stride", "stride"), ("seconds", "every_s"), ("scenes", "scene_threshold")]
)
def test_a_setting_that_another_selection_reads_is_not_in_the_key(select, own):
    key = dict(FramesStep(settings(select=select)).settings)
    for name, value in {"stride": 7, "every_s": 7, "scene_threshold": 7}.items():
        changed = dict(FramesStep(settings(select=select, **{name: value})).settings)
        assert (changed != key) == (name == own)


def test_every_other_setting_is_in_the_key():
    key = dict(FramesStep(settings()).settings)
    changes = {
        "backend": "opencv",
        "select": "scenes",
        "max_frames": 3,
        "min_hash_distance": 4,
        "longest_edge": 9,
        "jpeg_quality": 9,
    }
    for change in changes.items():
        assert dict(FramesStep(settings(**dict([change]))).settings) != key
    own = {"stride", "every_s", "scene_threshold"}
    assert set(changes) | own == set(frame_samples.PLAIN)
