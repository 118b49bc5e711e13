"""Functions for a child process to run; most of them misbehave. It imports little, since every child imports it."""

import ctypes
import os
import signal
import time

from gettok.errors import NotNow, Unusable
from gettok.media.subprocess_decode import run_in_subprocess


def doubled(number):
    return 2 * number


def process_id():
    return os.getpid()


def segfault():
    ctypes.string_at(0)


def segfault_on(*_):
    segfault()


def be_killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def hang():
    time.sleep(60)


def hang_in_c():
    """Holds the GIL, so that no signal handler and no other thread ever runs."""
    mutex, library = ctypes.create_string_buffer(64), ctypes.PyDLL(None)
    while True:
        library.pthread_mutex_lock(mutex)


def announced(function):
    os.write(1, b"begun\n")
    function()


def fill_the_memory():
    kept = []
    while True:
        kept.append(bytes(1 << 28))


def refuse():
    raise Unusable("truncated", "half of it")


def wait_for_better_times():
    raise NotNow("what", "did", "can")


def blunder():
    raise ZeroDivisionError("a bug")


def run_again(number):
    return run_in_subprocess(process_id) == os.getpid() and run_in_subprocess(doubled, number)


def nested_call(number):
    return run_in_subprocess(doubled, number), os.getpid()
