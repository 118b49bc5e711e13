"""The options of a study, and the files of a folder."""

from pathlib import Path

GIVEN = {
    "--keywords": "Castillo, Boluarte", "--start": "2023-01-01", "--end": "2023-02-28", "--target": "the President",
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file): file.read_bytes() for file in found}
