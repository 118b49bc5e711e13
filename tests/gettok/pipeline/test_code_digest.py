"""The code digests change when what the code does may change, and never otherwise."""

import ast
import io
import json
import shutil
import tokenize
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from root import ROOT

from gettok.errors import BadSettings
from gettok.pipeline.code_digest import as_json, current_code, reached_from, significant

SOURCE = '''"""A module."""

import os  # why


class C:
    """A class."""

    #: a comment
    x = "# no comment"  # a comment

    def f(self):
        """Says “ñandú” — more than one byte a letter."""  # and a comment
        return f"{os.sep} # {1 + 1}"
'''

TRICKY = r'''
x = f"{'#'!r:>{len('ab')}} # {{" + r'\\' + """a

# b"""  # c
y = 'it\'s # 1' '''

LEFT = '''import os
class C:
    x = "# no comment"
    def f(self):
        return f"{os.sep} # {1 + 1}"'''


def test_comments_docstrings_and_blank_lines_are_left_out_and_nothing_else():
    assert [line for line in significant(SOURCE).split("\n") if line.strip()] == LEFT.split("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 1  # one"),
        ('"""A."""\nx = 1', '"""Another, with\n\nlines."""\n\n\n# more\nx = 1'),
        ("def f():\n    return 1", 'def f():\n    """Says one."""\n\n    return 1'),
        ("class C:\n    x = 1", 'class C:\n    r"""Has x."""\n    x = 1'),
        ("x = [\n    1,\n    2,\n]", "x = [\n    1,  # one\n\n    2,\n]\n"),
        ("async def f():\n    return 1", 'async def f():\n    "Says one."\n    return 1'),
    ],
)
def test_an_edit_of_words_alone_changes_nothing(before, after):
    assert significant(before).split("\n") == [
        line for line in significant(after).split("\n") if line.strip()
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ('x = "a # b"', 'x = "a # c"'),
        ('x = """a\n\n\nb"""', 'x = """a\n\nb"""'),
        ('x = """a\n# b"""', 'x = """a\n# c"""'),
        ("x = 'it\\'s # 1'", "x = 'it\\'s # 2'"),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ('def f():\n    "doc"\n    "more"', 'def f():\n    "doc"\n    "less"'),
        ('x = r"\\d # 1"', 'x = r"\\d # 2"'),
    ],
)
def test_an_edit_of_what_the_code_does_changes_it(before, after):
    ast.parse(before)
    ast.parse(after)
    assert significant(before) != significant(after)


def words(source: str, left_out: frozenset[tuple[int, int]] = frozenset()) -> list[str]:
    """The tokens of code: no comments, no layout, and none that begins at a place in `left_out`."""
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [one.string for one in tokens if one.type not in layout and one.start not in left_out]


def docstrings(source: str) -> frozenset[tuple[int, int]]:
    """Where the docstrings begin: line and column."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds))
    first = [node.body[0] for node in nodes if ast.get_docstring(node, clean=False) is not None]
    return frozenset((node.lineno, node.col_offset) for node in first)


@pytest.mark.parametrize("package", ["src/gettok", "stages"])
def test_of_real_code_only_comments_and_docstrings_go(package):
    for file in (ROOT / package).rglob("*.py"):
        source = file.read_text("utf-8")
        assert words(significant(source)) == words(source, docstrings(source)), file


@given(st.lists(st.sampled_from(['"', "'", "#", "\\", "\n", "a", " ", '"""']), max_size=12).map("".join))
def test_a_string_is_never_taken_for_a_comment(text):
    assert repr(text) in significant(f"x = {text!r}  # {text!r}".replace("\n", " "))
    other = f"x = {text + 'b'!r}"
    assert significant(f"x = {text!r}") != significant(other)


def test_a_digest_does_not_depend_on_the_python_that_makes_it():
    """The value is that of Python 3.11.7, 3.12.1 and 3.13.0, so dvc.lock is the same under each."""
    tricky = SOURCE + TRICKY
    assert (
        sha256(significant(tricky).encode()).hexdigest()
        == "90dec3b6b1f49441ddfb9d84082094ec32c98b910c04a76814e6e49b7a37aa85"
    )


def test_a_stage_reaches_what_it_imports_in_functions_names_in_strings_and_finds_beside_its_modules():
    report = reached_from("stages.report", ROOT)
    assert "src/gettok/report/index.html" in report
    assert "src/gettok/report/style.css" in report
    download = reached_from("stages.download", ROOT)
    assert "src/gettok/download/worker.py" in download, "it is run as a program of its own"
    assert not [path for path in download if path.startswith("src/gettok/report")]
    assert "src/gettok/cli/try_step.py" not in download
    for stage, module in {
        "annotate": "llm/client.py",
        "describe": "media/clip_files.py",
        "extract_frames": "frames/extraction.py",
        "report": "report/figures.py",
        "transcribe": "speech/transcriber.py",
    }.items():
        assert f"src/gettok/{module}" in reached_from(f"stages.{stage}", ROOT), (
            f"{stage} imports it in a function"
        )


