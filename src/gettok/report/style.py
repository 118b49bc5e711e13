"""How every chart of ours looks, as SVG with the same bytes on every machine.

Letters stay letters (the viewer's fonts know scripts and emoji that no one font has); matplotlib measures them with the
DejaVu Sans that it carries, never with a font of the machine. Text is dark on light and light on dark.
"""

import warnings
from io import StringIO

from matplotlib.figure import Figure

GREY, BLUE, ORANGE, RED, GREEN = "#8a8a8a", "#3a86c8", "#e07b28", "#d1495b", "#3f9c6b"
LOOK = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gettok",
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.parse_math": False,  # a hashtag may have dollar signs
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
    """The figure, to be drawn and written within `rc_context(LOOK)`."""
    buffer = StringIO()
    with warnings.catch_warnings():
        # the viewer has the letters; only the measure of a word in another script is a guess
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    text = buffer.getvalue()
    assert text.count("</style>") == 1
    return text.replace("</style>", f" {_STYLE}</style>")
