"""One deliberate mistake in one file, and the tests that must notice it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    file: str  # from the repository's root, as are the tests
    old: str  # occurs exactly once in the file
    new: str
    tests: str  # what pytest gets, separated by spaces
    why: str  # what the mistake does to a user
    survives: str = ""  # why no test can notice it

    def mutated(self, root: Path) -> str:
        """The file's text with the mistake in it. Raises ValueError if it no longer fits the file."""
        text = (root / self.file).read_text("utf-8")
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has {count} times, not once: {self.old!r}")
        return text.replace(self.old, self.new)
