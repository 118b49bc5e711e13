"""Run the loopback stand-in for TikTok and for a model endpoint, until Ctrl-C.

It prints its base addresses. The client key, the client secret and the model key are all `sandbox`.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    profile: Annotated[
        str, typer.Option(help="How the sandbox behaves, such as clean or realistic.")
    ] = "clean",
    corpus: Annotated[
        Path | None,
        typer.Option(help="A folder with videos.json and media/, in place of the demo's own corpus."),
    ] = None,
) -> None:
    options = ["--port", str(port), "--profile", profile, *(["--corpus", str(corpus)] if corpus else [])]
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *options])  # noqa: S606
