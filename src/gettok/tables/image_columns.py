"""Columns of pictures, in the layout that Hugging Face's `datasets` and the hub's viewer expect."""

import json
from collections.abc import Iterable
from typing import IO

import polars as pl
import pyarrow as pa
from pyarrow import parquet

#: One picture: the bytes of its file, and a file name.
IMAGE = pl.Struct({"bytes": pl.Binary, "path": pl.String})
#: The exact type that `datasets` expects; polars writes large_binary and large_string, which it does not accept.
_ARROW = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_images(groups: Iterable[pl.DataFrame], schema: pl.Schema, file: IO[bytes]) -> None:
    """Write groups of rows as Parquet whose metadata names the columns of pictures; deterministic."""
    arrow = _schema(schema)
    with parquet.ParquetWriter(file, arrow, compression="zstd") as writer:
        # one group at a time: an array of this type holds at most 2 GB
        for rows in groups:
            writer.write_table(rows.to_arrow().cast(arrow))


def _schema(schema: pl.Schema) -> pa.Schema:
    images = images_in(schema)
    plain = pl.DataFrame(schema=schema).to_arrow().schema
    fields = [pa.field(field.name, _ARROW) if field.name in images else field for field in plain]
    features = {name: {"_type": "Image"} for name in images}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def images_in(schema: pl.Schema) -> list[str]:
    """The columns that contain pictures, in order of name."""
    return sorted(name for name, dtype in schema.items() if dtype == IMAGE)
