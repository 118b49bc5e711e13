"""What several answers to one question come to."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gettok.annotate.group import Judgement, Vote
from gettok.annotate.values import COLUMN_OF, Value, as_text
from gettok.errors import Unusable
from gettok.settings.codebook import Variable
from gettok.step import Row


def count_votes(
    variable: Variable, votes: Sequence[Vote], quoted_in: Sequence[Mapping[str, list[str]]]
) -> Row:
    """The columns on the value with the most votes; an abstention is a value, too.

    Of tied values, the one that was answered first wins, and the row names the others: a random choice would not be
    reproducible, and the order of the labels would favour one side. Raises `Unusable`, with the columns on the votes,
    if more than half of them have no value; those for which the question does not apply are no votes on it.
    `quoted_in` has for each vote the inputs that contain each quotation.
    """
    readings = [vote for vote in votes if isinstance(vote, Judgement)]
    failures = [vote for vote in votes if isinstance(vote, Unusable)]
    row: Row = {
        "votes": [_shown(vote) if isinstance(vote, Judgement) else None for vote in votes],
        "failed_votes": [vote.reason for vote in failures],
    }
    failed = [vote for vote in failures if vote.reason != "not_applicable"]
    if len(failed) > len(readings) or not readings:
        first = (failed or failures)[0]
        raise Unusable(first.reason, first.detail, row)
    counts = Counter(reading.value for reading in readings)
    winner, most = counts.most_common(1)[0]  # of tied values the first counted, as a Counter keeps its order
    for_winner = [
        (vote, found)
        for vote, found in zip(votes, quoted_in, strict=True)
        if isinstance(vote, Judgement) and vote.value == winner
    ]
    tied_with = [value for value, count in counts.items() if count == most and value != winner]
    return {
        **row,
        **_columns(variable, winner, for_winner[0][1]),
        "abstained": winner is None,
        "tied_with": [_named(value) for value in tied_with],
        "missing": next((vote.missing for vote, _ in for_winner if vote.missing), None),
        **_evidence(for_winner),
    }


def _columns(variable: Variable, value: Value | None, found: Mapping[str, list[str]]) -> Row:
    """The value in the column of its kind; quotations that are in no text are in a column of their own."""
    if value is None:
        return {}
    if variable.kind == "span":
        assert isinstance(value, tuple)
        return {
            "quotes": [quotation for quotation in value if found.get(quotation)],
            "quotes_in": [found[quotation] for quotation in value if found.get(quotation)],
            "misquoted": [quotation for quotation in value if not found.get(quotation)],
        }
    return {COLUMN_OF[variable.kind]: list(value) if isinstance(value, tuple) else value}


def _evidence(votes: Sequence[tuple[Judgement, Mapping[str, list[str]]]]) -> Row:
    """The evidence of the first of these votes that gives any, and the inputs that contain it."""
    given: Iterator[tuple[str, list[str]]] = (
        (vote.evidence, found.get(vote.evidence, [])) for vote, found in votes if vote.evidence
    )
    evidence, inputs = next(given, (None, []))
    return {"evidence": evidence, "evidence_in": inputs}


def _shown(vote: Judgement) -> str:
    return _named(vote.value)


def _named(value: Value | None) -> str:
    """A vote's value as text; empty for an abstention."""
    return "" if value is None else as_text(value)
