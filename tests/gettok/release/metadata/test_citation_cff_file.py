"""`CITATION.cff` as cffconvert reads it: valid, and the same citation in BibTeX and in APA's style."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cited_release import AUTHORS, TITLE, settings, study, uncited, written


def cffconvert(folder, *arguments):
    program = Path(sys.executable).with_name("cffconvert")
    command = [program, "-i", folder / "CITATION.cff", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.fixture
def folder(tmp_path, params):
    return written(tmp_path / "r", study(), settings(params))


def test_it_is_valid(folder):
    assert "valid according to schema version 1.2.0" in cffconvert(folder, "--validate")


def test_it_can_be_cited_in_bibtex_and_in_apa_s_style(folder):
    bibtex = cffconvert(folder, "-f", "bibtex")
    assert 'author = {Quispe Ñahui, Ana "Anita" and 王, 小明 and The No: Group}' in bibtex
    assert f"title = {{{TITLE}}}" in bibtex
    assert "doi = {10.5281/zenodo.1234567}" in bibtex
    assert "year = {2026}" in bibtex
    apa = cffconvert(folder, "-f", "apalike")
    assert apa.startswith(f'Quispe Ñahui A."., 王 小., The No: Group (2026). {TITLE}')
    assert "(version 1.10)" in apa


def test_texts_are_as_they_were_written(folder):
    content = (folder / "CITATION.cff").read_text("utf-8")
    assert content.startswith('cff-version: "1.2.0"\ntype: "dataset"\n')
    read = yaml.safe_load(content)
    assert (read["title"], read["version"], read["date-released"]) == (TITLE, "1.10", "2026-11-02")
    assert read["license"] == "CC-BY-4.0"
    assert read["keywords"] == ["TikTok", "Perú: política"]
    assert read["contact"] == [{"name": "Data desk", "email": "data@example.org"}]
    assert [author.get("family-names", author.get("name")) for author in read["authors"]] == [
        author["family"] for author in AUTHORS
    ]


@pytest.mark.parametrize("licence", ["CC0-1.0", "CC-BY-NC-SA-4.0", "ODbL-1.0", "MIT"])
def test_licences_of_data_are_known_to_the_format(tmp_path, params, licence):
    assert "valid" in cffconvert(
        written(tmp_path / "r", study(), settings(params, licence=licence)), "--validate"
    )


def test_defaults_are_valid_and_say_that_there_are_no_authors(tmp_path, params):
    folder = written(tmp_path / "r", study(), uncited(params))
    assert "valid according to" in cffconvert(folder, "--validate")
    read = yaml.safe_load((folder / "CITATION.cff").read_text("utf-8"))
    assert read["authors"] == [{"name": "Authors not stated"}]
    assert read["date-released"] == "2023-03-01"
    assert "license" not in read
    assert read["abstract"].endswith("Not stated: authors, licence.")
