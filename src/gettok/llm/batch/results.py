"""The results of a batch: each line's request, its reply if it has one, and what it cost."""

import json
from collections.abc import Iterable, Iterator, Mapping

from gettok.errors import Stop
from gettok.http.json_guards import to_mapping
from gettok.llm.batch.client import parse_lines
from gettok.llm.batch.log import SettledCall
from gettok.llm.client import cost_of
from gettok.llm.error_mapping import ErrorClassifier, ErrorResponse, Failure
from gettok.llm.response import Reply, parse_reply
from gettok.settings import Llm
from gettok.step import Json


class BatchResults:
    """Reads the result files of a batch, which asks one model. `stop` is the first error that a person must act on."""

    def __init__(self, classifier: ErrorClassifier, llm: Llm, model: str) -> None:
        self._classifier, self._llm, self._model = classifier, llm, model
        self._accepts_others = False
        self.stop: Stop | None = None

    def read(self, files: Iterable[bytes]) -> Iterator[tuple[str, SettledCall]]:
        """Every line in the order of the files, matched by our own id: hosts return lines in any order."""
        lines = [
            line for file in files for line in parse_lines(file) if isinstance(line.get("custom_id"), str)
        ]
        self._accepts_others = any(_status(line) == 200 and parse_reply(_body(line)) for line in lines)
        for line in lines:
            yield str(line["custom_id"]), self._settled(line)

    def _settled(self, line: Mapping[str, Json]) -> SettledCall:
        try:
            outcome = self._outcome(line)
        except Stop as stop:  # the other lines are paid for as well, so they are read first
            self.stop = self.stop or stop
            outcome = Failure(stop.what, is_free=True)
        usd = cost_of(outcome, self._llm.prices_of(self._model))
        return SettledCall(usd, outcome) if isinstance(outcome, Reply) else SettledCall(usd)

    def _outcome(self, line: Mapping[str, Json]) -> Reply | Failure:
        response = line.get("response")
        if not isinstance(response, dict):
            return Failure("it expired, or was cancelled", is_free=True)
        text, status = _body(line), response.get("status_code")
        if status == 200:
            return self._classifier.classify_200(text, {}, self._model, accepts_others=self._accepts_others)
        returned = ErrorResponse(status if isinstance(status, int) else 500, text, {})
        return self._classifier.classify_response(returned, self._model, accepts_others=self._accepts_others)


def _status(line: Mapping[str, Json]) -> Json:
    return to_mapping(line.get("response")).get("status_code")


def _body(line: Mapping[str, Json]) -> str:
    return json.dumps(to_mapping(line.get("response")).get("body"), separators=(",", ":"))
