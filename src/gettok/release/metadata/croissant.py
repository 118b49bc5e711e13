"""`croissant.json`: the release in Croissant 1.1, with the responsible-AI vocabulary."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from gettok.release.metadata import schema_org
from gettok.release.metadata.citation_file import bibtex
from gettok.release.metadata.facts import Facts
from gettok.release.metadata.files import ReleasedFile
from gettok.release.metadata.responsible_ai import responsible_ai
from gettok.tables import IMAGE, Column, Table
from gettok.tables.dictionary import type_name

_CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
_TERMS = """
arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format includes
isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate
separator source subField transform
""".split()  # noqa: SIM905 - one word beside the other
#: The context that the specification recommends; without `rai` in it, readers pass over the vocabulary in silence.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_TYPES: dict[pl.datatypes.DataTypeClass, str] = {
    pl.String: "sc:Text",
    pl.Int64: "cr:Int64",
    pl.Float64: "cr:Float64",
    pl.Boolean: "sc:Boolean",
    pl.Date: "sc:Date",
    pl.Datetime: "sc:DateTime",
}
_Type = pl.DataType | pl.datatypes.DataTypeClass


def content(facts: Facts, files: Iterable[ReleasedFile]) -> dict[str, Any]:
    """The content, with a FileObject for each of the files and a RecordSet for each table."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(_CONFORMS_TO),
        **schema_org.described(facts),
        "citeAs": bibtex(facts),
        **responsible_ai(facts),
        "distribution": [_file_object(file) for file in files],
        "recordSet": [_record_set(table) for table in facts.tables],
    }


def _file_object(file: ReleasedFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "description": file.sentence,
        "contentUrl": file.name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.sentence,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.sort],
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: Table, column: Column) -> dict[str, Any]:
    return {**_typed(table.name, (column.name,), column.dtype), "description": _sentence(column)}


def _sentence(column: Column) -> str:
    left_out = _nested_twice(column.dtype)
    if not left_out:
        return column.sentence
    return (
        f"{column.sentence} Croissant cannot say the part {', '.join(left_out)}, which the Parquet file has."
    )


def _typed(table: str, path: Sequence[str], dtype: _Type) -> dict[str, Any]:
    """A field for what is at a path of names: a column, or a part of a struct in it."""
    name = "/".join((table, *path))
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    depth, inner = _unlisted(dtype)
    if depth:
        field |= {"isArray": True, "arrayShape": ",".join(["-1"] * depth)}
    if inner == IMAGE:
        return {**field, "dataType": "sc:ImageObject", "source": _source(table, (*path, "bytes"))}
    if isinstance(inner, pl.Struct):
        parts = [part for part in inner.fields if not part.dtype.is_nested()]
        return {**field, "subField": [_typed(table, (*path, part.name), part.dtype) for part in parts]}
    return {**field, "dataType": _TYPES[inner.base_type()], "source": _source(table, path)}


def _unlisted(dtype: _Type) -> tuple[int, _Type]:
    """How many lists are within each other, and what is in them."""
    depth = 0
    while isinstance(dtype, pl.List):
        depth, dtype = depth + 1, dtype.inner
    return depth, dtype


def _nested_twice(dtype: _Type) -> list[str]:
    """The parts of a struct that are lists or structs themselves, with their types. No reader takes these apart."""
    _, inner = _unlisted(dtype)
    if inner == IMAGE or not isinstance(inner, pl.Struct):
        return []
    return [f"{part.name} ({type_name(part.dtype)})" for part in inner.fields if part.dtype.is_nested()]


def _source(table: str, path: Sequence[str]) -> dict[str, Any]:
    column, *rest = path
    source: dict[str, Any] = {
        "fileObject": {"@id": f"{table}.parquet"},
        "extract": {"column": column},
    }
    return source | ({"transform": {"jsonPath": ".".join(rest)}} if rest else {})
