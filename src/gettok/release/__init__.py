"""The release: one dataset, its tables, a dictionary, the books, the provenance, metadata, and checksums."""

from gettok.release.checks import check, models
from gettok.release.documents import About
from gettok.release.folder import write
from gettok.release.forms import Sharing, dataset, released
from gettok.release.inputs import Tables
from gettok.release.pseudonyms import Pseudonyms
from gettok.tables.dataset import DATASET

__all__ = [
    "DATASET",
    "About",
    "Pseudonyms",
    "Sharing",
    "Tables",
    "check",
    "dataset",
    "models",
    "released",
    "write",
]
