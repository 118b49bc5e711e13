"""A failure in a child process stays there, and becomes a reason."""

import gc
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from misbehaving import (
    blunder,
    doubled,
    fill_the_memory,
    hang,
    hang_in_c,
    nested_call,
    process_id,
    refuse,
    run_again,
    segfault,
    wait_for_better_times,
)

from gettok.errors import Interrupted, NotNow, Unusable
from gettok.media.subprocess_decode import run_in_subprocess

HERE = Path(__file__).parent


def reason_of(function, *args, **limits):
    with pytest.raises(Unusable) as refusal:
        run_in_subprocess(function, *args, **limits)
    return refusal.value.reason, refusal.value.detail


def test_the_result_comes_from_another_process_which_is_reused():
    assert run_in_subprocess(doubled, 21) == 42
    assert run_in_subprocess(process_id) == run_in_subprocess(process_id) != os.getpid()


@pytest.mark.parametrize(
    ("crash", "args", "detail"),
    [
        (segfault, (), "the decoder crashed (SIGSEGV)"),
        (os.abort, (), "the decoder crashed (SIGABRT)"),
        (os._exit, (3,), "the decoder crashed (exit status 3)"),
    ],
)
def test_f31_a_crash_becomes_a_reason_and_the_next_call_runs(crash, args, detail):
    assert reason_of(crash, *args) == ("undecodable", detail)
    assert run_in_subprocess(doubled, 21) == 42


@pytest.mark.parametrize("endless", [hang, hang_in_c])
def test_f31_a_hang_ends_at_the_time_limit_and_the_next_call_runs(endless):
    before = time.monotonic()
    assert reason_of(endless, timeout_s=0.5) == ("too_large", "decoding takes longer than 0.5 s")
    assert time.monotonic() - before < 20
    assert run_in_subprocess(doubled, 21) == 42


def test_f31_a_memory_hog_ends_at_the_limit_and_the_next_call_runs():
    assert reason_of(fill_the_memory) == ("too_large", "decoding takes more than 4 GiB of memory")
    assert run_in_subprocess(doubled, 21) == 42


def test_f31_a_file_whose_decoder_the_system_kills_is_asked_for_again():
    reason, detail = reason_of(signal.raise_signal, signal.SIGKILL)
    assert reason == "too_large"
    assert "memory" in detail


def test_a_child_that_someone_ends_says_nothing_about_the_file():
    with pytest.raises(Interrupted):
        run_in_subprocess(signal.raise_signal, signal.SIGTERM)


def test_an_error_of_ours_is_raised_unchanged():
    assert reason_of(refuse) == ("truncated", "half of it")
    with pytest.raises(NotNow) as raised:
        run_in_subprocess(wait_for_better_times)
    assert (raised.value.what, raised.value.did, raised.value.can) == ("what", "did", "can")


def test_an_error_keeps_no_object_of_its_callers_alive():
    """Callers hold files that must be deleted once unused, not at the next garbage collection."""

    class File:
        pass

    def held():
        file = File()
        with suppress(Unusable):
            run_in_subprocess(refuse)
        return weakref.ref(file)

    gc.disable()
    try:
        assert held()() is None
    finally:
        gc.enable()


def test_any_other_error_is_a_bug_and_is_raised():
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run_in_subprocess(blunder)
    assert run_in_subprocess(doubled, 21) == 42


def test_a_child_that_died_while_it_was_idle_is_replaced():
    os.kill(run_in_subprocess(process_id), signal.SIGKILL)
    assert run_in_subprocess(doubled, 21) == 42


def test_within_a_child_a_call_is_a_plain_call():
    assert run_in_subprocess(run_again, 21) == 42


def test_threads_can_call_concurrently_and_a_crash_harms_no_other_call():
    def either(number):
        return reason_of(segfault)[0] if number % 5 == 4 else run_in_subprocess(doubled, number)

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(either, range(10)))
    assert results == ["undecodable" if number % 5 == 4 else 2 * number for number in range(10)]


def test_a_spawned_process_has_children_of_its_own_and_ends():
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        doubled_there, parent = pool.submit(nested_call, 21).result()
    assert doubled_there == 42
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)


PARENT = f"""
import signal, sys, time
sys.path.insert(0, {str(HERE)!r})
from misbehaving import announced, run_in_subprocess, hang, hang_in_c, process_id
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with SIGINT ignored
    print(run_in_subprocess(process_id), flush=True)
    {{then}}
"""


def parent_that(then):
    """A process with a child, and a file descriptor that shows when the child ends."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdin=subprocess.PIPE,  # otherwise a reader is at its end at once
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return parent, os.pidfd_open(int(parent.stdout.readline()))


def test_a_script_that_cannot_be_imported_gets_a_helpful_error(tmp_path):
    """Every child imports its parent's main module."""
    script = tmp_path / "script.py"
    script.write_text(
        "from gettok.media.subprocess_decode import run_in_subprocess\nrun_in_subprocess(abs, -1)\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "What you can do: read what it printed above; a script of yours must" in ended.stderr


def has_ended(child, within_s=20):
    ended, _, _ = select.select([child], [], [], within_s)
    os.close(child)
    return bool(ended)


def test_children_end_when_their_parent_ends():
    parent, child = parent_that("sys.stdin.readline()")
    assert parent.communicate("\n", timeout=20)[1] == ""
    assert parent.returncode == 0
    assert has_ended(child)


@pytest.mark.parametrize(
    "then",
    [
        "time.sleep(60)",
        "run_in_subprocess(announced, hang)",
        "run_in_subprocess(announced, hang_in_c, timeout_s=1)",
    ],
    ids=["idle", "busy", "stuck"],
)
def test_children_end_when_their_parent_is_killed(then):
    """A child that is stuck in C code is ended by its own alarm."""
    parent, child = parent_that(then)
    if "announced" in then:
        assert parent.stdout.readline() == "begun\n"
    parent.kill()
    assert has_ended(child)
    parent.communicate()


#: Another thread gets the signal: like one that arrives just as a wait begins, it does not end the wait.
PENDING = (
    "import threading; threading.Thread(target=time.sleep, args=[90], daemon=True).start(); "
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])"
)


@pytest.mark.parametrize("before", ["pass", PENDING], ids=["in a wait", "just before it"])
def test_ctrl_c_ends_parent_and_children_without_a_hang(before):
    parent, child = parent_that(f"{before}; run_in_subprocess(announced, hang)")
    assert parent.stdout.readline() == "begun\n"
    os.killpg(parent.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in parent.communicate(timeout=20)[1]
    assert has_ended(child)
