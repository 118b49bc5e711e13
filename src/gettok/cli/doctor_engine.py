"""What `gettok doctor engine` finds out: whether the machines of the cluster can do the work."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from gettok.engine.ray_doctor import examine
from gettok.errors import counted
from gettok.ocr.step import OcrStep
from gettok.settings import Settings
from gettok.speech import TranscribeStep
from gettok.step import Step


def engine_lines(settings: Settings) -> Iterator[str]:
    """Raises as `examine`."""
    if settings.engine.name == "ray":
        yield from examine(settings.engine, _steps(settings))
    else:
        yield f"the engine is local: this machine, with {counted(os.cpu_count() or 1, 'CPU')}"


def _steps(settings: Settings) -> Mapping[str, Step[Any]]:
    """Those that have a model."""
    ocr = {"ocr": OcrStep(settings.ocr)} if settings.ocr else {}
    return {"transcribe": TranscribeStep(settings.asr), **ocr}
