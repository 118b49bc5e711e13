import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from sound_files import RATE, noise, silence, tone, write, write_channels, write_picture_only

from gettok.errors import Unusable
from gettok.media.audio import decode_audio, write_samples
from gettok.media.recording import RATE_HZ, Recording


def loudest_hertz(recording):
    sound = whole(recording)
    return np.argmax(np.abs(np.fft.rfft(sound))) * RATE_HZ / sound.size


def whole(recording):
    return recording.cut(0, recording.seconds)


def reason_of(path, max_s=60.0):
    with pytest.raises(Unusable) as refused:
        decode_audio(path, max_s)
    return refused.value


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1), (8_000, 1)])
def test_any_rate_becomes_one_channel_at_16_khz(tmp_path, rate, channels):
    time = np.arange(2 * rate) / rate
    played = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    recording = decode_audio(write(tmp_path / "a.mp4", played, rate, channels=channels), 60)
    assert whole(recording).dtype == np.float32
    assert whole(recording).ndim == 1
    assert recording.seconds == pytest.approx(2, abs=0.1)
    assert loudest_hertz(recording) == pytest.approx(440, abs=1)
    assert np.abs(whole(recording)).max() == pytest.approx(0.3, abs=0.05)


def test_the_same_file_gives_the_same_samples(tmp_path):
    path = write(tmp_path / "a.m4a", noise(3), 44_100)
    assert decode_audio(path, 60).samples.tobytes() == decode_audio(path, 60).samples.tobytes()


def test_f26_a_file_without_an_audio_track_has_no_audio(tmp_path):
    assert reason_of(write_picture_only(tmp_path / "mute.mp4")).reason == "no_audio"


def test_resampling_to_16_khz_loses_no_sample(tmp_path):
    whole = write(tmp_path / "a.mov", noise(2), 44_100, codec="pcm_s16le")
    assert decode_audio(whole, 60).seconds == pytest.approx(2 * RATE_HZ / 44_100, abs=1 / RATE_HZ)


def test_f26_an_empty_audio_track_has_no_audio(tmp_path):
    refused = reason_of(write(tmp_path / "empty.m4a", silence(0)))
    assert (refused.reason, refused.detail) == ("no_audio", "the sound track is empty")


def test_f27_digital_silence_is_the_quietest_sound(tmp_path):
    assert decode_audio(write(tmp_path / "s.m4a", silence(2)), 60).loudness_db() < -80
    assert Recording.of(silence(0)).loudness_db() == -120
    assert Recording.of(silence(1)).loudness_db() == -120
    loud = pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.01)
    assert Recording.of(tone(1)).loudness_db() == loud
    assert Recording.of(tone(130)).loudness_db() == loud
    assert Recording.of(1e-3 * tone(1)).loudness_db() > -80


def test_a_cut_has_the_samples_of_its_times():
    steps = np.repeat(np.arange(10, dtype=np.float32) / 16, RATE_HZ)
    recording = Recording.of(steps)
    assert recording.seconds == 10
    assert np.array_equal(recording.cut(2.5, 4.25), steps[40_000:68_000])
    assert recording.cut(9, 99).size == RATE_HZ


def test_samples_are_clipped_to_full_scale():
    recording = Recording.of(np.array([-2, -1, 0, 1, 2], np.float32))
    assert recording.samples.tolist() == [-(2**15), -(2**15), 0, 2**15 - 1, 2**15 - 1]


def test_f28_an_hour_of_sound_takes_no_memory_until_it_is_cut(tmp_path):
    path = write(tmp_path / "long.m4a", silence(1800))
    tracemalloc.start()
    try:
        recording = decode_audio(path, 3600)
        assert recording.loudness_db() < -80
        assert recording.cut(900, 910).size == 10 * RATE_HZ
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert recording.seconds == pytest.approx(1800, abs=0.1)
    assert peak < recording.samples.nbytes / 4


