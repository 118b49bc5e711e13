"""The command `gettok`: what a person does beside `dvc`."""

from gettok.pipeline.interrupts import quiet_end


def main() -> None:
    """Run the command."""
    with quiet_end():
        from gettok.cli.app import main as run  # noqa: PLC0415 - Ctrl-C may come while it is being imported
    run()
