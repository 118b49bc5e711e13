"""Frames have the size, the orientation and the colours that a player shows, with every backend."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import display_films
import frame_samples
import media_files
import numpy as np
import pytest
from display_films import Film, colours_in, make
from frame_samples import image, rows_of
from shown_films import COLOURS, GEOMETRY, TIMES
from test_frame_backends import BACKENDS

from gettok.media.probing import probe

LEVELS = 3
"""Of 255: between two backends, and from the true colours, which the codec and the JPEG change a little."""
STRIDE = 3


def pictures(rows: Sequence[dict[str, Any]]) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(image(row)) for row in rows]


def frames_of(path: Path, backend: str = "pyav") -> list[dict[str, Any]]:
    return rows_of(path, stride=STRIDE, backend=backend, longest_edge=4000, jpeg_quality=95)


def distance(one: Sequence[tuple[int, ...]], other: Sequence[tuple[int, ...]]) -> int:
    return int(np.abs(np.array(one) - np.array(other)).max())


@pytest.mark.parametrize("name", [*COLOURS, *GEOMETRY, *TIMES])
def test_every_backend_shows_the_true_colours_at_the_true_times(tmp_path, name):
    film = (COLOURS | GEOMETRY | TIMES)[name]
    path = make(tmp_path / "v.mp4", film)
    due = frames_of(path)
    check_shown(due, list(film.times))
    for backend in BACKENDS:
        rows = frames_of(path, backend)
        check_shown(rows, list(film.times))
        for one, other in zip(pictures(due), pictures(rows), strict=True):
            assert one.shape == other.shape
            assert distance(colours_in(one), colours_in(other)) <= LEVELS


def check_shown(rows: Sequence[dict[str, Any]], times: Sequence[int], first: int = 0) -> None:
    """The pictures' numbers say that they are upright and in time."""
    numbers = list(range(first, len(times), STRIDE))
    assert [media_files.number_in(picture) for picture in pictures(rows)] == numbers
    for row, number in zip(rows, numbers, strict=True):
        assert abs(row["time_s"] - (times[number] - times[first]) / media_files.RATE) < 0.5 / media_files.RATE
    for picture in pictures(rows):
        assert distance(colours_in(picture), display_films.COLOURS) <= LEVELS


@pytest.mark.parametrize("name", ["BT.709", "not tagged, HD", "not tagged, SD", "HLG"])
def test_an_edit_list_changes_no_colour(tmp_path, name):
    whole = make(tmp_path / "whole.mp4", COLOURS[name])
    path = media_files.trimmed(whole, tmp_path / "v.mp4", 3)
    for backend in ("pyav", *BACKENDS):
        check_shown(frames_of(path, backend), range(7), first=3)


@pytest.mark.parametrize(
    "name", ["BT.709", "not tagged, SD", "H.264, full range", "HLG", "PQ", "BT.2020, SDR"]
)
def test_white_is_255(tmp_path, name):
    (row, *_) = frames_of(make(tmp_path / "v.mp4", COLOURS[name]))
    white, *_ = colours_in(np.asarray(image(row)))
    assert min(white) >= 254


@pytest.mark.parametrize("name", GEOMETRY)
def test_the_facts_have_the_size_of_the_frames(tmp_path, name):
    path = make(tmp_path / "v.mp4", GEOMETRY[name])
    facts = probe(path)
    (row, *_) = frames_of(path)
    assert (facts.width, facts.height) == (row["width"], row["height"]) == image(row).size


def test_the_longest_edge_is_that_of_the_shown_picture(tmp_path):
    path = make(tmp_path / "v.mp4", GEOMETRY["wide pixels"])
    (row, *_) = rows_of(path, longest_edge=256)
    assert (row["width"], row["height"]) == (256, 128)


@pytest.mark.parametrize(
    ("name", "decodes"),
    [
        ("BT.709", "opencv"),
        ("not tagged, SD", "opencv"),
        ("H.264, full range", "opencv"),
        ("not tagged, HD", "pyav"),
        ("VP9, full range", "pyav"),
        ("PQ", "pyav"),
        ("Display P3", "pyav"),
        ("10 bits", "pyav"),
        ("mirrored", "pyav"),
        ("wide pixels", "pyav"),
    ],
)
def test_a_library_decodes_only_what_it_shows_as_players_do(tmp_path, name, decodes):
    path = make(tmp_path / "v.mp4", (COLOURS | GEOMETRY)[name])
    step = frame_samples.FramesStep(frame_samples.settings(backend="opencv"))
    assert step.ask(frame_samples.MediaFile.of(path)).body["decoded_by"] == decodes


def test_what_is_brighter_than_hdr_white_is_white_and_grey_is_grey(tmp_path):
    plain = make(tmp_path / "v.mp4", Film(**vars(COLOURS["PQ"]) | {"white": 1000.0}))
    (row, *_) = frames_of(plain)
    white, grey, black, *_ = colours_in(np.asarray(image(row)))
    assert (white, black) == ((255, 255, 255), (0, 0, 0))
    assert max(grey) - min(grey) <= 1
