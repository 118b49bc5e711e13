"""Show which study and settings hold now, what is out of date, and what the next run would do; nothing is changed."""

import json
from dataclasses import asdict
from shutil import get_terminal_size
from typing import Annotated, Any

import typer

from gettok.cli.plan_models import to_json
from gettok.cli.status_facts import Status, status
from gettok.cli.status_lines import lines

_WIDEST = 120


def as_json(found: Status) -> dict[str, Any]:
    """The same facts as plain data; of the settings, only what names them."""
    facts = asdict(found)
    del facts["settings"]["settings"]
    facts["settings"]["differences"] = [each._asdict() for each in found.settings.differences]
    for stage in (facts["pipeline"] or {}).get("stages", ()):
        stage["settings"] = [each._asdict() for each in stage["settings"]]
    return {"study": _named(found), **facts, "price": found.price and to_json(found.price)}


def _named(found: Status) -> dict[str, Any] | None:
    settings = found.settings.settings
    if settings is None:
        return None
    chosen = {"source": settings.source.name, "asr": settings.asr.model, "llm": settings.llm.model}
    return {**settings.study.model_dump(mode="json", include={"name", "title", "start", "end"}), **chosen}


def command(
    *, json_: Annotated[bool, typer.Option("--json", help="Print the same facts as one JSON object.")] = False
) -> None:
    found = status()
    if json_:
        typer.echo(json.dumps(as_json(found), ensure_ascii=False, indent=1, default=str))
        return
    for line in lines(found, min(get_terminal_size().columns, _WIDEST)):
        typer.echo(line)
