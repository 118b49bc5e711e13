"""The Chromium that `make setup-browser` installs, for the README's picture and for the tests that open our pages."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parents[2] / ".tools" / "chromium"


@contextmanager
def chromium(folder: Path = FOLDER) -> Iterator[Browser]:
    """The browser, without a window. It brings a font and the system libraries that a machine may lack."""
    if not (folder / "chromium").is_file():
        sys.exit(f"browser: there is no Chromium in {folder}; opened no page; run `make setup-browser`")
    environment: dict[str, str | float | bool] = {
        **os.environ,
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=folder / "chromium", env=environment)
        try:
            yield browser
        finally:
            browser.close()
