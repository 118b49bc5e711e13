"""Mixes the channels of a sound to one in which a voice is heard, however it was recorded.

The usual mean makes a voice silent that is in opposite phase on two channels, and every program that recognises speech
takes the mean. Here each quarter of a second is checked: where channels cancel, one of them is taken instead. They may
cancel as a whole, or at the frequencies of a voice alone, under music that they have in common.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.float32]
"""Samples from -1 to 1, one row a channel."""

#: Samples of the blocks that this is made for: 250 ms at 16 kHz.
BLOCK = 4_000
#: Samples of the ramp from one block's weights to the next one's: 20 ms.
_RAMP = 320
#: Channels that have nothing in common mix to a power of 1, alike ones to more, opposite ones to 0.
_CANCELLED = 0.8
#: Windows of 32 ms, in which each frequency mostly belongs to one of the sounds that are mixed, and the band of speech.
_WINDOW, _BAND = 512, slice(round(200 * 512 / 16_000), round(4000 * 512 / 16_000))
#: At a frequency, channels with nothing in common rarely mix to less than this share of the power that they should.
_LOST = 0.2
#: The share of the band's power at lost frequencies from which on something is silent in the mix. Channels with nothing
#: in common have 0.12 at most, and a voice in opposite phase under music as loud has 0.3 to 1.
#: One channel stays taken for longer, through the quieter syllables.
_MOST_LOST, _STILL_LOST = 0.2, 0.1
#: A mix with less than this share of the loudest channel's power is far quieter than that: 9 dB.
_FAR_QUIETER = 1 / 8
#: The centre is where films and broadcasts have the voice, unless it has less than this share of the loudest's power.
_MIN_CENTRE = 0.01
#: The channel that is listened to is the first, or the same as before, until another one has twice its power.
_LOUDER = 2.0


def to_mono(blocks: Iterator[Channels], names: Sequence[str]) -> Iterator[npt.NDArray[np.float32]]:
    """Blocks of one channel and of the same lengths. The names are FFmpeg's, such as `FL`."""
    if len(names) == 1:
        yield from (block[0] for block in blocks)
        return
    ramp = np.linspace(0, 1, _RAMP, endpoint=False, dtype=np.float32)
    before: npt.NDArray[np.float32] | None = None
    for block in blocks:
        weights = _weights(block, names, before)
        mono = weights @ block
        if before is not None and not np.array_equal(before, weights):
            old = before @ block[:, :_RAMP]
            mono[:_RAMP] = old + ramp[: old.size] * (mono[:_RAMP] - old)
        before = weights
        yield mono


def _weights(
    block: Channels, names: Sequence[str], before: npt.NDArray[np.float32] | None
) -> npt.NDArray[np.float32]:
    """The weight of each channel in this block, given those in the block before."""
    power = np.square(block, dtype=np.float64).mean(axis=1)
    centre = names.index("FC") if "FC" in names else None
    sides = [number for number, name in enumerate(names) if number != centre and not name.startswith("LFE")]
    if centre is not None and (not sides or power[centre] >= _MIN_CENTRE * power[sides].max()):
        return _only(centre, names)
    if not sides:
        return _mean(range(len(names)), names)
    mixed = float(np.square(block[sides].mean(axis=0), dtype=np.float64).mean())
    least = max(_CANCELLED * power[sides].sum() / len(sides) ** 2, _FAR_QUIETER * power[sides].max())
    last = None if before is None or np.count_nonzero(before) != 1 else int(np.argmax(before))
    if mixed >= least and _lost_share(block[sides]) < (_MOST_LOST if last is None else _STILL_LOST):
        return _mean(sides, names)
    loudest = max(sides, key=lambda number: power[number])
    likely = last if last in sides else sides[0]
    return _only(likely if power[likely] * _LOUDER >= power[loudest] else loudest, names)


def _lost_share(channels: Channels) -> float:
    """The share of the power in the band of speech that is at frequencies at which the channels cancel."""
    count, samples = channels.shape
    windows = channels[:, : samples - samples % _WINDOW].reshape(count, -1, _WINDOW) * np.hanning(_WINDOW)
    spectra = np.fft.rfft(windows)[..., _BAND]
    power = np.square(np.abs(spectra)).mean(axis=0)
    mixed = np.square(np.abs(spectra.mean(axis=0)))
    whole = float(power.sum())
    return float(power[mixed < _LOST * power / count].sum()) / whole if whole else 0.0


def _only(channel: int, names: Sequence[str]) -> npt.NDArray[np.float32]:
    return _mean([channel], names)


def _mean(channels: Sequence[int], names: Sequence[str]) -> npt.NDArray[np.float32]:
    weights = np.zeros(len(names), np.float32)
    weights[list(channels)] = 1 / len(channels)
    return weights
