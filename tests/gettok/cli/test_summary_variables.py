"""What the summary says of each of the codebook's variables, in one line."""

import pytest
import written_study
from small_study import EVERY_KIND, attacked, coded, study_of

from gettok.books import Books
from gettok.cli.summary import _flipped, variable_line

OF = coded(study_of(9))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("stance", "support 3, no support 2, neutral 2; no_media 2"),
        ("call", "yes 5, no 2; no_media 2"),
        ("topics", "congress 3, protest 5, justice 0; no_media 2"),
        ("anger", "low 3, middle 0, high 2; cannot tell 2, no_media 2"),
        ("people", "7 videos, median 2.5; no_media 2"),
        ("subject", "7 videos; no_media 2"),
        ("places", "5 of 5 videos; no_media 2, not_applicable 2"),
    ],
)
def test_each_kind_has_its_counts_and_each_reason(name, line):
    books = OF.books["annotate"].variables[name]
    assert variable_line(EVERY_KIND.variables[name], OF.of_variable(name).collect(), books) == line


def test_a_number_that_no_video_has_has_no_median():
    nothing = OF.of_variable("people").collect().clear()
    assert variable_line(EVERY_KIND.variables["people"], nothing, Books(0, 0)) == "none"


def test_flips_are_said_of_each_variable_by_name_if_there_are_several(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    both = attacked(OF, "call").prompt_injection.vstack(attacked(OF).prompt_injection)
    written_study.write(attacked(OF))
    assert _flipped(EVERY_KIND).startswith("prompt injection changed 1 of 7 labels (")
    both.write_parquet("data/prompt_injection.parquet")
    lines = _flipped(EVERY_KIND).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["stance", "call"]
