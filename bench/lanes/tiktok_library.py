"""`tiktok_research_api_helper`, the client of Cybersecurity for Democracy, by its command line and into SQLite."""

import os

from tiktok_research_api_helper.cli.main import APP

from bench.lanes import redirect
from bench.lanes.task import KEY, KEYWORD, Task

DATABASE = "tiktok.sqlite"


def collect(task: Task, *options: str) -> None:
    """With its defaults: windows of seven days, four hours of rest after each 429. It logs into `logs/`."""
    redirect.to(task.base)
    os.chdir(task.folder)
    (task.folder / "secrets.yaml").write_text(f"client_key: {KEY}\nclient_secret: {KEY}\n", "ascii")
    days = (f"{day:%Y%m%d}" for day in (task.start, task.end))
    asked = ("--include-any-keywords", KEYWORD, "--db-file", DATABASE)
    APP(["run", *days, *asked, *options], standalone_mode=False)