def test_decoded_sound_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = write(tmp_path / "a.m4a", tone(1))
    recording = decode_audio(path, 60)
    reason_of(write_picture_only(tmp_path / "mute.mp4"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.m4a", "mute.mp4"]
    assert loudest_hertz(recording) == pytest.approx(440, abs=1)


def test_f28_sound_above_the_limit_is_refused_before_it_is_all_in_memory(tmp_path):
    path = write(tmp_path / "long.mp4", silence(900))
    assert reason_of(path, max_s=10).reason == "too_large"
    tracemalloc.start()
    try:
        with pytest.raises(Unusable):
            write_samples(path, tmp_path / "samples", max_s=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 900 * RATE_HZ * 2 / 4


def test_f28_sound_up_to_the_limit_is_kept_whole(tmp_path):
    assert decode_audio(write(tmp_path / "a.mp4", tone(5)), 5.5).seconds == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize(
    "script",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{victim}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{victim}'\n",
    ],
)
def test_f29_a_playlist_named_mp4_reads_no_other_file(tmp_path, script):
    victim = write(tmp_path / "secret.mp4", tone(1))
    trap = tmp_path / "trap.mp4"
    trap.write_text(script.format(victim=victim), "utf-8")
    assert reason_of(trap).reason == "undecodable"


@pytest.mark.parametrize(
    "head", [b"", b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x64"], ids=["bare", "id3", "mp3"]
)
def test_f29_a_playlist_named_mp3_reads_no_other_file(tmp_path, head):
    victim = write(tmp_path / "secret.mp3", tone(1), 44_100, "libmp3lame")
    trap = tmp_path / "trap.mp3"
    trap.write_bytes(
        head + f"#EXTM3U\n#EXTINF:1,\n{victim}\nffconcat version 1.0\nfile '{victim}'\n".encode()
    )
    assert reason_of(trap).reason in {"undecodable", "no_audio"}


def test_f28_the_mp3_of_a_slideshow_is_read_like_the_sound_of_a_video(tmp_path):
    played = tone(3)
    recording = decode_audio(write(tmp_path / "sound.mp3", played, codec="libmp3lame"), 60)
    assert recording.seconds == pytest.approx(3, abs=0.2)
    assert loudest_hertz(recording) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(("container", "codec"), [(".avi", "pcm_s16le"), (".flv", "aac"), (".ts", "aac")])
def test_f29_another_container_named_mp4_is_not_opened(tmp_path, container, codec):
    path = write(tmp_path / f"a{container}", tone(1), 44_100, codec).rename(tmp_path / "a.mp4")
    assert reason_of(path).reason == "undecodable"


def test_f29_a_name_that_looks_like_an_option_or_an_address_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.mp4", "http:a.mp4", "concat:b.mp4"):
        write(tmp_path / "made.mp4", tone(1)).rename(name)
        assert decode_audio(Path(name), 60).seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><html></html>", b"\x00\x00\x00\x18ftypmp42" + bytes(99)]
)
def test_a_file_that_is_not_media_is_undecodable(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    assert reason_of(tmp_path / "a.mp4").reason == "undecodable"


def test_the_reason_for_half_a_file_has_how_much_decodes(tmp_path):
    path = write(tmp_path / "a.mp4", noise(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused = reason_of(path)
    assert refused.reason == "undecodable"
    assert "of 20." in refused.detail


def damage(path, first, length):
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + first
    content[start : start + length] = np.random.default_rng(3).bytes(length)
    path.write_bytes(bytes(content))


def test_a_damaged_packet_loses_only_its_own_sound(tmp_path):
    path = write(tmp_path / "a.mp4", noise(10))
    damage(path, 20_000, 40)
    assert decode_audio(path, 60).seconds == pytest.approx(10, abs=1)


def test_an_unknown_codec_is_undecodable(tmp_path):
    path = write(tmp_path / "a.mp4", tone(5))
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    assert reason_of(path).reason == "undecodable"


def test_a_message_has_no_memory_address_and_no_folder(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    detail = reason_of(tmp_path / "a.mp4").detail
    assert "0x" not in detail
    assert str(tmp_path) not in detail


def test_the_rate_of_the_test_sounds_is_that_of_the_decoder():
    assert RATE == RATE_HZ


@pytest.mark.parametrize(
    "layout", ["stereo", "quad", "5.1", "7.1", "hexadecagonal", "3 channels", "8 channels"]
)
@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_a_voice_on_two_inverted_channels_of_any_layout_is_heard(tmp_path, layout, suffix):
    channels = av.AudioLayout(layout).nb_channels
    sound = np.zeros((channels, 2 * RATE), np.float32)
    sound[-2], sound[-1] = tone(2), -tone(2)
    path = write_channels(tmp_path / f"a{suffix}", sound, layout)
    recording = decode_audio(path, 60)
    assert recording.seconds == pytest.approx(2, abs=0.001)
    assert recording.loudness_db() == pytest.approx(Recording.of(tone(2)).loudness_db(), abs=0.2)
    assert loudest_hertz(recording) == pytest.approx(440, abs=1)
