"""Packets as a demuxer gives them, made by hand, in milliseconds."""

from fractions import Fraction
from types import SimpleNamespace

MS = Fraction(1, 1000)


def packet(pts, **changes):
    codec = SimpleNamespace(name="h264", sample_rate=1000, codec=SimpleNamespace(lossless=False))
    plain = {
        "pts": pts,
        "duration": 0,
        "size": 1,
        "is_keyframe": False,
        "is_discard": False,
        "time_base": MS,
        "stream": SimpleNamespace(codec_context=codec),
        "has_sidedata": lambda _: False,
        "decode": list,
    }
    return SimpleNamespace(**plain | changes)


def skipping(pts, samples, **changes):
    return packet(
        pts,
        has_sidedata=lambda name: name == "skip_samples",
        get_sidedata=lambda _: samples.to_bytes(4, "little") + bytes(6),
        **changes,
    )
