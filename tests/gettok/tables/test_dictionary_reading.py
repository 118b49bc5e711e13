"""The data dictionary can be read back."""

from gettok.release import DATASET
from gettok.tables import TABLES
from gettok.tables.dictionary import markdown, type_name
from gettok.tables.dictionary_reading import declared_tables


def test_every_declared_table_is_read_back():
    tables = {table.name: table for table in (DATASET, *TABLES.values())}
    found = declared_tables(markdown(tables.values()))
    assert {name: (table.types, table.sort) for name, table in found.items()} == {
        name: ({column.name: type_name(column.dtype) for column in table.columns}, table.sort)
        for name, table in tables.items()
    }


def test_sections_that_declare_no_table_are_left_out():
    assert declared_tables("# A\n\n## Reasons\n\n| reason | meaning |\n|---|---|\n| `gone` | text |\n") == {}
