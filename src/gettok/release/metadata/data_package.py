"""`datapackage.json`: the release as a Data Package (version 2), with a schema of each table."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from gettok.release.metadata.facts import Facts
from gettok.release.metadata.files import ReleasedFile
from gettok.release.metadata.schema_org import stated
from gettok.settings import Author
from gettok.tables import Column, Table
from gettok.tables.dictionary import type_name

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
#: A list or a struct in Parquet is `any`: frictionless takes neither for its own `array` or `object`.
_TYPES: dict[pl.datatypes.DataTypeClass, str] = {
    pl.String: "string",
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
}
#: What a missing number or time is for readers that read Parquet through pandas, as frictionless does.
_MISSING = {"integer": ["nan"], "number": ["nan"], "datetime": ["NaT"], "date": ["NaT"]}


def content(facts: Facts, files: Iterable[ReleasedFile]) -> dict[str, Any]:
    """The content, with a resource for each of the files; those of tables have a schema."""
    citation = facts.citation
    return stated(
        {
            "$schema": _PROFILE,
            "name": facts.settings.study.name,
            "title": facts.title,
            "description": facts.description,
            "version": citation.version,
            "created": facts.published and f"{facts.published}T00:00:00Z",
            "homepage": citation.url,
            "id": citation.doi and f"https://doi.org/{citation.doi}",
            "keywords": list(citation.keywords),
            "licenses": [{"name": citation.licence, "path": facts.licence_url}] if citation.licence else None,
            "contributors": [_contributor(author) for author in citation.authors] + _contact(facts),
            "funding": [stated(grant.model_dump()) for grant in citation.funding],
            "resources": [_resource(file, facts) for file in files],
        }
    )


def _contributor(author: Author) -> dict[str, Any]:
    return stated(
        {
            "title": author.name,
            "givenName": author.given,
            "familyName": author.given and author.family,
            "path": author.orcid and f"https://orcid.org/{author.orcid}",
            "organization": author.affiliation,
            "roles": ["author"],
        }
    )


def _contact(facts: Facts) -> list[dict[str, Any]]:
    contact = facts.citation.contact
    return [{"title": contact.name, "email": contact.email, "roles": ["contact"]}] if contact else []


def _resource(file: ReleasedFile, facts: Facts) -> dict[str, Any]:
    stem, _, ending = file.name.rpartition(".")
    resource: dict[str, Any] = {
        "name": file.name.lower(),
        "path": file.name,
        "description": file.sentence,
        "format": ending,
        "mediatype": file.media_type,
        "hash": f"sha256:{file.sha256}",
    }
    if ending != "parquet":  # frictionless counts no bytes of Parquet, and reports that as an error
        resource["bytes"] = file.bytes
    table = next((table for table in facts.tables if table.name == stem), None)
    if table is None or ending not in ("parquet", "csv"):
        return resource
    schema = _parquet_schema(table) if ending == "parquet" else _csv_schema(table)
    return {**resource, "type": "table", "encoding": "utf-8", "schema": schema}


def _parquet_schema(table: Table) -> dict[str, Any]:
    return {
        "fields": [_parquet_field(column) for column in table.columns],
        "primaryKey": list(table.sort),
        "missingValues": [],
    }


def _parquet_field(column: Column) -> dict[str, Any]:
    kind = _TYPES.get(column.dtype.base_type(), "any")
    sentence = column.sentence if kind != "any" else f"({type_name(column.dtype)}) {column.sentence}"
    return stated(
        {
            "name": column.name,
            "type": kind,
            "description": sentence,
            "missingValues": _MISSING.get(kind),
        }
    )


def _csv_schema(table: Table) -> dict[str, Any]:
    return {
        "fields": [_csv_field(column) for column in table.columns],
        "primaryKey": list(table.sort),
        "missingValues": [""],
    }


def _csv_field(column: Column) -> dict[str, Any]:
    """A list is one text with `|` between its members."""
    field = {"name": column.name, "description": column.sentence}
    if isinstance(column.dtype, pl.List):
        return {**field, "type": "list", "delimiter": "|"}
    return {**field, "type": _TYPES[column.dtype.base_type()]}
