"""What DuckDB runs to write the files of a release: the same tables, columns and order, and the same joined dataset.

Names, texts and numbers are written as they are, which is right for the form `team`.
"""

from pathlib import Path

from gettok.release.forms import variable_columns
from gettok.settings import Settings
from gettok.tables import TABLES
from gettok.tables.dataset import fields_in
from gettok.tables.forms import FORM_OF, Form, columns_in

_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_WHERE = {
    "media": "media.parquet",
    "captions": "captions.parquet",
    "pairs": "comparison/pairs/*.parquet",
    "prompt_injection": "prompt_injection.parquet",
    "annotations": "annotations/*/*.parquet",
}


def statements(settings: Settings, data: Path, folder: Path) -> list[str]:
    """Of a release in the form of the settings. The CSV is written from the dataset's Parquet file, as ours is."""
    form = settings.release.form
    names = [name for name in sorted(FORM_OF) if columns_in(name, form)]
    tables = [
        _copy(_columns(name, form), _source(name, data), TABLES[name].sort, folder / f"{name}.parquet")
        for name in names
    ]
    dataset, lists = folder / "dataset.parquet", _lists(settings)
    parquet = f"COPY ({_join(settings, data)}) TO '{dataset}' ({_PARQUET})"
    joined = ", ".join(f'array_to_string("{name}", \'|\') AS "{name}"' for name in lists)
    replaced = f"* REPLACE ({joined})" if lists else "*"
    csv = f"COPY (SELECT {replaced} FROM '{dataset}') TO '{folder / 'dataset.csv'}' (FORMAT csv, HEADER)"
    return [*tables, parquet, csv]


def _source(name: str, data: Path) -> str:
    return f"read_parquet('{data / _WHERE.get(name, f'{name}/*.parquet')}')"


def _columns(name: str, form: Form) -> str:
    every = [column for column in TABLES[name].light if column in columns_in(name, form)]
    return ", ".join(f'"{column}"' for column in every)


def _copy(columns: str, source: str, sort: tuple[str, ...], path: Path) -> str:
    order = ", ".join(f'"{column}"' for column in sort)
    return f"COPY (SELECT {columns} FROM {source} ORDER BY {order}) TO '{path}' ({_PARQUET})"


def _join(settings: Settings, data: Path) -> str:
    form = settings.release.form
    fields = fields_in(form)
    columns = [f'{field.table}."{field.source}" AS "{field.column.name}"' for field in fields]
    others = dict.fromkeys(field.table for field in fields if field.table != "videos")
    joins = [
        f"LEFT JOIN {_source(name, data)} {name} ON {name}.video_id = videos.video_id" for name in others
    ]
    for name, variable in settings.codebook.variables.items():
        of_variable = variable_columns(name, variable, form).items()
        columns += [f'v_{name}."{source}" AS "{column.name}"' for source, column in of_variable]
        rows = f"(SELECT * FROM {_source('annotations', data)} WHERE variable = '{name}')"
        joins += [f"LEFT JOIN {rows} v_{name} ON v_{name}.video_id = videos.video_id"] if of_variable else []
    whole = f"{_source('videos', data)} videos {' '.join(joins)}"
    return f"SELECT {', '.join(columns)} FROM {whole} ORDER BY videos.video_id"


def _lists(settings: Settings) -> list[str]:
    """The dataset's columns of lists."""
    form = settings.release.form
    fields = [field.column for field in fields_in(form)]
    for name, variable in settings.codebook.variables.items():
        fields += variable_columns(name, variable, form).values()
    return [column.name for column in fields if str(column.dtype).startswith("List")]
