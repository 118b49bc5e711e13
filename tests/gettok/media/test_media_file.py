"""Media are used only as long as their bytes are those of the digest."""

import errno
import pickle
from pathlib import Path

import media_files
import pytest
from flipped import rotten

from gettok.download import files_digest
from gettok.errors import BadInput, Damaged
from gettok.media import MediaFile
from gettok.step import Blob


def damage(media: MediaFile) -> Damaged:
    with pytest.raises(Damaged) as caught:
        media.check()
    return caught.value


def test_a_file_is_checked_by_its_digest(tmp_path):
    path = tmp_path / "71.mp4"
    path.write_bytes(b"a film" * 1000)
    media = MediaFile.of(path)
    assert media.sha256 == Blob.of_bytes(path.read_bytes()).digest
    media.check()
    with rotten(path):
        error = damage(media)
    assert error.what == f"video 71: {path} does not match its digest"
    assert "gettok store drop --video 71 --stage download" in error.can
    assert (
        f'find {path} -type f -exec find "$(dvc cache dir)" -samefile {{}} -delete \\; -delete' in error.can
    )
    media.check()
    assert pickle.loads(pickle.dumps(error)).can == error.can, "it comes from a worker"


@pytest.mark.parametrize("name", ["001.webp", "sound.m4a"])
def test_a_slideshow_is_checked_file_by_file(tmp_path, name):
    folder = media_files.slideshow(tmp_path / "73", media_files.sound_only(tmp_path / "s.m4a"))
    media = MediaFile.of(folder)
    stored = {file.name: Blob.of_file(file) for file in sorted(folder.iterdir())}
    assert media.sha256 == files_digest(stored), "as the download makes it"
    media.check()
    with rotten(folder / name):
        assert damage(media).what == f"video 73: {folder} does not match its digest"
    media.check()
    (folder / name).unlink()
    damage(media)


def test_a_missing_file_is_missing_and_not_damaged(tmp_path):
    with pytest.raises(BadInput, match="is missing"):
        MediaFile(str(tmp_path / "71.mp4"), "0" * 64).check()


def test_a_disk_that_cannot_read_a_file_is_damage(tmp_path, monkeypatch):
    path = tmp_path / "71.mp4"
    path.write_bytes(b"a film")
    media = MediaFile.of(path)

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", fails)
    error = damage(media)
    monkeypatch.undo()
    assert error.what == f"video 71: {path} cannot be read (Input/output error)"
