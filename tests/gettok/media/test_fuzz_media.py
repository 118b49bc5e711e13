"""Any damaged media file gives a result or a reason, and leaks no resource."""

import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path

import av
import media_files
import mutants
import pytest
import yaml
from root import ROOT

from gettok.errors import Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.media.audio import decode_audio
from gettok.media.audio_track import clock_zero
from gettok.media.probing import probe
from gettok.settings import Frames

CONF = ROOT / "conf" / "frames" / "_base.yaml"
STEP = FramesStep(Frames(**{**yaml.safe_load(CONF.read_text()), "stride": 7}))
MOST_S = 30
READERS = {
    "probe": probe,
    "frames": lambda path: STEP.ask(MediaFile.of(path)),
    "sound": lambda path: decode_audio(path, 60),
}


def outcome(read, path):
    """`ok`, `crash` or the reason; any other error fails the test."""
    begun = time.monotonic()
    try:
        read(path)
    except Unusable as refusal:
        reason, detail = refusal.reason, refusal.detail
    else:
        reason, detail = "ok", ""
    assert time.monotonic() - begun < MOST_S
    assert str(path.parent) not in detail
    return "crash" if "crashed" in detail else reason


def outcomes(folder, files):
    """How often each reader had each outcome, over so many damaged files."""
    whole = mutants.seeds(folder)
    names = list(whole)
    counts = Counter()
    for seed in range(files):
        path = folder / "mutant.mp4"
        path.write_bytes(mutants.mutant(whole[names[seed % len(names)]], seed))
        counts.update((name, outcome(read, path)) for name, read in READERS.items())
    return counts


def resources():
    """Open files, children and megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(multiprocessing.active_children()),
        pages * os.sysconf("SC_PAGESIZE") / 1e6,
    )


def crashes(counts):
    return {reader: count for (reader, end), count in counts.items() if end == "crash"}


def checked_outcomes(folder, files):
    for read in READERS.values():  # starts the children that stay
        outcome(read, media_files.video(folder / "first.mp4", frames=3))
    (folder / "seeds").mkdir()
    before = resources()
    counts = outcomes(folder / "seeds", files)
    after = resources()
    assert after[0] <= before[0] + 12  # a child has four ends of pipes and locks
    assert after[1] <= max(before[1], os.cpu_count())
    assert after[2] <= before[2] + 64
    return counts


def test_f24_damaged_files_end_in_a_result_or_a_reason(tmp_path):
    counts = checked_outcomes(tmp_path, 30)
    for name in READERS:
        ends = {end for reader, end in counts if reader == name}
        assert "ok" in ends
        assert len(ends) > 1
    assert crashes(counts) == {}


def test_damage_for_which_ffmpeg_reports_an_error_of_the_disk_is_the_video_s(tmp_path):
    path = tmp_path / "mutant.mkv"
    path.write_bytes(mutants.mutant(mutants.seeds(tmp_path)["tracks"], 227))
    with pytest.raises(OSError, match="Input/output error"), av.open(str(path), format="matroska"):
        pass
    assert outcome(clock_zero, path) == "undecodable"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_f24_two_thousand_damaged_files_end_in_a_result_or_a_reason(tmp_path):
    counts = checked_outcomes(tmp_path, 2_000)
    assert crashes(counts) == {}


def photos_of(folder, seed):
    for name in ("000.jpg", "001.webp", "002.png"):
        media_files.photo(folder / name, (40, 60))
    spoilt = folder / ("000.jpg", "001.webp", "002.png")[seed % 3]
    spoilt.write_bytes(mutants.mutant(spoilt.read_bytes(), seed))


@pytest.mark.parametrize("slideshows", [30, pytest.param(600, marks=pytest.mark.slow)])
def test_f30_slideshows_with_a_damaged_photo_end_in_a_result_or_a_reason(tmp_path, slideshows):
    counts = Counter()
    for seed in range(slideshows):
        photos_of(tmp_path, seed)
        counts[outcome(probe, tmp_path)] += 1
    assert counts["ok"] < slideshows
    assert counts["crash"] == 0
