"""What people read in a release: README.md, a datasheet, and the methods for a paper, all made from the run."""

from gettok.release.documents.about import About
from gettok.release.documents.write import write_documents

__all__ = ["About", "write_documents"]
