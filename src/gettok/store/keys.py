"""The key of an answer: a digest over everything that the answer depends on, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from gettok.step import Json


def canonical(value: Json) -> str:
    """JSON with sorted keys and ASCII only: equal values give equal text, and any text, a lone surrogate too, survives.

    Raises `ValueError` on NaN and infinities, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def digest_of(value: Json) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Key:
    """An answer's key: 64 hex digits, of which the first 16 are its scope.

    The scope is the same for all answers of one stage, version and settings, so that they stand together in the store;
    the other 48 digits are of a SHA-256 over the whole scope and the inputs.
    """

    stage: str
    digest: str

    @staticmethod
    def of(stage: str, version: int, settings: Mapping[str, Json], inputs: Mapping[str, Json]) -> "Key":
        scope = digest_of({"stage": stage, "version": version, "settings": dict(settings)})
        return Key(stage, scope[:16] + digest_of({"scope": scope, "inputs": dict(inputs)})[:48])

    @property
    def scope(self) -> str:
        return self.digest[:16]
