"""How a release is cited: its title, people, licence and version."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from gettok.settings.fields import SANDBOX, Address, Day, Section, Text, Words, as_tuple
from gettok.settings.nearest import did_you_mean


def orcid(value: str) -> str:
    """An ORCID iD, with its check digit (ISO 7064, MOD 11-2)."""
    found = re.fullmatch(r"(?:https?://orcid\.org/)?((?:\d{4}-){3}\d{3}[\dX])/?", value)
    if not found:
        raise ValueError(f"{value!r} is not an ORCID iD, such as '0000-0002-1825-0097'")
    if value != found[1]:
        raise ValueError(f"{value!r} must be the ORCID iD alone; did you mean {found[1]!r}?")
    digits = value.replace("-", "")
    if _check_digit(digits[:-1]) != digits[-1]:
        raise ValueError(
            f"{value!r} is not an ORCID iD: its last digit does not fit the others; copy it again"
        )
    return value


def _check_digit(digits: str) -> str:
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11]


def licence(value: str) -> str:
    """The id of a licence in the SPDX list."""
    from license_expression import get_spdx_licensing  # noqa: PLC0415 - reads a list of 2,500 licences

    symbols = get_spdx_licensing().known_symbols.items()
    known = [
        name
        for name, symbol in symbols
        if not (symbol.is_exception or symbol.is_deprecated or name.startswith("LicenseRef-"))
    ]
    if value in known:
        return value
    raise ValueError(
        f"{value!r} is not an id of the SPDX list (https://spdx.org/licenses/){did_you_mean(value, known)}"
    )


def doi(value: str) -> str:
    found = re.fullmatch(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)", value)
    if not found:
        raise ValueError(f"{value!r} is not a DOI, such as '10.5281/zenodo.1234567'")
    if value != found[1]:
        raise ValueError(f"{value!r} must be the DOI alone; did you mean {found[1]!r}?")
    return value


def web_address(value: str) -> str:
    if value == SANDBOX:
        raise ValueError("must begin with https:// or http://")
    return value


def email(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", value):
        raise ValueError(f"{value!r} is not an e-mail address")
    return value


def version(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+-]*", value):
        raise ValueError(f"{value!r} is not a version, such as '1.2.0'")
    return value


Orcid = Annotated[str, AfterValidator(orcid)]
Licence = Annotated[str, AfterValidator(licence)]
Doi = Annotated[str, AfterValidator(doi)]
Email = Annotated[str, AfterValidator(email)]
WebAddress = Annotated[Address, AfterValidator(web_address)]
Version = Annotated[str, AfterValidator(version)]


class Author(Section):
    """A person, or a group, whose name is then `family` alone."""

    given: Text | None = None
    family: Text
    orcid: Orcid | None = None
    affiliation: Text | None = None

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.given, self.family)))


class Contact(Section):
    name: Text
    email: Email


class Grant(Section):
    funder: Text
    grant: Text | None = None


class Citation(Section):
    """What people and machines need to cite a release. `None` and an empty list: it is not stated."""

    title: Text | None
    description: Text | None
    authors: Annotated[tuple[Author, ...], BeforeValidator(as_tuple)]
    keywords: Words
    licence: Licence | None
    version: Version
    published: Day | None
    doi: Doi | None
    url: WebAddress | None
    contact: Contact | None
    funding: Annotated[tuple[Grant, ...], BeforeValidator(as_tuple)]

    @property
    def missing(self) -> list[str]:
        """The settings without which a release can hardly be cited or used by others."""
        wanted = {
            "authors": self.authors,
            "licence": self.licence,
            "doi or url": self.doi or self.url,
            "contact": self.contact,
        }
        return [name for name, value in wanted.items() if not value]
