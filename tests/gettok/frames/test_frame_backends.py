"""All backends give the same pictures, by the number that is drawn on each and by their similarity."""

from importlib import import_module
from itertools import pairwise

import frame_samples
import media_files
import numpy as np
import pytest
from frame_samples import KINDS, image, numbers, rows_of
from scipy.ndimage import uniform_filter

from gettok.errors import BadSettings, Unusable
from gettok.frames.backend import Untrusted, check_time, load_backend
from gettok.frames.backends import pyav
from gettok.frames.jpeg import Encoder
from gettok.frames.timetable import read_timetable

ALIKE = 0.985
"""A lower similarity may be that of a neighbouring picture; encoding and scaling alone leave 0.99."""
ENCODER = Encoder(768, 90, hashes=False)


def ssim(one, other) -> float:
    """Structural similarity of two pictures by Wang et al. (2004), over windows of 7 × 7; 1 if they are equal."""
    left, right = (np.asarray(picture.convert("L"), dtype=float) for picture in (one, other))
    means = uniform_filter(left, 7), uniform_filter(right, 7)
    spreads = (
        uniform_filter(left * left, 7) - means[0] ** 2,
        uniform_filter(right * right, 7) - means[1] ** 2,
    )
    shared = uniform_filter(left * right, 7) - means[0] * means[1]
    small, smaller = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * means[0] * means[1] + small) * (2 * shared + smaller)
    below = (means[0] ** 2 + means[1] ** 2 + small) * (spreads[0] + spreads[1] + smaller)
    return float((above / below).mean())


def has_torchcodec() -> bool:
    try:
        load_backend("torchcodec")
    except BadSettings:
        return False
    return True


BACKENDS = ["decord", "opencv", *(["torchcodec"] if has_torchcodec() else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_all_backends_decode_the_same_pictures_of(tmp_path, kind):
    make, shown, turns = KINDS[kind]
    path = make(tmp_path)
    due = rows_of(path, stride=7)
    assert numbers(due, turns) == shown[0::7]
    assert [row["frame_index"] for row in due] == list(range(0, len(shown), 7))
    for backend in BACKENDS:
        rows = rows_of(path, stride=7, backend=backend)
        assert numbers(rows, turns) == shown[0::7]
        assert [row["time_s"] for row in rows] == [row["time_s"] for row in due]
        assert min(ssim(image(a), image(b)) for a, b in zip(due, rows, strict=True)) > ALIKE


@pytest.mark.parametrize("kind", KINDS)
def test_every_single_picture_can_be_decoded_of(tmp_path, kind):
    make, shown, turns = KINDS[kind]
    assert numbers(rows_of(make(tmp_path), stride=1), turns) == shown


def test_the_similarity_measure_distinguishes_neighbouring_pictures(tmp_path):
    rows = rows_of(media_files.video(tmp_path / "v.mp4"), stride=1)
    assert ssim(image(rows[0]), image(rows[0])) == pytest.approx(1)
    assert max(ssim(image(one), image(other)) for one, other in pairwise(rows)) < ALIKE


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("open_gop", [True, False])
def test_skipping_pictures_that_no_other_needs_changes_no_byte(tmp_path, codec, open_gop):
    path = media_files.video(tmp_path / "v.mp4", frames=91, codec=codec, gop=40, open_gop=open_gop)
    timetable = read_timetable(path)
    assert timetable.may_skip
    indices = range(0, 91, 9)
    assert decoded(path, indices, 1, skips=True) == decoded(path, indices, 1, skips=False)


def decoded(path, indices, threads, *, skips):
    with pyav._decoder(path, ENCODER, threads, skips=skips) as decoder:
        return [list(decoder.decode(s)) for s in pyav._segments(read_timetable(path), indices)]


@pytest.mark.parametrize("threads", [2, 4])
def test_the_number_of_threads_changes_no_byte(tmp_path, threads):
    path = media_files.video(tmp_path / "v.mp4", frames=91, gop=40)
    assert decoded(path, range(0, 91, 9), threads, skips=True) == decoded(
        path, range(0, 91, 9), 1, skips=True
    )


@pytest.mark.parametrize("backend", ["decord", "opencv"])
def test_a_backend_that_gives_another_picture_is_detected_by_its_time(tmp_path, backend):
    path = media_files.video(tmp_path / "v.mp4", frames=60)
    timetable = read_timetable(path)
    read = import_module(f"gettok.frames.backends.{backend}").read
    due = zip([0, 20, 40], read(path, timetable, [0, 20, 41]), strict=True)
    for index, shown in list(due)[:2]:
        check_time(timetable, index, shown.time_s)
    *_, (_, wrong) = zip([0, 20, 40], read(path, timetable, [0, 20, 41]), strict=True)
    with pytest.raises(Untrusted):
        check_time(timetable, 40, wrong.time_s)


@pytest.mark.parametrize(
    ("kind", "backend", "decodes"),
    [
        ("h264", "decord", "decord"),
        ("h264", "opencv", "opencv"),
        ("h264", "pyav", "pyav"),
        ("h264 open gop", "decord", "pyav"),
        ("edit list", "decord", "pyav"),
    ],
)
def test_the_answer_names_the_decoder(tmp_path, kind, backend, decodes):
    step = frame_samples.FramesStep(frame_samples.settings(backend=backend))
    answer = step.ask(frame_samples.MediaFile.of(KINDS[kind][0](tmp_path)))
    assert answer.body["decoded_by"] == decodes


@pytest.mark.parametrize("backend", ["pyav", *BACKENDS])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(media_files.cut, "truncated"), (media_files.damaged, "undecodable")],
    ids=["cut", "damaged"],
)
def test_f24_a_damaged_file_gives_a_reason_and_no_frames(tmp_path, backend, spoil, reason):
    path = spoil(media_files.video(tmp_path / "whole.mp4", frames=90), tmp_path / "bad.mp4")
    with pytest.raises(Unusable) as refusal:
        rows_of(path, backend=backend)
    assert refusal.value.reason == reason
    assert str(tmp_path) not in refusal.value.detail


@pytest.mark.skipif(has_torchcodec(), reason="torchcodec finds an FFmpeg here")
def test_a_backend_that_cannot_be_loaded_is_reported_in_three_parts_before_any_video(tmp_path):
    with pytest.raises(BadSettings) as refusal:
        frame_samples.FramesStep(frame_samples.settings(backend="torchcodec")).open()
    assert "torchcodec" in refusal.value.what
    assert "FFmpeg 4, 5, 6 or 7" in refusal.value.can
    assert "pyav" in refusal.value.can
