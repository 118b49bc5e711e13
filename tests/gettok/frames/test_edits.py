"""Where an edit list cuts a video into several stretches, the pictures are those of the stretches, in order."""

import edited_films
import pytest
from frame_samples import numbers, rows_of

from gettok.frames.backends import pyav
from gettok.frames.jpeg import Encoder
from gettok.frames.timetable import read_timetable


def _numbers_between(*edits):
    return [number for start, end in edits for number in range(round(start * 30), round(end * 30))]


@pytest.mark.parametrize("gop", [60, 250])
@pytest.mark.parametrize(
    "edits",
    [
        [(0, 2), (4, 6)],
        [(0, 1), (2, 3)],
        [(0, 3), (5, 6)],
        [(0, 1), (1.5, 3)],
        [(0, 0.5), (3, 6)],
        [(1, 2), (1, 2), (1, 2)],
    ],
)
def test_several_edits(tmp_path, edits, gop):
    path = edited_films.film(tmp_path / "v.mp4", *edits, gop=gop)
    rows = rows_of(path, stride=1, max_frames=200)
    assert numbers(rows) == _numbers_between(*edits)
    # FFmpeg shifts each further edit by up to three pictures, since the first time of the file is not 0
    assert [row["time_s"] for row in rows] == pytest.approx([n / 30 for n in range(len(rows))], abs=0.101)


def test_each_picture_of_several_edits_decodes_alone(tmp_path):
    path = edited_films.film(tmp_path / "v.mp4", (0, 1), (2, 3))
    timetable = read_timetable(path)
    alone = [
        jpeg.index for n in range(60) for jpeg in pyav.decode(path, timetable, [n], Encoder(96, 95, False))
    ]
    assert alone == list(range(60))


@pytest.mark.parametrize("backend", ["opencv", "decord"])
def test_every_backend_gives_the_pictures_of_several_edits(tmp_path, backend):
    path = edited_films.film(tmp_path / "v.mp4", (0, 1), (2, 3))
    assert numbers(rows_of(path, stride=7, backend=backend)) == _numbers_between((0, 1), (2, 3))[::7]


def test_scenes_of_several_edits(tmp_path):
    path = edited_films.film(tmp_path / "v.mp4", (0, 1), (2, 3))
    assert numbers(rows_of(path, select="scenes"))[0] == 0


def test_edits_in_another_order_lose_no_picture(tmp_path):
    """The times of the two edits overlap, as FFmpeg gives them: there two pictures change their places."""
    path = edited_films.film(tmp_path / "v.mp4", (3, 5), (0, 2))
    taken = numbers(rows_of(path, stride=1))
    assert sorted(taken) == sorted(_numbers_between((3, 5), (0, 2)))
    assert taken[:58] == list(range(90, 148))
    assert taken[62:] == list(range(2, 60))
