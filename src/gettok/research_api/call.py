"""A question to the Research API."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gettok.research_api.error_mapping import Verdict
from gettok.step import Json


@dataclass(frozen=True)
class Call:
    """A question to one endpoint."""

    endpoint: str
    body: Mapping[str, Json]
    purpose: str
    subject: str
    fields: str = ""
    #: Members that the `data` of an accepted answer has.
    shape: Mapping[str, type] = field(default_factory=dict)
    #: What counts as an answer to be kept; "no such user" and its like may.
    answers: frozenset[Verdict] = frozenset({Verdict.ACCEPTED})
    #: Whether this goes on with a search that may have been forgotten meanwhile.
    old_search: bool = False
    #: The most tries, where that is fewer than the policy allows.
    tries: int | None = None
    #: The most requests a day for this endpoint alone, where the study sets one.
    requests_per_day: int | None = None
    #: Whether the answer is a file of ids, one a line, in place of JSON.
    plain: bool = False
    #: A file to send instead of a JSON body.
    file: tuple[str, bytes] | None = None

    @property
    def path(self) -> str:
        return f"/research/{self.endpoint}/" + (f"?fields={self.fields}" if self.fields else "")

    def within(self, requests_per_day: int) -> "Call":
        """The same question, with a part of the day's quota that its endpoint must keep to."""
        return replace(self, requests_per_day=requests_per_day)
