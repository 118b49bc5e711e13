"""Outcomes as plain data, for the way from a worker to the driver.

Ray turns an exception with an `__init__` of its own into one of another class, so none is sent.
"""

import traceback
from typing import Any, TypeAlias

from gettok import errors
from gettok.engine.protocol import Outcome
from gettok.errors import Interrupted, Stop, Unusable, UserFacingError
from gettok.step import Answer, Blob

#: The kind of an outcome, and the values that make it.
Packed: TypeAlias = tuple[str, tuple[Any, ...]]


class WorkerBugError(Exception):
    """An error in a worker that is not a `GettokError`; its text has the worker's traceback."""


def pack(outcome: Outcome) -> Packed:
    """An outcome as plain data. The bytes of blobs that are files are read."""
    if isinstance(outcome, Answer):
        return "answer", (dict(outcome.body), {name: blob.read() for name, blob in outcome.blobs.items()})
    if isinstance(outcome, Unusable):
        return "unusable", (outcome.reason, outcome.detail, outcome.row)
    if isinstance(outcome, UserFacingError):
        return _public_name(outcome), (outcome.what, outcome.did, outcome.can)
    return "interrupted", (str(outcome),)


def pack_bug(error: BaseException) -> Packed:
    return "bug", ("".join(traceback.format_exception(error)),)


def unpack(packed: Packed) -> Outcome:
    """The outcome. Raises `WorkerBugError` if it is a bug."""
    kind, values = packed
    if kind == "bug":
        raise WorkerBugError(*values)
    if kind == "answer":
        body, blobs = values
        return Answer(body, {name: Blob.of_bytes(data) for name, data in blobs.items()})
    if kind == "unusable":
        return Unusable(*values)
    if kind == "interrupted":
        return Interrupted(*values)
    error: UserFacingError = getattr(errors, kind)(*values)
    return error


def _public_name(error: UserFacingError) -> str:
    """The name of its class, or of the nearest one above that has the three parts alone."""
    return next(
        (each.__name__ for each in type(error).__mro__ if each.__module__ == errors.__name__), Stop.__name__
    )
