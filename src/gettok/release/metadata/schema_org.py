"""People, licence and funding in schema.org's vocabulary, which Croissant and RO-Crate share."""

from collections.abc import Mapping
from typing import Any

from gettok.release.metadata.facts import NOT_STATED, Facts
from gettok.settings import Author, Grant


def described(facts: Facts) -> dict[str, Any]:
    """The properties of the dataset that both formats have; people and grants are nested."""
    citation, study = facts.citation, facts.settings.study
    return stated(
        {
            "name": facts.title,
            "description": facts.description,
            "keywords": list(citation.keywords),
            "license": facts.licence_url or NOT_STATED,
            "version": citation.version,
            "datePublished": facts.published and facts.published.isoformat(),
            "temporalCoverage": f"{study.start}/{study.end}",
            "url": facts.url,
            "identifier": citation.doi and f"https://doi.org/{citation.doi}",
            "creator": [_person(author) for author in citation.authors],
            "contactPoint": citation.contact
            and {
                "@type": "ContactPoint",
                "@id": f"mailto:{citation.contact.email}",
                "name": citation.contact.name,
                "email": citation.contact.email,
            },
            "funding": [_grant(grant) for grant in citation.funding],
        }
    )


def stated(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that have no value."""
    return {name: value for name, value in properties.items() if value not in (None, "", [], {})}


def _person(author: Author) -> dict[str, Any]:
    return stated(
        {
            "@type": "Person" if author.given else "Organization",
            "@id": author.orcid and f"https://orcid.org/{author.orcid}",
            "name": author.name,
            "givenName": author.given,
            "familyName": author.given and author.family,
            "affiliation": author.affiliation and {"@type": "Organization", "name": author.affiliation},
        }
    )


def _grant(grant: Grant) -> dict[str, Any]:
    return stated(
        {
            "@type": "Grant",
            "identifier": grant.grant,
            "funder": {"@type": "Organization", "name": grant.funder},
        }
    )
