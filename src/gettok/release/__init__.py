"""The release: one dataset, its tables, a data dictionary, the books, the provenance, and checksums."""

from gettok.release.checks import check, models
from gettok.release.folder import write
from gettok.release.forms import Sharing, dataset, released
from gettok.release.inputs import Tables
from gettok.release.pseudonyms import Pseudonyms
from gettok.tables.dataset import DATASET

__all__ = ["DATASET", "Pseudonyms", "Sharing", "Tables", "check", "dataset", "models", "released", "write"]
