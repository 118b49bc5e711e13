"""Long, large, fast and endless files give facts or a reason, within limits of time and memory."""

import av
import media_files
import pytest
from misbehaving import be_killed, segfault_on

from gettok.errors import Unusable
from gettok.media import probing, video
from gettok.media.audio import decode_audio
from gettok.media.audio_track import probe_audio
from gettok.media.container import MAX_PICTURES, opened, video_stream
from gettok.media.probing import probe
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.media.video import probe_video


def refused(path, **limits):
    with pytest.raises(Unusable) as refusal:
        run_in_subprocess(probe_video, path, **limits)
    return refusal.value.reason, refusal.value.detail


@pytest.fixture(scope="module")
def one_picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "one.mp4"
    return media_files.video(path, frames=1, sound=False, index_first=False)


def test_f28_a_single_picture_is_a_video(tmp_path):
    facts = probe(media_files.video(tmp_path / "v.mp4", frames=1))
    assert (facts.frame_count, facts.duration_s, facts.is_constant_rate) == (1, 0.033, True)


def test_f28_a_picture_that_is_shown_for_no_time_is_a_very_short_video(one_picture, tmp_path):
    facts = probe(media_files.endless(one_picture, tmp_path / "v.mp4", 1, step=0))
    assert facts.frame_count == 1
    assert facts.duration_s < 0.1


def test_f28_240_pictures_a_second_are_all_counted(one_picture, tmp_path):
    facts = probe(media_files.endless(one_picture, tmp_path / "v.mp4", 480, step=64))
    assert (facts.frame_count, facts.frame_rate, facts.duration_s) == (480, 240.0, 2.0)


def test_f28_a_picture_may_be_shown_for_hours(one_picture, tmp_path):
    facts = probe(media_files.endless(one_picture, tmp_path / "v.mp4", 1, step=15360 * 36_000))
    assert (facts.frame_count, facts.duration_s, facts.frame_rate) == (1, 36_000.0, 0.0)


def test_f28_8k_decodes_and_more_is_refused_before_it_is_decoded(tmp_path):
    facts = probe(media_files.video(tmp_path / "8k.mp4", frames=1, size=(7680, 4320), sound=False))
    assert (facts.width, facts.height) == (7680, 4320)
    larger = media_files.video(tmp_path / "9k.mp4", frames=1, size=(7696, 4320), sound=False)
    assert refused(larger) == ("too_large", "7696 × 4320 pixels")


def test_f28_millions_of_pictures_are_refused_before_one_is_decoded(one_picture, tmp_path):
    endless = media_files.endless(one_picture, tmp_path / "v.mp4", MAX_PICTURES + 1)
    assert refused(endless, timeout_s=20) == ("too_large", f"{MAX_PICTURES + 1} pictures")


def test_f28_pictures_without_an_index_are_counted_while_they_decode(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "MAX_PICTURES", 20)
    fragmented = media_files.video(tmp_path / "v.mp4", movflags="frag_keyframe+empty_moov", gop=5)
    with pytest.raises(Unusable, match="too_large: more than 20 pictures"):
        probe_video(fragmented)


def test_f31_the_decoder_s_threads_never_wait_for_python_to_log(tmp_path):
    """A thread that logs would block forever the one that ends it; torchvision turns logging on when it is imported."""
    film = media_files.video(tmp_path / "v.mp4")
    for reads in (probe_video, probe_audio):
        av.logging.set_level(av.logging.ERROR)
        reads(film)
        assert av.logging.get_level() is None


def test_f31_a_file_that_would_decode_for_hours_ends_at_the_time_limit(tmp_path):
    large = media_files.video(
        tmp_path / "one.mp4", frames=1, sound=False, index_first=False, size=(3840, 2160)
    )
    endless = media_files.endless(large, tmp_path / "v.mp4", MAX_PICTURES)
    assert refused(endless, timeout_s=1) == ("too_large", "decoding takes longer than 1 s")


def test_f31_endless_sound_is_refused_at_the_limit(tmp_path):
    sound = media_files.sound_only(tmp_path / "s.m4a", seconds=0.01)
    with pytest.raises(Unusable, match="too_large: its sound is longer than 60 s"):
        decode_audio(media_files.endless(sound, tmp_path / "endless.m4a", 1_000_000, step=1024), 60)


def test_f24_the_pictures_of_a_damaged_file_do_not_depend_on_the_number_of_cores(one_picture):
    """With more threads, a damaged picture costs more of the pictures after it."""
    with opened(one_picture) as file:
        assert video_stream(file).codec_context.thread_count == 2


def test_f31_a_sound_whose_decoder_the_system_kills_is_asked_for_again(tmp_path, monkeypatch):
    film = media_files.video(tmp_path / "v.mp4")
    monkeypatch.setattr(probing, "probe_audio", be_killed)
    with pytest.raises(Unusable, match="too_large"):
        probing.probe(film)
    monkeypatch.setattr(probing, "probe_audio", segfault_on)
    assert probing.probe(film).loudness_lufs is None, "a sound that does not decode costs nothing else"
