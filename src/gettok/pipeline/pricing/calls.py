"""What calls to a model cost, by their sizes and by what the host has counted for such calls before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gettok.annotate.step import AnnotateStep
from gettok.describe.step import DescribeStep
from gettok.errors import Unusable
from gettok.llm import CallLog, ModelCall, request_digest
from gettok.llm.call_log import MeasuredTokens
from gettok.llm.client import prices_of
from gettok.llm.pricing import least_usd, typical_usd, worst_case_with_repair_usd
from gettok.llm.response import cost_usd
from gettok.pipeline.answering import scope_of
from gettok.pipeline.pricing.costs import Cost, PricedPart
from gettok.pipeline.pricing.expected_videos import largest_content, typical_content
from gettok.pipeline.progress import Progress
from gettok.settings import Prices, Settings
from gettok.step import Item
from gettok.store import Store

#: So many calls measure what the next ones cost; fewer may all be about unusual videos.
_ENOUGH_CALLS = 3

ModelStep = DescribeStep | AnnotateStep


@dataclass(frozen=True)
class CallPricer:
    """Prices the calls of steps that are not stored yet."""

    settings: Settings
    store: Store
    call_log: CallLog
    _measured: dict[tuple[str, str], MeasuredTokens | None] = field(default_factory=dict)

    def exact(self, step: ModelStep, items: Sequence[Item[Any]]) -> PricedPart:
        """The price of items whose inputs are known: the calls are exactly those that a run would make first."""
        answered = {item.video_id for item in self.answered(step, items)}
        missing = [item for item in items if item.video_id not in answered]
        calls: dict[str, ModelCall] = {}
        with Progress("plan", len(missing), 0) as progress:
            for item in missing:
                for call in _first_calls(step, item.content):
                    request = request_digest(call, self.settings.llm)
                    if not (self.call_log.stored_reply(request) or self.call_log.is_in_batch(request)):
                        calls[request] = call
                progress.add("priced")
        cost = sum(map(self._cost, calls.values()), Cost())
        return PricedPart(len(items), len(items) - len(missing), len(calls), cost)

    def answered(self, step: ModelStep, items: Sequence[Item[Any]]) -> list[Item[Any]]:
        """The items with an answer in the store."""
        scope = scope_of(step)
        keys = {item.video_id: scope.key(item.inputs).digest for item in items}
        known = self.store.known(keys.values())
        return [item for item in items if keys[item.video_id] in known]

    def expected(self, step: ModelStep) -> tuple[int, Cost, int]:
        """Of a video that is not known yet: its calls, their cost, and the number of calls that measured it.

        At the least it costs half of what is typical, as if half of the videos had no media.
        """
        calls = list(_first_calls(step, typical_content(step, self.settings)))
        largest = _first_calls(step, largest_content(step, self.settings))
        mean = sum(map(self._mean, calls), Cost())
        most = sum(map(self._cost, largest), Cost()).most
        measured = [found.calls if (found := self._measure(call)) else 0 for call in calls]
        return len(calls), Cost(mean.typical / 2, mean.typical, most), min(measured, default=0)

    def _cost(self, call: ModelCall) -> Cost:
        """The cost of a call of known size, repaired once at the most."""
        size, prices = call.size(self.settings.llm), prices_of(self.settings.llm, self._model(call))
        answer, measured = call.question.typical_answer_tokens, self._measure(call)
        if measured is None:
            typical = typical_usd(size, prices, answer)
        else:
            answer = round(measured.output_tokens)
            typical = _measured_usd(measured, size.typical_input_tokens * measured.input_ratio, prices)
        low = min(typical, least_usd(size, prices, answer))
        return Cost(low, typical, worst_case_with_repair_usd(size, prices))

    def _mean(self, call: ModelCall) -> Cost:
        """The mean cost of such calls so far; of this call, if there are too few."""
        measured = self._measure(call)
        if measured is None:
            return self._cost(call)
        prices = prices_of(self.settings.llm, self._model(call))
        usd = _measured_usd(measured, measured.input_tokens, prices)
        return Cost(usd, usd, usd)

    def _measure(self, call: ModelCall) -> MeasuredTokens | None:
        """What was counted for calls with this question to this model at this host, if there are enough."""
        asked = self._model(call), call.question.schema_name
        if asked not in self._measured:
            self._measured[asked] = self.call_log.measured(*asked)
        found = self._measured[asked]
        return found if found and found.calls >= _ENOUGH_CALLS else None

    def _model(self, call: ModelCall) -> str:
        return call.model_name(self.settings.llm)


def _measured_usd(measured: MeasuredTokens, sent: float, prices: Prices) -> Decimal:
    """The price of so many tokens of input and a measured answer, as much of the input cached as was so far."""
    return cost_usd(round(sent), round(measured.output_tokens), prices, round(sent * measured.cached_share))


def _first_calls(step: ModelStep, content: Any) -> Iterable[ModelCall]:
    conversation = step.conversation(content)
    try:
        return next(conversation)
    except Unusable:
        return ()
    finally:
        conversation.close()
