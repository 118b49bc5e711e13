"""An error about permissions becomes one for users, which names the file."""

import errno
import sqlite3

import pytest

from gettok.errors import BadInput, NotAllowed
from gettok.store.file_access import refused_access_as_not_allowed


def raised(error):
    with pytest.raises(NotAllowed) as refused, refused_access_as_not_allowed():
        raise error
    assert refused.value.exit_code == 73
    return refused.value


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_the_file_that_may_not_be_read_or_written_is_named(tmp_path, code):
    file = tmp_path / "books.json"
    file.write_text("{}", "utf-8")
    error = raised(OSError(code, "no", str(file)))
    assert error.what.startswith(f"{file} may not be read or written")
    assert f"ls -ld {file}" in error.can


def test_a_file_that_cannot_be_created_is_named_by_its_folder(tmp_path):
    error = raised(PermissionError(errno.EACCES, "no", str(tmp_path / "tmp1234")))
    assert error.what.startswith(f"{tmp_path} may not be read or written")


def test_an_error_without_a_file_keeps_its_words():
    assert (
        "Permission denied (os error 13)"
        in raised(OSError("Permission denied (os error 13): x.parquet")).what
    )


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "no", "x"),
        ValueError("Permission"),
        sqlite3.OperationalError("locked"),
    ],
)
def test_other_errors_stay_as_they_are(error):
    with pytest.raises(type(error)), refused_access_as_not_allowed():
        raise error


def test_an_error_of_ours_that_quotes_another_stays_as_it_is():
    with pytest.raises(BadInput, match="Permission denied"), refused_access_as_not_allowed():
        raise BadInput("Permission denied", "nothing", "nothing")
