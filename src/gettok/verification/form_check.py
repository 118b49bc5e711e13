"""Whether a release has no columns but those of its form: one more would be shared with people who must not have it."""

from collections.abc import Iterator, Mapping

from gettok.step import Json
from gettok.tables.dataset import DATASET, fields_in, variable_column_names, without_value
from gettok.tables.dictionary_reading import DeclaredTable
from gettok.tables.forms import FORMS, Form, columns_in

PROVENANCE = "provenance.json"


def wrong_form(provenance: Mapping[str, Json], tables: Mapping[str, DeclaredTable]) -> Iterator[str]:
    """A line for a form that is not known, or for each table with columns that its form does not have.

    `tables` are those that the release's dictionary declares; that the files have the same columns is another check.
    """
    if not provenance:
        return
    form = str(provenance.get("form"))
    if form not in FORMS:
        known = ", ".join(FORMS)
        yield f"{PROVENANCE} names the form {form}, which this version of gettok lacks: {known}"
        return
    for name, table in tables.items():
        allowed = _allowed(name, form, provenance)
        if not allowed:
            yield f"{name}.parquet is in no release of the form {form}"
        elif more := ", ".join(column for column in table.types if column not in allowed):
            yield f"{name}.parquet has columns that no release of the form {form} has: {more}"


def _allowed(table: str, form: Form, provenance: Mapping[str, Json]) -> frozenset[str]:
    if table != DATASET.name:
        return columns_in(table, form)
    fixed = {field.column.name for field in fields_in(form)}
    return frozenset(
        fixed.union(*(_of_variable(*variable, form) for variable in _variables(provenance).items()))
    )


def _of_variable(name: str, kind: str, form: Form) -> set[str]:
    if form == "ids_only":
        return set()
    columns = variable_column_names(name)
    return {column for what, column in columns.items() if what != "value" or not without_value(kind, form)}


def _variables(provenance: Mapping[str, Json]) -> dict[str, str]:
    """The kind of each variable of the codebook; none if the provenance does not say it."""
    try:
        return {name: of["kind"] for name, of in provenance["settings"]["codebook"]["variables"].items()}
    except (LookupError, TypeError, AttributeError):
        return {}
