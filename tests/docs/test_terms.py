"""What the pages name in backticks is so in the code: names, files, modules, columns, reasons, flags, exit codes."""

import re
from functools import cache

import pytest
import yaml
from pages import DOCS, GENERATED, INVENTED, PAGES, code_of, first_column, named
from root import ROOT

from gettok import errors
from gettok.annotate.prompt_injection.attack_types import ATTACK_TYPES
from gettok.compare.text_sources import COMPARED, TEXT_SOURCES, pair_name
from gettok.settings import Frames
from gettok.settings.registries import DOWNLOAD_BACKENDS
from gettok.speech.quality_flags import QUALITY_FLAGS
from gettok.tables import TABLES

HOW_TO = DOCS / "how-to"
WRITTEN = [page for page in PAGES if page != GENERATED]
CODE = ("bench", "conf", "sandbox", "src", "stages")
#: Arguments of other libraries in the examples.
FOREIGN = {
    *("load_dataset", "data_files", "aggregate_function"),
    *("col_types", "guess_max", "read_csv", "keep_default_na", "na_values", "low_memory"),
    *("schema_overrides", "infer_schema_length", "allow_quoted_nulls", "sample_size"),
}
PAIRS = {pair_name(*pair) for pair in COMPARED}
_NAME = re.compile(r"(?<![\w./@%$-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/%-])")
_PATH = re.compile(r"(?<![\w./:-])(?:bench|conf|docs|sandbox|src|stages|tests)/[\w./-]*[\w/]")
_MODULE = re.compile(r"(?:python -m )?(?P<module>(?:gettok|sandbox|stages|docs)(?:\.\w+)+)(?P<options>| .*)")


@cache
def words_of_the_code() -> set[str]:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*.*")]
    files += [ROOT / "dvc.yaml", ROOT / "pyproject.toml"]
    texts = [path.read_text("utf-8") for path in files if path.suffix in {".py", ".yaml", ".toml", ".html"}]
    return {word for text in texts for word in re.findall(r"\w+", text)} | {path.stem for path in files}


def is_known(name: str) -> bool:
    # `lost_REASON` is a column of a multiverse, `FAULT_once` a fault for one request
    parts = {name, name.removeprefix("lost_"), name.removesuffix("_once")}
    return not parts.isdisjoint(words_of_the_code() | PAIRS | INVENTED | FOREIGN)


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_each_name_with_an_underscore_occurs_in_the_code(page):
    names = {name for code in code_of(page) for name in _NAME.findall(code)}
    assert {name for name in names if not is_known(name)} == set()


def test_a_name_that_the_code_does_not_have_is_found():
    assert is_known("quality_flags")
    assert not is_known("no_such_name")
    assert _NAME.findall("gettok try x.y_z a_b=c_d data/e_f g_h.csv") == ["a_b", "c_d", "g_h"]


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_each_path_into_the_repository_exists(page):
    paths = {path for code in code_of(page) for path in _PATH.findall(code)}
    missing = {path for path in paths if not (ROOT / path).exists()}
    assert {path for path in missing if path.rsplit("/", 1)[-1].split(".")[0] not in INVENTED} == set()


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_each_path_below_data_is_an_output(page):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"].values()
    outputs = {out for stage in stages for out in [*stage.get("outs", []), *stage.get("metrics", [])]}
    allowed = (*outputs, "data/multiverse", "data/books", "data/deposits", "data/hydration", "data/releases")
    paths = {
        path.rstrip("/") for code in code_of(page) for path in re.findall(r"(?<![\w./])data/[\w./-]*\w", code)
    }
    assert {path for path in paths if not f"{path}/".startswith(tuple(f"{out}/" for out in allowed))} == set()


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_each_module_exists_with_its_options(page):
    for code in code_of(page):
        if match := _MODULE.fullmatch(code):
            file = module_file(match["module"])
            assert file is not None, code
            source = file.read_text("utf-8")
            for option in re.findall(r"--([\w-]+)", match["options"]):
                assert f'"--{option}"' in source or f"{option.replace('-', '_')}: Annotated" in source, code


def module_file(name):
    for root in (ROOT / "src", ROOT):
        path = root / name.replace(".", "/")
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_each_column_of_a_table_exists(page):
    """`stances.label` in a sentence."""
    settings = {f"frames.{name}" for name in Frames.model_fields}
    for code in code_of(page):
        table, _, column = code.partition(".")
        if (
            table in TABLES
            and code not in settings
            and re.fullmatch(r"[a-z_]+", column)
            and column not in {"parquet", "json", "csv", "py"}
        ):
            assert column in {each.name for each in TABLES[table].columns}, code


def test_the_reasons_and_flags_of_the_pages_are_those_of_the_code():
    assert tuple(first_column(HOW_TO / "transcripts.md", "flag")) == QUALITY_FLAGS
    assert tuple(first_column(HOW_TO / "prompt-injection.md", "attack type")) == tuple(ATTACK_TYPES)
    assert tuple(first_column(HOW_TO / "compare-transcripts.md", "source")) == tuple(TEXT_SOURCES)
    assert tuple(first_column(HOW_TO / "media.md", "`download=`")) == tuple(DOWNLOAD_BACKENDS)
    assert set(first_column(HOW_TO / "media.md", "reason")) <= errors.REASONS.keys()


def test_the_reasons_that_the_page_says_are_asked_again_are_asked_again():
    again = {
        reason
        for row in (HOW_TO / "media.md").read_text("utf-8").splitlines()
        if row.startswith("| `") and row.endswith("| yes |")
        for reason in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    assert again == errors.RETRYABLE - {"unanswered"}


def test_the_exit_codes_are_those_of_the_errors():
    page = (HOW_TO / "when-a-run-stops.md").read_text("utf-8")
    codes = {int(code) for code in re.findall(r"^\| (\d\d) \|", page, re.MULTILINE)}
    kinds = [errors.NotNow, errors.Stop, *errors.Stop.__subclasses__()]
    assert codes == {kind.exit_code for kind in kinds if kind.__module__ == errors.__name__}
