"""Columns of pictures, in the layout that Hugging Face's `datasets` and the hub's viewer expect."""

import json
from collections.abc import Iterable
from importlib import import_module
from typing import IO, Any

import polars as pl

#: pyarrow takes a tenth of a second to import, and only stages that write pictures need it
_late = import_module

#: One picture: the bytes of its file, and a file name.
IMAGE = pl.Struct({"bytes": pl.Binary, "path": pl.String})


def write_images(groups: Iterable[pl.DataFrame], schema: pl.Schema, file: IO[bytes]) -> None:
    """Write groups of rows as Parquet whose metadata names the columns of pictures; deterministic."""
    arrow = _schema(schema)
    with _late("pyarrow.parquet").ParquetWriter(file, arrow, compression="zstd") as writer:
        # one group at a time: an array of this type holds at most 2 GB
        for rows in groups:
            writer.write_table(rows.to_arrow().cast(arrow))


def _schema(schema: pl.Schema) -> Any:
    pa = _late("pyarrow")
    # the exact type that `datasets` expects; polars writes large_binary and large_string, which it does not accept
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = images_in(schema)
    plain = pl.DataFrame(schema=schema).to_arrow().schema
    fields = [pa.field(field.name, image) if field.name in images else field for field in plain]
    features = {name: {"_type": "Image"} for name in images}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def images_in(schema: pl.Schema) -> list[str]:
    """The columns that contain pictures, in order of name."""
    return sorted(name for name, dtype in schema.items() if dtype == IMAGE)
