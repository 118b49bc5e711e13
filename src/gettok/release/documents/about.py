"""What the documents of a release say beyond its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gettok.annotate.human_labels.evaluation import Evaluation
from gettok.collect.collection import CollectionSummary
from gettok.settings import Settings
from gettok.tables.stored_rows import Rows


@dataclass(frozen=True)
class About:
    """A study as its release describes it.

    Without `settings`, there is a README.md alone: the datasheet and the methods are made from them. `collection` is
    then not needed either. `evaluations` are the model's values against people's, of each variable that has both, and
    `cascade` the rows of the table of that name, whose answers were paid for, too.
    """

    title: str
    settings: Settings | None = None
    collection: CollectionSummary | None = None
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    cascade: Rows | None = None
