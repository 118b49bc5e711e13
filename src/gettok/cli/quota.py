"""Show how many requests were sent on each day, how many of them failed, and how many are left of today."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from gettok.pipeline.collecting.researching import credentials
from gettok.pipeline.paths import current_settings, store_root
from gettok.research_api import Ledger
from gettok.settings import Settings


def quota(settings: Settings, store: Path) -> Iterator[str]:
    """The ledger's days: requests sent by endpoint, how many failed, and what is left of today."""
    client, now = credentials(settings.source).client, datetime.now(UTC)
    with Ledger(store, to_read=True) as ledger:
        for day, endpoint, sent, failed in ledger.days(client):
            yield f"{day}  {endpoint:<28} {sent:>6} requests, {failed} of them failed"
        left = max(settings.collect.requests_per_day - ledger.used(client, now), 0)
        spent = ", but TikTok says that the quota is spent" if ledger.is_spent(client, now) else ""
    daily = settings.collect.requests_per_day
    yield f"{left} of {daily} are left for {now:%Y-%m-%d} (UTC, by this machine's clock){spent}"


def command() -> None:
    for line in quota(current_settings(), store_root()):
        typer.echo(line)
