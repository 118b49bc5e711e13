"""The reference page of the commands, made from the Typer app."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command


def markdown(app: typer.Typer, name: str) -> str:
    """A section for each command: its usage, what it does, its arguments and options."""
    return "\n".join(_command(path, command) for path, command in walk(get_command(app), name))


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each command below this one, with the words that call it."""
    for name, below in getattr(command, "commands", {}).items():
        if below.hidden:
            continue
        if hasattr(below, "commands"):
            yield from walk(below, f"{path} {name}")
        else:
            yield f"{path} {name}", below


def _command(path: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = " ".join(_metavar(parameter) for parameter in shown if _is_argument(parameter))
    options = " [OPTIONS]" if any(not _is_argument(parameter) for parameter in shown) else ""
    parts = [
        f"## {path}\n",
        f"{command.help}\n",
        f"```sh\n{path}{options}{' ' if arguments else ''}{arguments}\n```\n",
    ]
    if shown:
        parts.append("| | meaning | default |\n|---|---|---|")
        parts += [_row(parameter) for parameter in shown]
        parts.append("")
    return "\n".join(parts)


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _metavar(parameter: Any) -> str:
    word = parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    return word if parameter.required else f"[{word}]"


def _row(parameter: Any) -> str:
    name = _metavar(parameter) if _is_argument(parameter) else ", ".join(parameter.opts)
    absent = parameter.default is None or parameter.default is False
    default = "" if absent else f"`{parameter.default}`"
    text = (parameter.help or "").replace("|", r"\|")
    return f"| `{name}` | {text} | {default} |"
