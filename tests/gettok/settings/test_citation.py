"""A citation is checked before it is published: its ids, its licence and its version."""

import pytest

from gettok.errors import BadSettings
from gettok.settings import check
from gettok.settings.origins import Origins


def cited(params, key, value):
    params["citation"][key] = value
    return check(params, "params.yaml").citation


def refused(params, key, value):
    with pytest.raises(BadSettings) as raised:
        cited(params, key, value)
    return raised.value.what


def test_the_defaults_state_nothing_and_say_what_is_missing(params):
    citation = check(params, "params.yaml").citation
    assert (citation.licence, citation.authors, citation.published) == (None, (), None)
    assert citation.missing == ["authors", "licence", "doi or url", "contact"]
    assert cited(params, "doi", "10.5281/zenodo.1").missing == ["authors", "licence", "contact"]


@pytest.mark.parametrize("value", [1.1, 1, True, None])
def test_a_version_that_yaml_reads_as_a_number_is_refused(params, value):
    assert refused(params, "version", value).startswith("params.yaml: citation.version: must be text")


def test_the_error_shows_the_version_as_it_is_written(params, tmp_path):
    """A file that says 1.10 is read as 1.1."""
    (tmp_path / "citation").mkdir()
    file = tmp_path / "citation" / "mine.yaml"
    file.write_text("version: 1.10\n", "utf-8")
    params["citation"]["version"] = 1.1
    with pytest.raises(BadSettings) as raised:
        check(params, "conf", Origins(tmp_path, (file,)))
    assert raised.value.what == (
        "conf: citation.version (conf/citation/mine.yaml, line 1): must be text, and 1.10 without quotes is a number: "
        'quote it, as in "1.10"'
    ).replace("conf/citation", f"{tmp_path.name}/citation")


@pytest.mark.parametrize("value", ["1.10", "1.2.0", "2026-11", "2.0.0-rc.1+5"])
def test_versions_are_texts_and_stay_as_they_are(params, value):
    assert cited(params, "version", value).version == value


@pytest.mark.parametrize("value", ["", " 1.0", "1.0\n", "one two"])
def test_what_is_not_a_version_is_refused(params, value):
    assert "is not a version, such as '1.2.0'" in refused(params, "version", value)


@pytest.mark.parametrize("value", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
def test_an_orcid_whose_check_digit_fits_is_taken(params, value):
    [author] = cited(params, "authors", [{"given": "Ana", "family": "Quispe", "orcid": value}]).authors
    assert (author.orcid, author.name) == (value, "Ana Quispe")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0000-0002-1825-0096", "its last digit does not fit the others"),
        ("0000-0002-1852-0097", "its last digit does not fit the others"),
        ("0000-0002-1694-2330", "its last digit does not fit the others"),
        ("0000-0002-1694-233x", "is not an ORCID iD, such as '0000-0002-1825-0097'"),
        ("000000021825009", "is not an ORCID iD, such as '0000-0002-1825-0097'"),
        ("https://orcid.org/0000-0002-1825-0097", "did you mean '0000-0002-1825-0097'?"),
    ],
)
def test_a_mistyped_orcid_is_refused(params, value, problem):
    authors = [{"given": "Ana", "family": "Quispe", "orcid": value}]
    what = refused(params, "authors", authors)
    assert what.startswith("params.yaml: citation.authors.0.orcid: ")
    assert problem in what


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("CC BY 4.0", "did you mean CC-BY-4.0?"),
        ("cc-by-4.0", "did you mean CC-BY-4.0?"),
        ("GPL-3.0", "is not an id of the SPDX list (https://spdx.org/licenses/)"),  # deprecated
        ("Classpath-exception-2.0", "is not an id of the SPDX list"),  # an exception is no licence
        ("LicenseRef-scancode-public-domain", "is not an id of the SPDX list"),  # an id of others
        ("MIT OR CC0-1.0", "is not an id of the SPDX list"),
    ],
)
def test_a_licence_is_an_id_of_the_spdx_list(params, value, problem):
    assert problem in refused(params, "licence", value)


@pytest.mark.parametrize("value", ["CC-BY-4.0", "CC0-1.0", "ODbL-1.0", "MIT", "CC-BY-NC-SA-4.0"])
def test_licences_of_data_are_taken(params, value):
    assert cited(params, "licence", value).licence == value


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("doi", "https://doi.org/10.5281/zenodo.1234567", "did you mean '10.5281/zenodo.1234567'?"),
        ("doi", "zenodo.1234567", "is not a DOI, such as '10.5281/zenodo.1234567'"),
        ("url", "example.org", "must begin with https:// or http://"),
        ("url", "sandbox:", "must begin with https:// or http://"),
        ("url", "https://ana:secret@example.org", "has a user name or a password"),
        ("contact", {"name": "Ana", "email": "ana at example.org"}, "is not an e-mail address"),
        ("published", "2026-02-30", "day is out of range"),
        ("published", 20261102, "must be a day as quoted text"),
        ("keywords", ["TikTok", "TikTok"], "has 'TikTok' twice"),
        ("authors", [{"given": "Ana"}], "citation.authors.0.family: must be set"),
        ("authors", {"given": "Ana", "family": "Quispe"}, "must be a list"),
        ("funding", [{"grant": "PE-123"}], "citation.funding.0.funder: must be set"),
        ("license", "MIT", "there is no such key; did you mean citation.licence?"),
    ],
)
def test_what_is_wrong_is_said_by_its_key(params, key, value, problem):
    assert problem in refused(params, key, value)
