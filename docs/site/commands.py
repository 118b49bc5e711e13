"""The reference page of the commands, made from the commands themselves."""

import inspect
from collections.abc import Iterator
from typing import Any

from gettok.cli.app import COMMANDS, load


def markdown() -> str:
    """A section for each command: its usage, what it does, its arguments and options."""
    return "\n".join(_command(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command that does something, with the words that call it; those of a group one by one."""
    for name in COMMANDS:
        yield from _walk(f"gettok {name}", load(name))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, inner in below.items():
        yield from _walk(f"{path} {name}", inner)


def _command(path: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = " ".join(_metavar(parameter) for parameter in shown if _is_argument(parameter))
    options = " [OPTIONS]" if any(not _is_argument(parameter) for parameter in shown) else ""
    parts = [
        f"## {path}\n",
        f"{inspect.cleandoc(command.help or '')}\n",
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