def test_a_package_that_is_named_in_a_string_is_reached_with_each_of_its_modules(tmp_path):
    for name, text in {
        "stages/__init__.py": "",
        "stages/listen.py": 'load("gettok.ears")',
        "src/gettok/__init__.py": "",
        "src/gettok/ears/__init__.py": "",
        "src/gettok/ears/left.py": "import gettok.hammer",
        "src/gettok/hammer.py": "",
        "src/gettok/stirrup.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    reached = reached_from("stages.listen", tmp_path)
    assert {"src/gettok/ears/left.py", "src/gettok/hammer.py"} <= set(reached)
    assert "src/gettok/stirrup.py" not in reached


@pytest.mark.parametrize(
    ("stage", "package"), [("download", "download/backends"), ("extract_frames", "frames/backends")]
)
def test_a_stage_reaches_every_backend_of_its_own_and_none_of_another_s(stage, package):
    modules = {f"src/gettok/{package}/{file.name}" for file in (ROOT / "src/gettok" / package).glob("*.py")}
    assert modules <= set(reached_from(f"stages.{stage}", ROOT))
    assert not modules & set(reached_from("stages.tabulate", ROOT))


@pytest.fixture
def copy(tmp_path, monkeypatch):
    for package in ("src/gettok", "stages"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    written = tmp_path / "data" / "code" / "transcribe.json"
    written.parent.mkdir(parents=True)
    written.write_bytes(as_json("transcribe"))
    return tmp_path


@pytest.mark.parametrize(
    "module", ["stages.release", "stages.report", "stages.compare_transcripts", "gettok.cli.summary"]
)
def test_what_asks_no_model_reaches_no_client_of_one(module):
    """Or an edit of the client would run it again, and each start would import OpenAI's library."""
    clients = ("src/gettok/llm/client.py", "src/gettok/llm/connection.py")
    assert [path for path in reached_from(module, ROOT) if path in clients] == []


def test_a_docstring_changes_no_digest_and_a_statement_that_of_its_file_alone(copy):
    before = json.loads(as_json("transcribe"))
    errors = copy / "src" / "gettok" / "errors.py"
    errors.write_text(errors.read_text("utf-8").replace('"""', '"""Well: ', 1), "utf-8")
    assert json.loads(as_json("transcribe")) == before
    current_code("transcribe")
    errors.write_text(errors.read_text("utf-8") + "\nX = 1\n", "utf-8")
    after = json.loads(as_json("transcribe"))
    assert {path for path in after if after[path] != before[path]} == {"src/gettok/errors.py"}


def test_a_stage_whose_code_has_changed_since_its_digests_were_written_refuses_to_run(copy):
    module = copy / "stages" / "transcribe.py"
    module.write_text(module.read_text("utf-8") + "\nX = 1\n", "utf-8")
    with pytest.raises(BadSettings, match="dvc repro transcribe"):
        current_code("transcribe")
    current_code("describe")  # nothing is written of it: DVC does not run it


def test_a_line_that_only_str_splits_moves_no_docstring():
    with_feed = 'S = "\x0c\u2028"\nclass A({}):\n    """D."""\n\n    x = 1\n'
    assert significant(with_feed.format("int")) != significant(with_feed.format("str"))
    assert '"""' not in significant(with_feed)


def test_what_an_editor_leaves_beside_a_module_is_no_part_of_the_code(copy):
    before = as_json("transcribe")
    for name in (".errors.py.swp", ".DS_Store", "errors.py~"):
        (copy / "src" / "gettok" / name).write_text("x", "utf-8")
    assert as_json("transcribe") == before
    (copy / "src" / "gettok" / "more.txt").write_text("x", "utf-8")
    assert as_json("transcribe") != before


def test_a_module_that_is_not_python_is_named(copy):
    (copy / "src" / "gettok" / "errors.py").write_text("def (", "utf-8")
    with pytest.raises(BadSettings, match=r"src/gettok/errors\.py is not Python"):
        as_json("transcribe")


def test_what_was_read_before_is_parsed_again_only_where_it_was_written_since(copy, monkeypatch):
    (copy / ".dvc" / "tmp").mkdir(parents=True)
    before = reached_from("stages.transcribe", copy)
    parsed = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda source, *rest: parsed.append(source) or parse(source, *rest))
    assert reached_from("stages.transcribe", copy) == before
    assert parsed == []
    edited = copy / "src" / "gettok" / "step.py"
    edited.write_text(edited.read_text("utf-8") + "\nX = 1\n", "utf-8")
    changed = reached_from("stages.transcribe", copy)
    assert {name for name in changed if changed[name] != before[name]} == {"src/gettok/step.py"}
    assert parsed == [edited.read_text("utf-8")]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"by": "another", "modules": {}}', b'{"by": 1, "modules": [1]}']
)
def test_a_damaged_note_of_what_was_read_costs_only_time(content, copy):
    before = reached_from("stages.transcribe", copy)
    kept = copy / ".dvc" / "tmp" / "gettok-code.json"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    assert reached_from("stages.transcribe", copy) == before
    assert json.loads(kept.read_bytes())["modules"].keys() >= before.keys()
