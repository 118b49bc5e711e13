"""Writes the page that `dvc plots show` fills in, with Vega in it: `python -m gettok.report.plots_page FILE`.

DVC's own page loads Vega from the internet (DVC 3.67). This one may load nothing. `make` writes it to the path that
`.dvc/config` names, where git ignores it.
"""

import sys
from importlib import resources
from pathlib import Path

import vl_convert

#: The version of Vega-Lite in which DVC's plots are written is 5; this is the last 5 that vl-convert has.
_VEGA_LITE = "5.21"


def page() -> str:
    """The page, with DVC's places for its plots."""
    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", _VEGA_LITE)
    assert "</script" not in vega
    return (
        resources.files("gettok.report")
        .joinpath("plots_page.html")
        .read_text("utf-8")
        .replace("{vega}", vega)
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
