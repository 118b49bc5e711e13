"""Large bytes as files named by their digest. A file becomes visible only when it is complete and on disk."""

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path
from uuid import uuid4

from gettok.step import Blob
from gettok.store.disk_space import full_disk_as_no_space

_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobFiles:
    """A folder of blobs, and a folder beside it for unfinished files."""

    def __init__(self, root: Path, *, to_read: bool = False) -> None:
        self._files = root / "blobs"
        self._incoming = root / "incoming"
        if not to_read:
            self._files.mkdir(parents=True, exist_ok=True)
            self._incoming.mkdir(exist_ok=True)
            self._sweep()
        #: Where this process puts unfinished files: on the filesystem of the blobs, so that a link finishes them.
        self.unfinished = self._incoming / str(os.getpid())

    def path(self, digest: str) -> Path:
        """The path of the blob with this digest. Raises `ValueError` on anything but 64 hex digits."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is not a SHA-256 digest")
        return self._files / digest[:2] / digest

    def add(self, blob: Blob) -> None:
        """Make a blob's bytes durable under their digest. A file that has them already is left as it is."""
        target = self.path(blob.digest)
        if target.exists():
            if file_digest(target) == blob.digest:
                return
            target.unlink()  # damaged, and here are the right bytes
        with full_disk_as_no_space(self._files):
            target.parent.mkdir(exist_ok=True)
            self.unfinished.mkdir(exist_ok=True)
            unfinished = self.unfinished / uuid4().hex
            try:
                link_or_copy(blob, unfinished)
                unfinished.chmod(0o444)  # the workspace and DVC's cache may share this file
                _sync(unfinished)
                _publish(unfinished, target)
                _sync(target.parent)
            finally:
                unfinished.unlink(missing_ok=True)

    def digests(self) -> set[str]:
        """The digests of all files."""
        return {path.name for path in self._files.glob("??/*") if _DIGEST.fullmatch(path.name)}

    def remove(self, digest: str) -> None:
        """Delete the file of a blob, if there is one; other links to it stay."""
        self.path(digest).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete what ended processes left unfinished."""
        for folder in self._incoming.iterdir():
            if (
                folder.name.isdecimal()
                and not Path("/proc", folder.name).exists()
                and not _alive(int(folder.name))
            ):
                shutil.rmtree(folder, ignore_errors=True)


def link_or_copy(blob: Blob, target: Path) -> None:
    """Put a blob's bytes at `target` as well: by hard link where it is a file and the filesystem can."""
    if blob.path is None:
        target.write_bytes(blob.read())
        return
    try:
        os.link(blob.path, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(blob.path, target)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _publish(unfinished: Path, target: Path) -> None:
    try:
        os.link(unfinished, target)
    except FileExistsError:
        return  # another writer was first, with the same bytes
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        unfinished.replace(target)  # a filesystem without hard links; renaming is atomic too


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
