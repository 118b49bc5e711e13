"""Numbers for readers, with as many digits as the number of cases allows."""

#: With fewer cases, one case moves a share by a whole per cent and more.
_FEW = 100


def number(value: float | None, n: int | None = None) -> str:
    """A count as it is; any other number to two decimals if it is over less than 100 cases, else to four digits.

    `n` is None where the number is not over cases. Without a value there is a dash.
    """
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{_unsigned_zero(value, 2):.2f}" if n is not None and n < _FEW else f"{value:.4g}"


def percent(share: float | None, n: int) -> str:
    """A share over `n` cases: whole per cents if they are less than 100, else to one decimal."""
    return "–" if share is None else f"{percents(share, n)} %"


def percents(share: float, n: int, sign: str = "") -> str:
    """The same without its unit; with `sign="+"` for a difference."""
    digits = 0 if n < _FEW else 1
    return f"{_unsigned_zero(share * 100, digits):{sign}.{digits}f}"


def _unsigned_zero(value: float, digits: int) -> float:
    return round(value, digits) + 0.0
