"""Damages media files as disks, networks and attackers do; the same seed gives the same damage."""

import random
from collections.abc import Mapping
from pathlib import Path

import media_files
import track_files

#: Boxes with lengths, counts and offsets.
_BOXES = (
    b"moov",
    b"trak",
    b"mdia",
    b"stbl",
    b"stsd",
    b"stts",
    b"stsz",
    b"stco",
    b"stsc",
    b"elst",
    b"avcC",
    b"hvcC",
)


def seeds(folder: Path) -> Mapping[str, bytes]:
    """Undamaged files of each kind, by name."""
    whole = media_files.video(folder / "whole.mp4", frames=40)
    media_files.video(folder / "index_last.mp4", frames=20, index_first=False, open_gop=True)
    media_files.video(folder / "hevc.mp4", frames=20, codec="libx265")
    media_files.video(folder / "variable.mp4", times=[0, 1, 2, 20, 40, 60, 61])
    media_files.video(folder / "rotated.mp4", frames=10, rotation=90, sound=False)
    media_files.video(folder / "fragmented.mp4", frames=20, movflags="frag_keyframe+empty_moov")
    media_files.trimmed(whole, folder / "edited.mp4", first=25)
    media_files.sound_only(folder / "sound.mp4")
    sound = track_files.Sound(track_files.bursts(0.1, seconds=0.5))
    track_files.film(folder / "recorded.webm", sound, frames=15, options={"live": "1"})
    track_files.film(folder / "tracks.mkv", sound, sound, frames=15)
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


def mutant(whole: bytes, seed: int) -> bytes:
    """The file with one to four faults."""
    chance = random.Random(seed)
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        chance.choice((_flip, _flip, _cut, _relength, _renumber, _insert, _blank))(data, chance)
    return bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 10, 100))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(100, max(101, len(data))) :]


def _relength(data: bytearray, chance: random.Random) -> None:
    """Changes the length of a box."""
    place = _box(data, chance) - 4
    if place >= 0:
        data[place : place + 4] = chance.choice(
            (0, 1, 7, 8, 2**31, 2**32 - 1, chance.randrange(5000))
        ).to_bytes(4)


def _renumber(data: bytearray, chance: random.Random) -> None:
    """Changes a number in an index."""
    place = _box(data, chance) + 4 * chance.randrange(1, 12)
    if 4 <= place < len(data) - 4:
        number = chance.choice((0, 1, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1))
        data[place : place + 4] = number.to_bytes(4)


def _insert(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.choice((1, 4, 1000)))


def _blank(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    stretch = min(len(data) - place, chance.choice((16, 512, 4000)))
    data[place : place + stretch] = bytes(stretch)


def _box(data: bytearray, chance: random.Random) -> int:
    return data.find(chance.choice(_BOXES))
