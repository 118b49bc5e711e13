"""Pages from templates; every text is escaped, and a content security policy lets a page load and run nothing."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gettok.annotate.values import Value, as_text
from gettok.errors import counted
from gettok.report.display import shown
from gettok.report.word_differences import MarkedTexts
from gettok.settings.regions import region_name
from gettok.stats.formatting import number, percent, percents

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent


def render(template: str, *, beside: Path = _HERE, **values: Any) -> str:
    """A page in the report's style, from a template of this package or of the folder `beside`."""
    style = (_HERE / "style.css").read_text("utf-8")
    style_hash = b64encode(sha256(style.encode()).digest()).decode()
    return _environment(beside).get_template(template).render(style=style, style_hash=style_hash, **values)


def differences_page(pair: MarkedTexts) -> str:
    """Figure 5 for one video, as a separate page."""
    return render("differences.html", pair=pair)


@cache
def _environment(beside: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only a page needs it

    environment = Environment(
        loader=FileSystemLoader((beside, _HERE)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=shown,
        number=number,
        percent=percent,
        percents=percents,
        counted=counted,
        region_name=region_name,
        jpeg=_jpeg,
        upper_first=_upper_first,
        interval=_interval,
        value=_value,
    )
    return environment


def _interval(estimate: Mapping[str, Any]) -> str:
    """The bounds of an estimate; empty if it has none."""
    bounds = (estimate["low"], estimate["high"])
    return "" if None in bounds else " to ".join(number(bound, estimate["n"]) for bound in bounds)


def _value(value: Value) -> str:
    """A variable's value in words."""
    return ", ".join(value) or "none" if isinstance(value, tuple) else as_text(value)


def _jpeg(data: bytes) -> str:
    return "data:image/jpeg;base64," + b64encode(data).decode()


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
