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
    fields = [_field(table, column) for column in table.columns]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.sentence,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.sort],
        "field": [field for field in fields if field],
    }


def _field(table: Table, column: Column) -> dict[str, Any] | None:
    field = _typed(table.name, (column.name,), column.dtype)
    return field and {**field, "description": _sentence(column)}


def _sentence(column: Column) -> str:
    left_out = _nested_twice(column.dtype)
    if not left_out:
        return column.sentence
    return (
        f"{column.sentence} Croissant cannot say the part {', '.join(left_out)}, which the Parquet file has."
    )


def _typed(table: str, path: Sequence[str], dtype: _Type) -> dict[str, Any] | None:
    """A field for what is at a path of names; None for a type that Croissant has no word for, such as bytes."""
    name = "/".join((table, *path))
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    if isinstance(dtype, pl.List):
        field |= {"isArray": True, "arrayShape": "-1"}
        dtype = dtype.inner
    if dtype == IMAGE:
        return {**field, "dataType": "sc:ImageObject", "source": _source(table, (*path, "bytes"))}
    if isinstance(dtype, pl.Struct):
        parts = [_part(table, path, part) for part in dtype.fields]
        return {**field, "subField": [part for part in parts if part]}
    if dtype.base_type() not in _TYPES:
        return None
    return {**field, "dataType": _TYPES[dtype.base_type()], "source": _source(table, path)}


def _part(table: str, path: Sequence[str], part: pl.Field) -> dict[str, Any] | None:
    """A field of a struct; a reader takes no list or struct in it apart."""
    return None if _is_nested(part.dtype) else _typed(table, (*path, part.name), part.dtype)


def _nested_twice(dtype: _Type) -> list[str]:
    """The parts of a struct that are lists or structs themselves, with their types."""
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    if dtype == IMAGE or not isinstance(inner, pl.Struct):
        return []
    return [f"{part.name} ({type_name(part.dtype)})" for part in inner.fields if _is_nested(part.dtype)]


def _is_nested(dtype: _Type) -> bool:
    return dtype.is_nested()


def _source(table: str, path: Sequence[str]) -> dict[str, Any]:
    column, *rest = path
    source: dict[str, Any] = {
        "fileObject": {"@id": f"{table}.parquet"},
        "extract": {"column": column},
    }
    return source | ({"transform": {"jsonPath": ".".join(rest)}} if rest else {})
