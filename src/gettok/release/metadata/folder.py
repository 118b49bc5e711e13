"""Writes the metadata beside the other files of a release."""

from collections.abc import Sequence
from pathlib import Path

from gettok.release.metadata import citation_file, croissant, data_package, ro_crate
from gettok.release.metadata.facts import Facts
from gettok.release.metadata.files import ReleasedFile, describe
from gettok.store.atomic_write import atomic_write, write_json


def write(folder: Path, facts: Facts) -> dict[str, str]:
    """Write the four files of metadata into a folder that has all other files but the checksums.

    Croissant and the Data Package list the files that were there before; the RO-Crate lists these two, too. Returns the
    SHA-256 of each file that one of them lists.
    """
    files = _described(sorted(folder.iterdir()), facts)
    atomic_write(folder / "CITATION.cff", citation_file.text(facts).encode())
    write_json(folder / "croissant.json", croissant.content(facts, files))
    write_json(folder / "datapackage.json", data_package.content(facts, files))
    own = [folder / name for name in ("CITATION.cff", "croissant.json", "datapackage.json")]
    files += _described(own, facts)
    write_json(folder / "ro-crate-metadata.json", ro_crate.content(facts, files))
    return {file.name: file.sha256 for file in files}


def _described(files: Sequence[Path], facts: Facts) -> list[ReleasedFile]:
    return [describe(file, facts.tables) for file in files]
