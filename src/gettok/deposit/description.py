"""What a release says of itself, as far as archives ask for it: read from its own files, none of it made up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from gettok.errors import BadInput
from gettok.http.json_guards import to_mapping, to_mappings, to_text, to_texts
from gettok.step import Json
from gettok.tables.forms import Form
from gettok.verification.form_check import PROVENANCE

#: The forms that may be deposited: what an archive has published cannot be called back.
DEPOSITED: tuple[Form, ...] = ("public", "ids_only")
#: The paper whose method the pipeline generalises.
PAPER = "https://arxiv.org/abs/2402.05882"
_REFUSED = {
    "controlled": "it has ids, transcripts and descriptions, for researchers who promise to keep the terms",
    "team": "it has captions, comments, names and pictures, for the people of your own application",
}


@dataclass(frozen=True)
class Person:
    """An author; a group has a family name alone."""

    family: str
    given: str | None = None
    #: The ORCID iD alone, without an address.
    orcid: str | None = None
    affiliation: str | None = None

    @property
    def name(self) -> str:
        return f"{self.family}, {self.given}" if self.given else self.family


@dataclass(frozen=True)
class Funding:
    funder: str
    number: str | None = None


@dataclass(frozen=True)
class Related:
    """Another thing on the web, and what this dataset is to it: a relation of DataCite, such as `References`."""

    url: str
    relation: str


@dataclass(frozen=True)
class ReleaseDescription:
    """A release, for a catalogue."""

    study: str
    form: str
    title: str
    #: Plain text, in paragraphs.
    paragraphs: tuple[str, ...]
    authors: tuple[Person, ...]
    #: An id of the SPDX list.
    licence: str | None
    keywords: tuple[str, ...]
    version: str
    #: A day, as `2026-12-01`.
    published: str | None
    contact: tuple[str, str] | None
    funding: tuple[Funding, ...]
    related: tuple[Related, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


def describe(folder: Path, related: Sequence[Related] = ()) -> ReleaseDescription:
    """Read `CITATION.cff`, `datapackage.json` and `provenance.json`; raises `BadInput` without authors or a licence."""
    package = _json(folder / "datapackage.json")
    citation = to_mapping(_yaml(folder / "CITATION.cff"))
    provenance = _json(folder / PROVENANCE)
    study = to_mapping(to_mapping(provenance.get("settings")).get("study"))
    form = to_text(provenance.get("form")) or "unknown"
    contact = next(iter(to_mappings(citation.get("contact"))), {})
    found = ReleaseDescription(
        study=to_text(study.get("name")) or "",
        form=form,
        title=to_text(citation.get("title")) or "",
        paragraphs=_paragraphs(to_text(citation.get("abstract")) or "", form),
        authors=tuple(
            _person(author) for author in to_mappings(package.get("contributors")) if _wrote(author)
        ),
        licence=to_text(citation.get("license")),
        keywords=tuple(to_texts(citation.get("keywords"))),
        version=to_text(citation.get("version")) or "",
        published=to_text(citation.get("date-released")),
        contact=(str(contact["name"]), str(contact["email"]))
        if {"name", "email"} <= contact.keys()
        else None,
        funding=tuple(
            Funding(str(grant.get("funder")), to_text(grant.get("grant")))
            for grant in to_mappings(package.get("funding"))
        ),
        related=(Related(PAPER, "References"), *related),
    )
    _refuse_unnamed(found)
    return found


def refuse_form(folder: Path) -> str:
    """The form of a release that may be deposited by its form and the terms it was made under; else `BadInput`."""
    provenance = _json(folder / PROVENANCE)
    form = to_text(provenance.get("form")) or "unknown"
    terms = to_mapping(to_mapping(provenance.get("settings")).get("terms"))
    refuse_terms(form, to_text(terms.get("name")) or "not recorded", to_texts(terms.get("forms")))
    return form


def refuse_terms(form: str, terms: str, allowed: Sequence[str]) -> None:
    """Raise `BadInput` unless the form may be public at all, and these terms allow it."""
    if form not in DEPOSITED:
        raise BadInput(
            f"the release has the form {form!r}, which is never deposited: {_REFUSED.get(form, 'it is not known')}",
            "sent nothing; what an archive has published cannot be called back",
            "write a form for everybody, `gettok release write public`, and deposit data/releases/public",
        )
    if form not in allowed:
        raise BadInput(
            f"the terms {terms!r} do not allow the form {form!r}",
            "sent nothing; what an archive has published cannot be called back",
            f"deposit one of {', '.join(name for name in DEPOSITED if name in allowed) or 'no form'}; if your terms "
            "allow more, say so in terms.forms (docs/how-to/share.md), and make the release again",
        )


def _refuse_unnamed(found: ReleaseDescription) -> None:
    missing = [
        name for name, value in {"authors": found.authors, "licence": found.licence}.items() if not value
    ]
    if missing:
        raise BadInput(
            f"the release does not state its {' and '.join(missing)}",
            "sent nothing: archives ask for both, and some put a licence of their own where there is none",
            "fill in conf/citation/ (docs/how-to/cite.md), run `gettok compose`, and make the release again",
        )


def _wrote(contributor: dict[str, Json]) -> bool:
    return "author" in to_texts(contributor.get("roles"))


def _person(contributor: dict[str, Json]) -> Person:
    given, family = to_text(contributor.get("givenName")), to_text(contributor.get("familyName"))
    orcid = to_text(contributor.get("path")) or ""
    return Person(
        family=family or to_text(contributor.get("title")) or "",
        given=given if family else None,
        orcid=orcid.removeprefix("https://orcid.org/") or None,
        affiliation=to_text(contributor.get("organization")),
    )


def _paragraphs(abstract: str, form: str) -> tuple[str, ...]:
    sentences = {
        "public": "This release has labels and codes under pseudonyms. It has no ids, names, texts or pictures.",
        "ids_only": "This release has the ids of the videos alone; TikTok gives the rest to those who may ask for it.",
    }
    return (
        abstract,
        f"{sentences.get(form, '')} README.md describes it, and data_dictionary.md each column.".strip(),
    )


def _json(path: Path) -> dict[str, Json]:
    return to_mapping(json.loads(_text(path)))


def _yaml(path: Path) -> Json:
    content: Json = yaml.safe_load(_text(path))
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise BadInput(
            f"the release has no {path.name}",
            "sent nothing: archives need what it says",
            "make the release again with this version of gettok",
        ) from error
