"""A release in an archive: as a draft that is uploaded, and published in a step of its own."""

from gettok.deposit.archive import Archive, Draft
from gettok.deposit.bundle import Bundle, make_bundle
from gettok.deposit.deposit_list import Deposit, DepositList
from gettok.deposit.description import ReleaseDescription, describe
from gettok.deposit.registry import ARCHIVES, Target, open_archive
from gettok.deposit.sending import Order, send

__all__ = [
    "ARCHIVES",
    "Archive",
    "Bundle",
    "Deposit",
    "DepositList",
    "Draft",
    "Order",
    "ReleaseDescription",
    "Target",
    "describe",
    "make_bundle",
    "open_archive",
    "send",
]
