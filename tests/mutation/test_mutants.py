"""The deliberate mistakes still fit the files that they are for; `make test-mutants` makes them."""

import pytest
from mutant import Mutant
from root import ROOT
from run_mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.why}")
def test_a_mistake_fits_its_file_and_names_tests(mutant):
    mutated = mutant.mutated(ROOT)
    assert mutant.old != mutant.new
    if mutant.file.endswith(".py"):
        compile(mutated, mutant.file, "exec")
    assert mutant.why
    tests = [ROOT / name.split("::")[0] for name in mutant.tests.split()]
    assert tests
    assert all(test.exists() for test in tests)


def test_no_mistake_is_listed_twice():
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("old", ["no such text", "mistake"])
def test_a_mistake_that_no_longer_fits_is_an_error(tmp_path, old):
    (tmp_path / "file.py").write_text("mistake = 'mistake'\n", "utf-8")
    with pytest.raises(ValueError, match="not once"):
        Mutant("file.py", old, "", "tests", "nothing").mutated(tmp_path)
