"""A file is whole or not there, and what shares its bytes is left alone."""

import pytest

from gettok.store.atomic_write import atomic_write


def test_a_file_that_another_name_shares_is_replaced_not_written_into(tmp_path):
    cached, output = tmp_path / "cached", tmp_path / "output"
    cached.write_bytes(b"old")
    output.hardlink_to(cached)
    atomic_write(output, b"new")
    assert (cached.read_bytes(), output.read_bytes()) == (b"old", b"new")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cached", "output"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    (tmp_path / "output").write_bytes(b"old")
    with pytest.raises(TypeError):
        atomic_write(tmp_path / "output", "no bytes")
    assert (tmp_path / "output").read_bytes() == b"old"
