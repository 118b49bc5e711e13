"""The key of an answer: a digest over everything that the answer depends on, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from gettok.step import Json, digest_of


@dataclass(frozen=True)
class Key:
    """An answer's key: 64 hex digits, of which the first 16 are its scope.

    All answers of one stage, version and settings share a scope, so that they are neighbours in the store. The other 48
    digits are of a SHA-256 over the full scope and the inputs.
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
