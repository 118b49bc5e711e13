"""A release in the words of machines: Croissant, RO-Crate, Data Package and the Citation File Format.

All of it is written from the settings, the books and the provenance, without a clock or random ids: the same release
has the same bytes. The formats' own libraries read the files back in the tests. They do not write them: they bring
pandas and rdflib, take up to three seconds to import, and rocrate sets ids and dates of its own.
"""

from gettok.release.metadata.facts import Facts, facts
from gettok.release.metadata.folder import write

__all__ = ["Facts", "facts", "write"]
