"""Search every byte of the store, the caches, git and the remotes for what was erased, and write a certificate.

With --prove nothing is deleted. It can be run again at any time, such as after someone has pushed. The certificate in
`purges/` has digests only, and is to be committed.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from gettok.errors import BadInput
from gettok.pipeline.paths import store_root
from gettok.purge.certificate import prove


def command(
    *,
    only_prove: Annotated[
        bool, typer.Option("--prove", help="Only search, and write what was found into purges/.")
    ] = False,
) -> None:
    if not only_prove:
        raise BadInput(
            "nothing to do was named", "changed nothing", "give --prove to search for what was erased"
        )
    certificate = prove(store_root(), datetime.now(UTC).date())
    file = certificate.write()
    for line in certificate.lines():
        typer.echo(line)
    typer.echo(f"certificate: {file}; commit it: git add {file.parent}")
    certificate.refuse_unproven()
