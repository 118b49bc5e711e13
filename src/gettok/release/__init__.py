"""The release: one dataset, its tables, a dictionary, the books, the provenance, metadata, and checksums."""

from gettok.release.checks import check, models
from gettok.release.folder import write
from gettok.release.forms import dataset, released
from gettok.release.inputs import Tables
from gettok.tables.dataset import DATASET, Form

__all__ = ["DATASET", "Form", "Tables", "check", "dataset", "models", "released", "write"]
