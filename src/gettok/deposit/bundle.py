"""What is sent: the release's files as the archive takes them, and its metadata, in a folder that a person can read."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gettok.deposit.archive import Archive, ArchiveLimits, BundleFile
from gettok.deposit.description import ReleaseDescription
from gettok.errors import BadInput, counted
from gettok.step import Blob, Json
from gettok.store.atomic_write import atomic_dir, write_json
from gettok.store.blobs import file_digest, link_or_copy
from gettok.verification.checksums import CHECKSUMS, files_below

METADATA = "metadata.json"
FILES = "files"
#: The earliest time that a zip file can have: the same files give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A folder with `metadata.json` and `files/`."""

    folder: Path
    files: tuple[BundleFile, ...]
    metadata: Mapping[str, Json]
    #: The SHA-256 of the release's `checksums.sha256`.
    release: str

    @property
    def marker(self) -> str:
        return marker_of(self.release)

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def marker_of(release: str) -> str:
    """A word in the metadata by which a draft is found again."""
    return f"gettok-{release[:24]}"


def make_bundle(release: Path, folder: Path, archive: Archive, about: ReleaseDescription) -> Bundle:
    """Write the folder, in place of an earlier one, and send nothing.

    Raises `BadInput` for more files or bytes than the archive takes.
    """
    _refuse_other_folder(folder)
    digest = file_digest(release / CHECKSUMS)
    with atomic_dir(folder) as unfinished:
        files = unfinished / FILES
        files.mkdir()
        for name, path in _as_taken(release, archive.limits.has_folders):
            _put(path, files / name)
        metadata = archive.prepare(files, archive.metadata(about, marker_of(digest)))
        write_json(unfinished / METADATA, metadata)
        sizes = {name: path.stat().st_size for name, path in files_below(files).items()}
        refuse_too_large(archive.name, sizes, archive.limits)
    sent = tuple(BundleFile(name, folder / FILES / name, size) for name, size in sizes.items())
    return Bundle(folder, sent, metadata, digest)


def refuse_too_large(archive: str, sizes: Mapping[str, int], limits: ArchiveLimits) -> None:
    """Raise `BadInput` if there are more files or bytes than the archive takes."""
    total, largest = sum(sizes.values()), max(sizes, key=lambda name: sizes[name])
    if limits.max_files is not None and len(sizes) > limits.max_files:
        what = f"{counted(len(sizes), 'file')}, and {archive} takes {limits.max_files:,}"
    elif limits.max_file_bytes is not None and sizes[largest] > limits.max_file_bytes:
        what = f"{largest} with {sizes[largest]:,} bytes, and {archive} takes {limits.max_file_bytes:,} for a file"
    elif limits.max_total_bytes is not None and total > limits.max_total_bytes:
        what = f"{total:,} bytes, and {archive} takes {limits.max_total_bytes:,}"
    else:
        return
    raise BadInput(
        f"the release has {what}",
        "sent nothing",
        "deposit a smaller form, or choose another archive; docs/how-to/deposit.md compares them",
    )


def _as_taken(release: Path, has_folders: bool) -> Iterator[tuple[str, Path]]:
    """Each file by its name; where the archive has no folders, the topmost ones, which become zip files."""
    for name, path in files_below(release).items():
        if has_folders or "/" not in name:
            yield name, path
    if not has_folders:
        yield from ((f"{path.name}.zip", path) for path in sorted(release.iterdir()) if path.is_dir())


def _put(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        _zip(path, target)
    else:
        link_or_copy(Blob.of_file(path), target)


def _zip(folder: Path, target: Path) -> None:
    """A zip file of a folder, stored as it is: Parquet is compressed already."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files_below(folder).items():
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", _NO_TIME)
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as written:
                while part := source.read(1 << 20):
                    written.write(part)


def _refuse_other_folder(folder: Path) -> None:
    if folder.exists() and not (folder / METADATA).is_file():
        raise BadInput(
            f"{folder} is there and is no bundle of a deposit",
            "wrote nothing, as its files would be lost",
            "name another folder with --bundle, or remove it",
        )
