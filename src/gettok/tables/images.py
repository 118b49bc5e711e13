"""Columns of pictures, laid out as `datasets` of Hugging Face and the hub's viewer expect them."""

import json
from collections.abc import Collection
from typing import IO

import polars as pl
import pyarrow as pa
from pyarrow import parquet

#: One picture: the bytes of its file, and a name for it.
IMAGE = pl.Struct({"bytes": pl.Binary, "path": pl.String})
#: The very type that `datasets` compares with; polars would write its large twins, which it takes for no picture.
_ARROW = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_images(frame: pl.DataFrame, images: Collection[str], file: IO[bytes], rows_per_group: int) -> None:
    """Write the frame as Parquet that says which columns are pictures; the same frame gives the same bytes."""
    schema = _schema(frame.head(0).to_arrow().schema, images)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        # group by group: one array of this type holds no more than 2 GB
        for rows in frame.iter_slices(rows_per_group):
            writer.write_table(rows.to_arrow().cast(schema))


def _schema(plain: pa.Schema, images: Collection[str]) -> pa.Schema:
    fields = [pa.field(field.name, _ARROW) if field.name in images else field for field in plain]
    features = {name: {"_type": "Image"} for name in sorted(images)}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})
