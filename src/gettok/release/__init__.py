"""The release: one dataset, its tables, a data dictionary, the books, the provenance, and checksums."""

from gettok.release.folder import write
from gettok.release.forms import DATASET, Form, dataset, released
from gettok.release.inputs import Tables, check, models

__all__ = ["DATASET", "Form", "Tables", "check", "dataset", "models", "released", "write"]
