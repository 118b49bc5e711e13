"""Find out which scripts OCR reads, and by a few small calls what the model endpoint can do and what to set.

`gettok doctor engine` looks at the machines that the work is spread over instead, and calls no model.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from gettok.cli.doctor_engine import engine_lines
from gettok.errors import BadSettings, NotNow
from gettok.llm import CallLog
from gettok.llm.doctor import Doctor, Finding
from gettok.ocr.step import OcrStep
from gettok.pipeline.endpoints import addresses, client_variables, model_key, model_variables
from gettok.pipeline.paths import current_settings, store_root
from gettok.settings import Ocr, Settings
from gettok.settings.secrets import missing, refuse_missing

_SIGNS = {True: "yes", False: "no ", None: "?  "}


def diagnose(settings: Settings, root: Path) -> Iterator[str]:
    """For each model, a line for each finding, and one for what to do about it.

    Raises, after the last line, `BadSettings` if a model lacks what the settings need, or `NotNow` if that could not be
    found out.
    """
    llm = settings.llm
    lacking: list[Finding] = []
    with addresses(llm.base_url) as where, CallLog(root, llm.budget_usd, llm.base_url) as call_log:
        for model in llm.all_models:
            yield f"{model} at {llm.base_url}"
            doctor = Doctor(llm.alone(model), where.of(llm.base_url, "model"), model_key(llm), call_log)
            with closing(doctor):
                for finding in doctor.findings():
                    yield from _lines(finding)
                    if finding.needed and not finding.can:
                        lacking.append(replace(finding, what=f"{model} {finding.what}"))
    _refuse(lacking)


def _refuse(lacking: list[Finding]) -> None:
    did = "made the calls listed above, and no others"
    if missing := [finding.what for finding in lacking if finding.can is False]:
        raise BadSettings(
            f"the endpoint lacks what these settings need: {'; '.join(missing)}",
            did,
            "follow the advice under each no; then run `gettok compose`, and `gettok doctor` again",
        )
    if lacking:
        raise NotNow(
            f"could not find out whether {'; '.join(finding.what for finding in lacking)}",
            did,
            "check that the server runs, and run `gettok doctor` again later",
        )


def _lines(finding: Finding) -> Iterator[str]:
    detail = f" ({finding.detail})" if finding.detail else ""
    yield f"  {_SIGNS[finding.can]}  {finding.what}{detail}"
    if finding.advice:
        yield f"       {finding.advice}"


def ocr_line(ocr: Ocr | None) -> str:
    """What OCR reads. Raises `BadSettings` if its model is missing."""
    if ocr is None:
        return "OCR is off"
    step = OcrStep(ocr)
    scripts = (f"{name} ({count:,} letters)" for name, count in step.alphabet.letters_by_script.items())
    return f"OCR by {step.settings['reader']['name']} reads {', '.join(scripts)}"


def credentials_line(settings: Settings) -> str:
    """Which credentials of a run are missing. Raises `BadCredentials`, which names all of them, if the model's is."""
    client, model = client_variables(settings.source), model_variables(settings.llm)
    if missing(model):
        refuse_missing([*client, *model])
    absent = missing(client)
    return f"not set, and needed to collect: {' and '.join(absent)}" if absent else "all credentials are set"


def command(
    part: Annotated[
        Literal["engine"] | None, typer.Argument(help="Look at the engine's machines alone.")
    ] = None,
) -> None:
    settings = current_settings()
    if part == "engine":
        for line in engine_lines(settings):
            typer.echo(line)
        return
    typer.echo(ocr_line(settings.ocr))
    typer.echo(credentials_line(settings))
    for line in diagnose(settings, store_root()):
        typer.echo(line)
