"""Find out what the model endpoint can do, by a few small calls, and say what to set."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import typer

from gettok.errors import BadSettings, NotNow
from gettok.llm import Calls
from gettok.llm.doctor import Doctor, Finding
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import current_settings, store_root
from gettok.settings import Settings

_SIGNS = {True: "yes", False: "no ", None: "?  "}


def diagnose(settings: Settings, root: Path) -> Iterator[str]:
    """For each model a line for each thing, and one for what to do about it.

    Raises, after the last line, `BadSettings` if one cannot do what the settings need, `NotNow` if it cannot be told.
    """
    llm = settings.llm
    wanting: list[Finding] = []
    with addresses(llm.base_url) as where, Calls(root, llm.budget_usd) as calls:
        for model in llm.models:
            yield f"{model} at {llm.base_url}"
            doctor = Doctor(llm.alone(model), where.of(llm.base_url, "model"), model_key(llm), calls)
            with closing(doctor):
                for finding in doctor.findings():
                    yield from _lines(finding)
                    if finding.needed and not finding.can:
                        wanting.append(replace(finding, what=f"{model} {finding.what}"))
    _refuse(wanting)


def _refuse(wanting: list[Finding]) -> None:
    asked = "asked what is told above, and nothing else"
    if no := [finding.what for finding in wanting if finding.can is False]:
        raise BadSettings(
            f"some of what these settings need is not there: {'; '.join(no)}",
            asked,
            "see what is said under each no; then run `gettok compose`, and `gettok doctor` again",
        )
    if wanting:
        raise NotNow(
            f"it could not be told whether {'; '.join(finding.what for finding in wanting)}",
            asked,
            "see that the server runs, and ask again later",
        )


def _lines(finding: Finding) -> Iterator[str]:
    detail = f" ({finding.detail})" if finding.detail else ""
    yield f"  {_SIGNS[finding.can]}  {finding.what}{detail}"
    if finding.advice:
        yield f"       {finding.advice}"


def command() -> None:
    for line in diagnose(current_settings(), store_root()):
        typer.echo(line)
