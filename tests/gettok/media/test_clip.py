"""A clip shows what a player shows of its file, at the size, rate and length of the settings, in the same bytes."""

import io
import wave
from pathlib import Path
from typing import Any

import av
import display_films
import media_files
import numpy as np
import pytest
import sound_files
from display_films import Film
from media_files import number_in, video
from PIL import Image
from scripted_endpoint import CLIP

from gettok.errors import Damaged, Unusable
from gettok.media import MediaFile
from gettok.media.clip import Clip, ClipSource
from gettok.media.probing import probe
from gettok.settings import ClipSettings


def form(**changes: Any) -> ClipSettings:
    return ClipSettings.model_validate(CLIP | changes)


def source(path: Path) -> ClipSource:
    facts = probe(path)
    is_video, has_sound = facts.kind == "video", facts.audio_track is not None
    return ClipSource(MediaFile.of(path), facts.duration_s, is_video, has_sound)


def video_of(path: Path, **changes: Any) -> Clip:
    (clip,) = source(path).clips(["video"], form(**changes))
    return clip


def pictures(clip: Clip) -> list[np.ndarray[Any, Any]]:
    with av.open(io.BytesIO(clip.data)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def samples(clip: Clip) -> np.ndarray[Any, Any]:
    with wave.open(io.BytesIO(clip.data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_the_picture_at_each_moment_is_the_one_on_screen(tmp_path: Path) -> None:
    made = video_of(video(tmp_path / "v.mp4", frames=90), fps=2.0)
    assert [number_in(picture) for picture in pictures(made)] == [0, 15, 30, 45, 60, 75]
    assert made.pictures == 6


def test_at_a_variable_rate_a_picture_stays_until_the_next(tmp_path: Path) -> None:
    """Pictures at 0, 0.1 and 2 seconds: the second one is on screen at half, one and one and a half."""
    made = video_of(video(tmp_path / "v.mp4", times=[0, 3, 60, 75], sound=False), fps=2.0)
    shown = [number_in(picture) for picture in pictures(made)]
    assert shown[:6] == [0, 1, 1, 1, 2, 3]
    assert set(shown[6:]) <= {3}, "the last one stays for as long as the file says"


def test_an_edit_list_hides_what_a_player_hides(tmp_path: Path) -> None:
    whole = video(tmp_path / "v.mp4", frames=90)
    made = video_of(media_files.trimmed(whole, tmp_path / "t.mp4", 40), fps=2.0)
    assert [number_in(picture) for picture in pictures(made)] == [40, 55, 70, 85]


def test_it_is_cut_and_says_how_long_it_is(tmp_path: Path) -> None:
    long = source(video(tmp_path / "v.mp4", frames=90))
    shown, heard = long.clips(["video", "sound"], form(max_s=1, fps=5.0))
    assert [number_in(picture) for picture in pictures(shown)] == [0, 6, 12, 18, 24]
    assert samples(heard).size == 16_000
    assert (long.seconds(form(max_s=1)), heard.sound_s) == (1, 1)
    whole = samples(long.clips(["sound"], form())[0])
    assert whole.size == pytest.approx(48_000, abs=800)
    assert np.array_equal(whole[:16_000], samples(heard))


@pytest.mark.parametrize(
    ("film", "size"),
    [
        (Film(), (384, 256)),
        (Film(stored=Image.Transpose.ROTATE_270, display=(0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30)), (256, 384)),
        (Film(pixel_aspect=media_files.Fraction(2)), (768, 256)),
        (Film(matrix=display_films.BT709, tags=(1, 1, 1, 2), is_full=True), (384, 256)),
    ],
    ids=["plain", "turned", "wide pixels", "full range"],
)  # fmt: skip
def test_it_is_upright_with_square_pixels_and_the_colours_of_the_video(
    tmp_path: Path, film: Film, size: tuple[int, int]
) -> None:
    path = display_films.make(tmp_path / "v.mp4", film)
    (first, *_) = pictures(video_of(path, max_side=1000))
    assert first.shape[1::-1] == size
    if film.pixel_aspect == 1:
        found = np.array(display_films.colours_in(first), int)
        assert np.abs(found - np.array(display_films.COLOURS)).max() <= 12
    (small, *_) = pictures(video_of(path, max_side=100))
    assert max(small.shape[:2]) == 100


def test_the_same_file_gives_the_same_bytes_and_the_settings_its_identity(tmp_path: Path) -> None:
    path = video(tmp_path / "v.mp4", frames=30)
    both = ["video", "sound"]
    first, second = (source(path).clips(both, form(with_sound=True)) for _ in range(2))
    assert [clip.data for clip in first] == [clip.data for clip in second]
    assert [clip.identity for clip in first] == [clip.identity for clip in second]
    changes: list[dict[str, Any]] = [{"max_side": 99}, {"fps": 1.0}, {"max_s": 9}, {"with_sound": True}]
    videos = [video_of(path, **change).identity for change in [{}, *changes]]
    assert all(videos[0] != other for other in videos[1:])
    counted = form(tokens_per_frame=1, tokens_per_s_of_sound=1)
    assert source(path).clips(both, counted)[0].identity == videos[0]


def test_a_video_has_its_sound_only_if_it_is_wanted(tmp_path: Path) -> None:
    path = video(tmp_path / "v.mp4", frames=60)
    for with_sound in (False, True):
        with av.open(io.BytesIO(video_of(path, with_sound=with_sound).data)) as file:
            kinds = [stream.type for stream in file.streams]
            heard = [frame.to_ndarray() for frame in file.decode(audio=0)] if with_sound else []
        assert kinds == ["video", *(["audio"] if with_sound else [])]
    loud = np.concatenate(heard, axis=1)[0]
    peak = np.abs(np.fft.rfft(loud[:16_000])).argmax()
    assert peak == pytest.approx(440, abs=2)


def test_a_mute_video_has_no_sound_and_a_slideshow_no_video(tmp_path: Path) -> None:
    both = ["video", "sound"]
    mute = source(video(tmp_path / "v.mp4", frames=10, sound=False))
    assert [clip.kind for clip in mute.clips(both, form())] == ["video"]
    assert mute.digests(both).keys() == {"video"}
    tone = sound_files.write(tmp_path / "sound.m4a", sound_files.tone(1.0))
    slides = source(media_files.slideshow(tmp_path / "slides", tone))
    assert [clip.kind for clip in slides.clips(both, form())] == ["sound"]
    assert samples(slides.clips(both, form())[0]).size == pytest.approx(16_000, abs=1100)


def test_a_file_whose_bytes_have_changed_is_never_sent(tmp_path: Path) -> None:
    path = video(tmp_path / "717.mp4", frames=10)
    clips = source(path).clips(["video", "sound"], form())
    path.write_bytes(path.read_bytes() + b"\0")
    for clip in clips:
        with pytest.raises(Damaged, match=r"video 717: .*717\.mp4 does not match its digest"):
            _ = clip.data


def test_a_file_that_does_not_decode_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"no video at all")
    broken = ClipSource(MediaFile.of(path), 1.0, has_video=True, has_sound=True)
    for clip in broken.clips(["video", "sound"], form()):
        with pytest.raises(Unusable):
            _ = clip.data
