"""The key of an answer: a digest over everything that the answer depends on, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from gettok.step import Json, digest_of

#: So many digits of a key are its scope.
SCOPE_DIGITS = 16


@dataclass(frozen=True)
class Scope:
    """What the keys of one stage, version and settings share; made once, where there are many."""

    stage: str
    digest: str

    @staticmethod
    def of(stage: str, version: int, settings: Mapping[str, Json]) -> "Scope":
        return Scope(stage, digest_of({"stage": stage, "version": version, "settings": dict(settings)}))

    def key(self, inputs: Mapping[str, Json]) -> "Key":
        """The key of the answer about these inputs."""
        of_inputs = digest_of({"scope": self.digest, "inputs": dict(inputs)})
        return Key(self.stage, self.digest[:SCOPE_DIGITS] + of_inputs[:48])


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
        return Scope.of(stage, version, settings).key(inputs)

    @property
    def scope(self) -> str:
        return self.digest[:SCOPE_DIGITS]
