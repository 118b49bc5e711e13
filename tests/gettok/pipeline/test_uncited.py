"""What a release lacks for a citation is said when it is made."""

from gettok.pipeline.releasing import uncited
from gettok.settings import check


def test_what_is_missing_for_a_citation_is_said_in_one_line(params):
    [line] = uncited(check(params, "params.yaml").citation)
    assert line == (
        "to be cited, the release lacks authors, licence, doi or url, contact: fill in conf/citation/ "
        "(docs/how-to/cite.md)"
    )
    params["citation"] |= {
        "authors": [{"given": "Ana", "family": "Quispe"}],
        "licence": "CC-BY-4.0",
        "url": "https://example.org",
        "contact": {"name": "Ana Quispe", "email": "ana@example.org"},
    }
    assert list(uncited(check(params, "params.yaml").citation)) == []
