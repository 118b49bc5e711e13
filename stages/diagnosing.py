"""`gettok doctor`: what the model endpoint of the settings can do, before a run depends on it."""

from collections.abc import Iterator
from pathlib import Path

from gettok.asking import Calls
from gettok.asking.doctor import Doctor, Finding
from gettok.settings import Settings
from stages.sandboxed import addresses, model_key

_SIGNS = {True: "yes", False: "no ", None: "?  "}


def diagnose(settings: Settings, root: Path) -> Iterator[str]:
    """For each model a line for each thing, and one for what to do about it."""
    llm = settings.llm
    with addresses(llm.base_url) as where, Calls(root, llm.budget_usd) as calls:
        for model in llm.models:
            yield f"{model} at {llm.base_url}"
            doctor = Doctor(llm.alone(model), where.of(llm.base_url, "model"), model_key(llm), calls)
            yield from _examined(doctor)


def _examined(doctor: Doctor) -> Iterator[str]:
    try:
        for finding in doctor.findings():
            yield from _lines(finding)
    finally:
        doctor.close()


def _lines(finding: Finding) -> Iterator[str]:
    detail = f" ({finding.detail})" if finding.detail else ""
    yield f"  {_SIGNS[finding.can]}  {finding.what}{detail}"
    if finding.advice:
        yield f"       {finding.advice}"
