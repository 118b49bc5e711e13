"""The layout's rules: what is where, and which packages may import which."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from root import ROOT

from gettok.books import STAGES

GETTOK = ROOT / "src" / "gettok"
#: The floors of the library, from the ground up: a package imports from the floors below its own, and from no other.
FLOORS = (
    {"errors", "stats"},
    {"step"},
    {"store"},
    {"engine", "tables"},
    {"http", "models", "settings"},
    {"books", "media", "research_api", "text"},
    {"collect", "compare", "frames", "llm", "ocr", "speech"},
    {"describe", "download", "tabulate"},
    {"annotate"},
    {"release"},
    {"report"},
    {"hydrate", "multiverse"},
    {"pipeline"},
    {"purge"},
    {"cli"},
)
FLOOR_OF = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
LOOSE = {"__init__", "books", "errors", "step"}
#: DVC and Hydra are known to the shell around the stages, to what removes bytes from DVC's places, and to the commands.
TOP = {"pipeline", "purge", "cli"}


def imported(file: Path) -> Iterator[str]:
    """Every name that a file imports, anywhere in it, as one dotted name."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(file: Path) -> str:
    return file.relative_to(GETTOK).with_suffix("").parts[0]


def test_every_package_is_on_a_floor_and_only_three_modules_are_loose():
    packages = {folder.name for folder in GETTOK.iterdir() if (folder / "__init__.py").is_file()}
    assert {file.stem for file in GETTOK.glob("*.py")} == LOOSE
    assert packages | LOOSE - {"__init__"} == set(FLOOR_OF)


@pytest.mark.parametrize("package", sorted(FLOOR_OF))
def test_a_package_imports_from_the_floors_below_its_own(package):
    files = [*GETTOK.glob(f"{package}.py"), *(GETTOK / package).rglob("*.py")]
    assert files
    for file in files:
        for name in imported(file):
            first, *rest = name.split(".")
            if first == "gettok" and rest and rest[0] in FLOOR_OF and rest[0] != package:
                assert FLOOR_OF[rest[0]] < FLOOR_OF[package], f"{file} imports {name}"


def test_the_library_imports_nothing_of_what_is_above_it():
    for file in GETTOK.rglob("*.py"):
        roots = {name.split(".")[0] for name in imported(file)}
        assert not roots & {"stages", "sandbox", "bench", "tests"}, file
        if package_of(file) not in TOP:
            assert not roots & {"hydra", "omegaconf", "dvc", "dvc_data"}, file


def test_the_stages_folder_holds_the_stages_and_nothing_else():
    files = {file.name for file in (ROOT / "stages").iterdir() if file.name != "__pycache__"}
    assert files == {"__init__.py", *(f"{stage.name}.py" for stage in STAGES)}
    for file in (ROOT / "stages").glob("*.py"):
        assert "stages" not in {name.split(".")[0] for name in imported(file)}, (
            f"{file} imports another stage"
        )


def test_the_sandbox_knows_no_stage():
    for file in (ROOT / "sandbox").rglob("*.py"):
        assert "stages" not in {name.split(".")[0] for name in imported(file)}, file


def test_no_module_is_too_long_to_read():
    for file in [*GETTOK.rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        assert len(file.read_text("utf-8").splitlines()) <= 350, file


def test_a_class_name_means_one_thing():
    defined = Counter(
        node.name
        for file in GETTOK.rglob("*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in defined.items() if count > 1] == []


#: What may be done with `DATA / …`: an output is written, or looked for. It is read through `gettok.pipeline.outputs`.
WRITES = {
    "absolute",
    "atomic_dir",
    "full_disk_as_no_space",
    "is_dir",
    "is_file",
    "str",
    "write",
    "write_json",
    "write_release",
    "_scratch_folder",
}


def reads_of_data(file: Path) -> list[int]:
    """The lines where `DATA` is used for something else than to write below it."""
    tree = ast.parse(file.read_text("utf-8"))
    written = {
        id(name)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rsplit(".")[-1] in WRITES
        for place in (*call.args, getattr(call.func, "value", None))
        if isinstance(place, ast.BinOp | ast.Name)
        for name in ast.walk(place)
    }
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "DATA")
    return [name.lineno for name in names if id(name) not in written]


def test_outputs_of_other_stages_are_read_only_once_their_bytes_are_compared():
    files = {*GETTOK.rglob("*.py"), *(ROOT / "stages").glob("*.py")}
    files -= {GETTOK / "pipeline" / name for name in ("outputs.py", "paths.py")}
    files.remove(GETTOK / "cli" / "store_damage.py")  # it looks for what is damaged
    assert {str(file): lines for file in files if (lines := reads_of_data(file))} == {}


def test_what_is_compared_is_an_output_of_dvc():
    text = (ROOT / "dvc.yaml").read_text("utf-8")
    for file in [*GETTOK.rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        for name in re.findall(r'\boutput\("([^"{]+)"\)', file.read_text("utf-8")):
            assert re.search(rf"data/{re.escape(name)}[],\s]", text), f"{file}: {name}"
