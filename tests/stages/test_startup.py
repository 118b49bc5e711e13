"""A stage imports a heavy library when it first needs it: most runs find every answer known and need few of them."""

import subprocess
import sys

import pytest
from root import ROOT

from gettok.books import STAGES

#: Each takes a tenth of a second to several seconds to import.
HEAVY = frozenset(
    """
    PIL aiohttp altair av c2pa cv2 decord dvc faster_whisper fontTools huggingface_hub hydra imagehash jinja2 jiwer
    krippendorff langcodes matplotlib onnxruntime openai pebble psutil pyktok rapidocr ray requests scenedetect scipy
    sklearn text_to_num torch tqdm transformers typer urllib3 whisperx yt_dlp
    """.split()  # noqa: SIM905 - one word beside the other
)
#: These compute with it whatever there is to ask.
WITH_NUMPY = ("compare_transcripts", "report", "transcribe")


def imported(statement):
    """The top-level modules that a fresh interpreter has after it."""
    statement += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", statement], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_importing_a_stage_imports_no_heavy_library(stage):
    heavy = HEAVY if stage in WITH_NUMPY else HEAVY | {"numpy"}
    assert imported(f"import stages.{stage}") & heavy == set()


def test_a_check_of_a_release_imports_next_to_nothing_but_what_it_reads_tables_with(tmp_path):
    """What the other commands about releases import takes as long as the check of a small release."""
    checked = "from contextlib import suppress; from gettok.cli.app import app"
    checked += f"\nwith suppress(BaseException): app(['release', 'check', {str(tmp_path)!r}])\nNone"
    assert imported(checked) & ((HEAVY - {"tqdm", "typer"}) | {"numpy", "pyarrow", "yaml"}) == set()


def test_the_help_of_the_command_needs_no_library_for_data():
    shown = "from contextlib import redirect_stdout, suppress; from io import StringIO; from gettok.cli.app import app"
    shown += "\nwith redirect_stdout(StringIO()), suppress(SystemExit): app(['--help'])\nNone"
    assert imported(shown) & (HEAVY - {"typer"} | {"numpy", "polars", "pydantic"}) == set()
