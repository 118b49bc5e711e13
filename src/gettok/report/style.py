"""The style of all charts, as SVG with the same bytes on every machine.

Text stays text, since the viewer's fonts have scripts and emoji that no single font has. Matplotlib measures it with
its own DejaVu Sans, never with a font of the machine. Text is dark on a light background, and light on a dark one.
"""

import warnings
from io import StringIO

from matplotlib.figure import Figure

GREY, BLUE, ORANGE, RED, GREEN = "#8a8a8a", "#3a86c8", "#e07b28", "#d1495b", "#3f9c6b"
RC_PARAMS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gettok",
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.parse_math": False,  # a hashtag may contain dollar signs
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "grid.color": "#8a8a8a55",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
}
_STYLE = (
    "text { font-family: system-ui, sans-serif !important; fill: #1d1d1f }"
    " @media (prefers-color-scheme: dark) { text { fill: #ececee } }"
    " @media print { text { fill: #1d1d1f } }"
)
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def svg(figure: Figure) -> str:
    """The figure as SVG; call it within `rc_context(RC_PARAMS)`."""
    buffer = StringIO()
    with warnings.catch_warnings():
        # the viewer has these glyphs; only the measured width of such a word is a guess
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    text = buffer.getvalue()
    assert text.count("</style>") == 1
    return text.replace("</style>", f" {_STYLE}</style>")
