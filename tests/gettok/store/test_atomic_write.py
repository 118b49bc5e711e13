"""A file is complete or absent, and other names of its bytes are left alone."""

import pytest

from gettok.store.atomic_write import atomic_write, write_json


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


def test_json_is_the_same_bytes_whatever_the_order_of_its_keys(tmp_path):
    write_json(tmp_path / "one.json", {"b": ["ñ"], "a": None})
    write_json(tmp_path / "other.json", {"a": None, "b": ["ñ"]})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()
    assert (tmp_path / "one.json").read_text("utf-8") == '{\n  "a": null,\n  "b": [\n    "ñ"\n  ]\n}\n'


def test_a_number_that_json_does_not_have_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "output.json", {"share": float("nan")})
    assert not (tmp_path / "output.json").exists()
