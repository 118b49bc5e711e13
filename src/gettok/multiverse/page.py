"""What a person opens: one HTML file with the tables and the picture, which loads nothing and runs nothing."""

from base64 import b64encode
from pathlib import Path

from gettok.multiverse.picture import curves
from gettok.multiverse.specifications import differing, in_words
from gettok.multiverse.summary import MEANINGS, Multiverse, as_frame, reasons
from gettok.report.rendering import render

#: Rows shown; the files have all.
MOST_SHOWN = 100


def html(whole: Multiverse, picture: str) -> str:
    """The page, with autoescape for every text; `picture` is the SVG."""
    found = whole.specifications
    return render(
        "multiverse.html",
        beside=Path(__file__).parent,
        study=whole.study,
        whole=whole,
        frame=as_frame(whole).to_dicts(),
        settings=[axis.setting for axis in whole.axes],
        values={key: [in_words(value) for value in values] for key, values in differing(found).items()},
        reasons=reasons(found),
        names=[one.name for one in found],
        curves=curves(whole),
        picture="data:image/svg+xml;base64," + b64encode(picture.encode()).decode(),
        least_alike=sorted(whole.pairs, key=lambda pair: (pair.kappa is None, pair.kappa or 0.0))[
            :MOST_SHOWN
        ],
        most_contested=whole.flips[:MOST_SHOWN],
        meanings=MEANINGS,
    )
