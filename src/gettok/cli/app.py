"""The command `gettok`: for everything that `dvc` does not do.

Each command is a module of this package with a function `command`, or an `app` of sub-commands; its docstring is the
command's help. A module is imported only when its command runs, since what they need takes seconds to import.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import gettok
from gettok.errors import Interrupted, UserFacingError
from gettok.store.disk_space import full_disk_as_no_space
from gettok.store.file_access import refused_access_as_not_allowed

#: In the order in which the help lists them.
COMMANDS = (
    "new",
    "compose",
    "status",
    "plan",
    "doctor",
    "try",
    "follow",
    "refresh",
    "erase",
    "purge",
    "summary",
    "show",
    "differences",
    "runs",
    "multiverse",
    "quota",
    "release",
    "hydrate",
    "store",
    "dictionary",
    "sandbox",
)
#: `try` is a keyword.
_MODULES = {"try": "try_step"}


def load(name: str) -> Any:
    """The command, with its options; imports its module."""
    module = import_module(f"gettok.cli.{_MODULES.get(name, name)}")
    if hasattr(module, "app"):
        return typer.main.get_command(module.app)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name, help=_unwrapped(module.__doc__ or ""))(module.command)
    return typer.main.get_command(app)


def _unwrapped(text: str) -> str:
    """Each paragraph on one line, since Typer keeps the source's line breaks in all but the first."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


class LazyCommand(TyperCommand):
    """A command that is known by name and help until it runs."""

    def __init__(self, name: str) -> None:
        super().__init__(name, help=_first_line(name))

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        assert self.name is not None
        return load(self.name).make_context(info_name, args, parent, **extra)


def _first_line(name: str) -> str:
    file = Path(__file__).with_name(f"{_MODULES.get(name, name)}.py")
    with file.open(encoding="utf-8") as source:
        return source.readline().strip().strip('"')


class LazyGroup(TyperGroup):
    """The commands, none of them imported."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> LazyCommand | None:  # noqa: ARG002 - Typer's signature
        return LazyCommand(cmd_name) if cmd_name in COMMANDS else None


app = typer.Typer(
    cls=LazyGroup,
    help="Name an event; get a versioned, citable, multimodal TikTok dataset of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"gettok {gettok.__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Name an event; get a versioned, citable, multimodal TikTok dataset of it."""


def _elsewhere() -> str:
    """A line for an error in a folder that is not the top of a repository, as its advice does not help there."""
    if any(map(os.path.exists, ("dvc.yaml", "params.yaml", "conf"))):
        return ""
    tops = (folder for folder in Path.cwd().parents if (folder / "dvc.yaml").is_file())
    top = next(tops, None)
    return "\n  Note: this folder is not the top of a gettok repository" + (f"; {top} is" if top else "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; a three-part error goes to stderr and sets the exit code."""
    try:
        with refused_access_as_not_allowed(), full_disk_as_no_space(Path()):
            app(arguments)
    except UserFacingError as error:
        typer.echo(f"gettok: {error}{_elsewhere()}", err=True)
        sys.exit(error.exit_code)
    except Interrupted as interrupted:
        exists = str(interrupted) or "all answers are kept, and the same command resumes"
        typer.echo(f"gettok: stopped as asked; {exists}", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
