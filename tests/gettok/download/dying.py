"""Functions with which a child process ends. It imports little, since every child imports it."""

import os
import signal


def be_killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def crash(*_):
    os.abort()
