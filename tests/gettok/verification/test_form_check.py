"""A release has the columns of its form and no other, and its books have the rates of its variants."""

import json

import polars as pl
import pytest
from released_study import edit, released, reseal

from gettok.tables import TABLES
from gettok.tables.dataset import DATASET, fields_in
from gettok.tables.dictionary import type_name
from gettok.tables.forms import FORM_OF, FORMS, columns_in
from gettok.verification.folder_check import verify


def problems(folder):
    return list(verify(folder).problems)


def add_column(folder, table, column, dtype, content="x"):
    """Put a column into a table of a release, its dictionary and, of the dataset, its CSV."""
    edit(folder, table, lambda rows: rows.with_columns(pl.lit(content).cast(dtype).alias(column)))
    path = folder / "data_dictionary.md"
    head, name, tail = path.read_text("utf-8").partition(f"## {table}\n")
    last = tail.index("\n\n", tail.index("|---|")) if "\n\n" in tail[tail.index("|---|") :] else len(tail)
    path.write_text(f"{head}{name}{tail[:last]}\n| `{column}` | {type_name(dtype)} | More. |{tail[last:]}")
    if table == "dataset":
        lines = (folder / "dataset.csv").read_text("utf-8").splitlines()
        more = [f'"{column}"', *[f'"{content}"'] * (len(lines) - 1)]
        csv = "".join(f"{line},{cell}\n" for line, cell in zip(lines, more, strict=True))
        (folder / "dataset.csv").write_text(csv, "utf-8")
    reseal(folder)


def test_a_controlled_release_with_a_column_of_the_team_is_wrong(tmp_path):
    folder = released(tmp_path / "release", form="controlled")
    add_column(folder, "videos", "username", pl.String)
    assert problems(folder) == [
        "videos.parquet has columns that no release of the form controlled has: username"
    ]


def test_a_controlled_dataset_with_a_caption_is_wrong(tmp_path):
    folder = released(tmp_path / "release", form="controlled")
    add_column(folder, "dataset", "caption", pl.String)
    assert problems(folder) == [
        "dataset.parquet has columns that no release of the form controlled has: caption"
    ]


@pytest.mark.parametrize("form", FORMS[:-1])
@pytest.mark.parametrize("table", ["dataset", *FORM_OF])
def test_every_column_of_a_more_closed_form_is_named(form, table, tmp_path):
    """What the dictionary declares is compared: that the files have the same columns is another check."""
    folder = released(tmp_path / "release", form=form)
    if table == "dataset":
        allowed = {field.column.name for field in fields_in(form)}
        more = [column for column in DATASET.columns if column.name not in allowed]
    else:
        allowed = columns_in(table, form)
        more = [column for column in TABLES[table].columns if column.name not in allowed]
    path = folder / "data_dictionary.md"
    text = path.read_text("utf-8")
    if f"## {table}\n" not in text:
        declared = DATASET if table == "dataset" else TABLES[table]
        first = next((column for column in declared.columns if column.name in allowed), declared.columns[0])
        pl.DataFrame(schema={first.name: first.dtype}).write_parquet(folder / f"{table}.parquet")
        line = f"| `{first.name}` | {type_name(first.dtype)} | More. |"
        text += f"\n## {table}\n\nMore. Sorted by {first.name}.\n\n{line}\n"
    for column in more:
        line = f"| `{column.name}` | {type_name(column.dtype)} | More. |"
        path.write_text(text.replace(f"## {table}\n", f"## {table}\n\n{line}\n", 1), "utf-8")
        reseal(folder)
        is_in_another = f"has columns that no release of the form {form} has: {column.name}"
        said = is_in_another if allowed else f"is in no release of the form {form}"
        assert f"{table}.parquet {said}" in problems(folder)


@pytest.mark.parametrize(("form", "is_wrong"), [("team", False), ("controlled", True), ("public", True)])
def test_the_words_of_a_variable_are_the_teams_alone(form, is_wrong, tmp_path):
    """The values of a variable of texts repeat what a person said."""
    folder = released(tmp_path / "release", form=form)
    settings = json.loads((folder / "provenance.json").read_text("utf-8"))["settings"]
    [name] = [name for name, of in settings["codebook"]["variables"].items() if of["kind"] == "text"]
    if is_wrong:
        assert name not in pl.read_parquet_schema(folder / "dataset.parquet")
        add_column(folder, "dataset", name, pl.String)
        assert problems(folder) == [
            f"dataset.parquet has columns that no release of the form {form} has: {name}"
        ]
    else:
        assert name in pl.read_parquet_schema(folder / "dataset.parquet")
        assert problems(folder) == []


def test_a_column_of_no_variable_is_wrong(tmp_path):
    folder = released(tmp_path / "release", form="public")
    add_column(folder, "dataset", "names", pl.String)
    assert problems(folder) == ["dataset.parquet has columns that no release of the form public has: names"]


@pytest.mark.parametrize("form", ["public", "controlled", "team"])
def test_a_flip_that_is_changed_is_found_by_the_rates_in_the_books(form, tmp_path):
    folder = released(tmp_path / "release", form=form)
    variants = pl.read_parquet(folder / "prompt_injection.parquet")
    assert variants["flipped"].drop_nulls().len(), "there are variants to change"
    edit(folder, "prompt_injection", lambda rows: rows.with_columns(~pl.col("flipped")))
    names = variants.filter(pl.col("flipped").is_not_null())["variable"].unique().sort()
    assert problems(folder) == [
        f"books.json has other rates of prompt injection than prompt_injection.parquet for {name}"
        for name in names
    ]


def test_a_rate_that_is_changed_is_found_by_its_table(tmp_path):
    folder = released(tmp_path / "release")
    books = json.loads((folder / "books.json").read_text("utf-8"))
    name = min(books["prompt_injection"]["variables"])
    books["prompt_injection"]["variables"][name]["control"]["flipped"]["count"] += 1
    (folder / "books.json").write_text(json.dumps(books), "utf-8")
    reseal(folder)
    assert problems(folder) == [
        f"books.json has other rates of prompt injection than prompt_injection.parquet for {name}"
    ]


def test_rates_are_not_compared_where_videos_were_withdrawn(tmp_path):
    """The books count the variants of these videos, and the table does not have them."""
    folder = released(tmp_path / "release", withdrawn=["7213456789012345601"])
    assert problems(folder) == []


@pytest.mark.parametrize("rates", [None, {"variables": {}}, 3, {"rates": 1}])
def test_books_without_the_rates_of_a_table_are_wrong(rates, tmp_path):
    folder = released(tmp_path / "release")
    books = json.loads((folder / "books.json").read_text("utf-8"))
    (folder / "books.json").write_text(json.dumps({**books, "prompt_injection": rates}), "utf-8")
    reseal(folder)
    found = problems(folder)
    assert found
    assert all("rates" in problem for problem in found)
