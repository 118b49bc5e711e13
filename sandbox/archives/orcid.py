"""ORCID iDs, whose last character is a check digit (ISO 7064, MOD 11-2)."""

import re


def is_orcid(value: str) -> bool:
    if not re.fullmatch(r"(\d{4}-){3}\d{3}[\dX]", value):
        return False
    *digits, last = list(value.replace("-", ""))
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == last
