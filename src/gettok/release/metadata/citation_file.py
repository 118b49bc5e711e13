"""`CITATION.cff`, and the same citation in BibTeX."""

from typing import Any

import yaml

from gettok.release.metadata.facts import Facts
from gettok.release.metadata.schema_org import stated
from gettok.settings import Author

_MESSAGE = "If you use this dataset, please cite it as below."
#: The format requires an author.
_NO_AUTHORS = [{"name": "Authors not stated"}]
_BIBTEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\n": " ",
        **{sign: f"\\{sign}" for sign in "{}%&#_$"},
    }
)


class _Dumper(yaml.SafeDumper):
    """Quotes every value that is a text, as a version 1.10, a day or a name such as No would be read as another."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style='"')

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            key.style = None
        return node


_Dumper.add_representer(str, _Dumper.represent_str)


def text(facts: Facts) -> str:
    """The content of `CITATION.cff` (1.2.0), which has no place for funding."""
    citation = facts.citation
    content = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "message": _MESSAGE,
        "title": facts.title,
        "abstract": facts.description,
        "authors": [_author(author) for author in citation.authors] or _NO_AUTHORS,
        "version": citation.version,
        "date-released": facts.published and facts.published.isoformat(),
        "license": citation.licence,
        "doi": citation.doi,
        "url": citation.url,
        "keywords": list(citation.keywords),
        "contact": citation.contact and [citation.contact.model_dump()],
    }
    return yaml.dump(stated(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _author(author: Author) -> dict[str, Any]:
    names = (
        {"given-names": author.given, "family-names": author.family}
        if author.given
        else {"name": author.family}
    )
    return stated(
        {
            **names,
            "orcid": author.orcid and f"https://orcid.org/{author.orcid}",
            "affiliation": author.given and author.affiliation,
        }
    )


def bibtex(facts: Facts) -> str:
    """An entry that every style of BibTeX knows; signs with a meaning in TeX are escaped."""
    citation = facts.citation
    people = " and ".join(_bibtex_name(author) for author in citation.authors)
    entries = stated(
        {
            "title": f"{{{_escaped(facts.title)}}}",
            "author": people,
            "year": facts.published and str(facts.published.year),
            "note": f"Version {_escaped(citation.version)}",
            "doi": citation.doi,
            "url": facts.url,
        }
    )
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in entries.items())
    return f"@misc{{{facts.settings.study.name}{lines}\n}}"


def _bibtex_name(author: Author) -> str:
    if author.given:
        return f"{_escaped(author.family)}, {_escaped(author.given)}"
    return f"{{{_escaped(author.family)}}}"


def _escaped(value: str) -> str:
    return value.translate(_BIBTEX)
