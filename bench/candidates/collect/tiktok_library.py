"""`tiktok_research_api_helper`, Cybersecurity for Democracy's client, run by its command line, writing to SQLite."""

import os

from tiktok_research_api_helper.cli.main import APP

from bench.candidates.collect.redirect import redirect_to
from bench.candidates.collect.task import KEY, KEYWORD, Task

DATABASE = "tiktok.sqlite"


def collect(task: Task, *options: str) -> None:
    """With its defaults: windows of seven days, and a pause of four hours after each 429. It logs to `logs/`."""
    redirect_to(task.base)
    os.chdir(task.folder)
    (task.folder / "secrets.yaml").write_text(f"client_key: {KEY}\nclient_secret: {KEY}\n", "ascii")
    days = (f"{day:%Y%m%d}" for day in (task.start, task.end))
    query = ("--include-any-keywords", KEYWORD, "--db-file", DATABASE)
    APP(["run", *days, *query, *options], standalone_mode=False)
