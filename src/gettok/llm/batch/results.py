"""What came back of a batch: each line's request, its reply if it has one, and what it cost."""

import json
from collections.abc import Iterable, Iterator, Mapping

from gettok.errors import Stop
from gettok.llm.batch.client import lines_in
from gettok.llm.batch.log import Settled
from gettok.llm.client import cost_of
from gettok.llm.error_mapping import ErrorClassifier, Refused, Trouble
from gettok.llm.response import Reply, answered
from gettok.settings import Llm
from gettok.step import Json


class Results:
    """Reads the files of a batch, which asks one model. `stop` is the first thing in them that a person must act on."""

    def __init__(self, judge: ErrorClassifier, llm: Llm, model: str) -> None:
        self._judge, self._llm, self._model = judge, llm, model
        self._takes_others = False
        self.stop: Stop | None = None

    def of(self, files: Iterable[bytes]) -> Iterator[tuple[str, Settled]]:
        """Every line, in the order of the files, matched by our own id and never by its place."""
        lines = [line for file in files for line in lines_in(file) if isinstance(line.get("custom_id"), str)]
        self._takes_others = any(_status(line) == 200 for line in lines)
        for line in lines:
            yield str(line["custom_id"]), self._settled(line)

    def _settled(self, line: Mapping[str, Json]) -> Settled:
        try:
            outcome = self._outcome(line)
        except Stop as stop:  # the other lines are paid for as well, so they are read first
            self.stop = self.stop or stop
            outcome = Trouble(stop.what, cost_nothing=True)
        usd = cost_of(outcome, self._llm.prices_of(self._model))
        return Settled(usd, outcome) if isinstance(outcome, Reply) else Settled(usd)

    def _outcome(self, line: Mapping[str, Json]) -> Reply | Trouble:
        response = line.get("response")
        if not isinstance(response, dict):
            return Trouble("it expired, or was cancelled", cost_nothing=True)
        text, status = json.dumps(response.get("body"), separators=(",", ":")), response.get("status_code")
        if status == 200:
            return answered(self._judge.key.blot_out(text)) or Trouble("200 without an answer")
        refused = Refused(status if isinstance(status, int) else 500, text, {})
        return self._judge.refused(refused, self._model, takes_others=self._takes_others)


def _status(line: Mapping[str, Json]) -> Json:
    response = line.get("response")
    return response.get("status_code") if isinstance(response, dict) else None
