"""A question to the Research API."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gettok.research_api.error_mapping import Verdict
from gettok.step import Json


@dataclass(frozen=True)
class ApiCall:
    """A question to one endpoint."""

    endpoint: str
    body: Mapping[str, Json]
    purpose: str
    subject: str
    fields: str = ""
    #: Members that the `data` of an accepted answer must have.
    shape: Mapping[str, type] = field(default_factory=dict)
    #: Verdicts that count as an answer to keep; "no such user" may be one of them.
    accepts: frozenset[Verdict] = frozenset({Verdict.ACCEPTED})
    #: Whether this continues a search that the server may have forgotten.
    old_search: bool = False
    #: The most attempts, where that is fewer than the policy allows.
    max_attempts: int | None = None
    #: The most requests a day for this endpoint alone, where the study sets a limit.
    requests_per_day: int | None = None
    #: Whether the answer is a file with one id a line instead of JSON.
    is_id_list: bool = False
    #: A file to send instead of a JSON body.
    file: tuple[str, bytes] | None = None

    @property
    def path(self) -> str:
        return f"/research/{self.endpoint}/" + (f"?fields={self.fields}" if self.fields else "")

    def within(self, requests_per_day: int) -> "ApiCall":
        """The same question, limited to a part of the day's quota."""
        return replace(self, requests_per_day=requests_per_day)
