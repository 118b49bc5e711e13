"""What writes files is interrupted once, and can undo; afterwards a signal does what it did before."""

import os
import signal

import pytest

from gettok.errors import Interrupted
from gettok.pipeline.interrupts import SIGNALS, interrupted_once, quiet_end


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_does_not_disturb_what_undoes_the_first(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    undone = []

    def write() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            for again in SIGNALS:
                os.kill(os.getpid(), again)
            undone.append(number)

    with pytest.raises(Interrupted), interrupted_once():
        write()
    assert undone == [number]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_block_that_ends_quietly_leaves_the_signals_as_they_were():
    before = [signal.getsignal(each) for each in SIGNALS]
    with quiet_end():
        assert before != [signal.getsignal(each) for each in SIGNALS]
    assert [signal.getsignal(each) for each in SIGNALS] == before
