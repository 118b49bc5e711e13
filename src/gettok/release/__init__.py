"""What others get: one dataset, its tables, a data dictionary, the books, where it comes from, and checksums."""

from gettok.release.forms import DATASET, Form, dataset, released
from gettok.release.inputs import Tables, check, models
from gettok.release.writing import write

__all__ = ["DATASET", "Form", "Tables", "check", "dataset", "models", "released", "write"]
