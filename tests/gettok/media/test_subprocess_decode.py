"""What happens in a child stays in the child, and is told as a reason."""

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
    confined_again,
    doubled,
    fill_the_memory,
    hang,
    hang_in_c,
    owner_of_its_own,
    process_id,
    refuse,
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


def test_a_result_comes_back_from_another_process_which_is_kept():
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
def test_f31_a_crash_is_told_as_a_reason_and_the_next_call_runs(crash, args, detail):
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


def test_f31_what_the_system_kills_is_asked_again_another_time():
    reason, detail = reason_of(signal.raise_signal, signal.SIGKILL)
    assert reason == "too_large"
    assert "memory" in detail


def test_an_end_that_somebody_asks_for_says_nothing_about_the_file():
    with pytest.raises(Interrupted):
        run_in_subprocess(signal.raise_signal, signal.SIGTERM)


def test_an_error_of_ours_comes_back_as_itself():
    assert reason_of(refuse) == ("truncated", "half of it")
    with pytest.raises(NotNow) as told:
        run_in_subprocess(wait_for_better_times)
    assert (told.value.what, told.value.did, told.value.can) == ("what", "did", "can")


def test_an_error_keeps_nothing_of_its_callers_alive():
    """They hold files that are to go when nobody needs them any more, not when memory is next looked through."""

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


def test_within_a_child_it_is_a_plain_call():
    assert run_in_subprocess(confined_again, 21) == 42


def test_threads_call_at_the_same_time_and_a_crash_of_one_harms_no_other():
    def either(number):
        return reason_of(segfault)[0] if number % 5 == 4 else run_in_subprocess(doubled, number)

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(either, range(10)))
    assert told == ["undecodable" if number % 5 == 4 else 2 * number for number in range(10)]


def test_a_spawned_process_has_children_of_its_own_and_ends():
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        doubled_there, owner = pool.submit(owner_of_its_own, 21).result()
    assert doubled_there == 42
    with pytest.raises(ProcessLookupError):
        os.kill(owner, 0)


OWNER = f"""
import signal, sys, time
sys.path.insert(0, {str(HERE)!r})
from misbehaving import announced, run_in_subprocess, hang, hang_in_c, process_id
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin deaf to it
    print(run_in_subprocess(process_id), flush=True)
    {{then}}
"""


def owner_that(then):
    """A process that has a child, and an eye on that child."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(then=then)],
        stdin=subprocess.PIPE,  # else whoever reads it is at its end at once
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return owner, os.pidfd_open(int(owner.stdout.readline()))


def test_a_script_that_cannot_be_imported_is_told_so(tmp_path):
    """Every child imports its owner's main module."""
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


def test_children_end_with_an_owner_that_ends():
    owner, child = owner_that("sys.stdin.readline()")
    assert owner.communicate("\n", timeout=20)[1] == ""
    assert owner.returncode == 0
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
def test_children_die_with_an_owner_that_is_killed(then):
    """One that is stuck in C code hears of nothing; its own alarm ends it."""
    owner, child = owner_that(then)
    if "announced" in then:
        assert owner.stdout.readline() == "begun\n"
    owner.kill()
    assert has_ended(child)
    owner.communicate()


#: What a signal does that comes just as a wait begins: it is noted, and the wait goes on.
UNHEARD = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])"


@pytest.mark.parametrize("before", ["pass", UNHEARD], ids=["in a wait", "just before it"])
def test_ctrl_c_ends_owner_and_children_without_a_hang(before):
    owner, child = owner_that(f"{before}; run_in_subprocess(announced, hang)")
    assert owner.stdout.readline() == "begun\n"
    os.killpg(owner.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in owner.communicate(timeout=20)[1]
    assert has_ended(child)
