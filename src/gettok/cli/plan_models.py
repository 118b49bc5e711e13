"""`gettok plan` for the models: what they would be asked, and what it would cost, before anything is spent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Event
from typing import Any

from gettok.books import STAGES
from gettok.describe.step import DescribeStep
from gettok.engine import LocalEngine
from gettok.errors import Unusable
from gettok.llm import CallLog, ModelCall, request_digest
from gettok.llm.client import prices_of
from gettok.llm.pricing import CallSize, typical_usd, worst_case_with_repair_usd
from gettok.pipeline.annotating import descriptions, stances
from gettok.pipeline.annotating.prompt_injection import variant_items
from gettok.pipeline.answering import Asking, Skipped, key_of
from gettok.pipeline.paths import DATA
from gettok.pipeline.progress import Progress
from gettok.settings import Llm, PromptInjection, Settings
from gettok.settings.secrets import Secret
from gettok.stance.prompt_injection.attack_types import ATTACK_TYPES
from gettok.stance.step import StanceInputs, StanceStep
from gettok.step import Item
from gettok.store import Store

_NO_KEY = Secret("not used, as nothing is asked")


@dataclass(frozen=True)
class CostEstimate:
    """The calls that are still to be made, and their typical and highest cost in US dollars."""

    calls: int
    models: tuple[str, ...]
    typical: Decimal
    most: Decimal

    def in_words(self) -> str:
        models = ", ".join(self.models)
        calls = "call" if self.calls == 1 else "calls"
        return f"{self.calls} {calls} to {models}, about ${self.typical:.4f}, at most ${self.most:.4f}"


def price(settings: Settings, store: Store) -> Iterator[str]:
    """What each stage that asks a model would cost now, line by line; nothing is asked."""
    llm = settings.llm
    if llm.prices is None:
        yield f"no price is set for {llm.model} (llm.prices), so nothing will be asked"
        return
    with CallLog(store.root, None) as call_log:
        most, is_complete = Decimal(0), True
        for step, needs, entries in _stages(settings, store):
            if not (DATA / needs).is_dir():
                maker = next(stage.name for stage in STAGES if stage.table == needs)
                yield f"{step.stage}: not priced yet, as data/{needs} is missing: run `dvc repro {maker}`"
                is_complete = False
                continue
            items = [entry for entry in entries() if isinstance(entry, Item)]
            missing = _missing(step, items, store)
            estimate = _estimate(step, missing, llm, call_log)
            most += estimate.most
            yield (
                f"{step.stage}: {len(items)} videos, {len(items) - len(missing)} answered; {estimate.in_words()}"
            )
        if injection := settings.prompt_injection:
            if (DATA / "descriptions").is_dir():
                variants = _variants(settings, injection, store)
                missing = _missing(variants.step, variants.items, store)
                estimate = _estimate(variants.step, missing, llm, call_log)
                most += estimate.most
                yield f"prompt injection variants: {variants.summary}; {estimate.in_words()}"
            else:
                yield (
                    f"prompt injection variants: not priced yet; at most {injection.videos} videos with "
                    f"{len(ATTACK_TYPES)} variants each"
                )
        yield from _budget(call_log, llm, most, is_complete=is_complete)


def _stages(
    settings: Settings, store: Store
) -> Iterator[tuple[DescribeStep | StanceStep, str, Callable[[], Iterable[Item[Any] | Skipped]]]]:
    """Each step that asks a model, the table that it needs, and its items."""
    llm, prompts = settings.llm, settings.prompts
    describe = descriptions.step_of(settings, llm.base_url, _NO_KEY, store.root)
    yield describe, "frames", lambda: descriptions.items(llm.max_frames)
    detect_stance = stances.step_of(settings, llm.base_url, _NO_KEY, store.root)
    yield detect_stance, "descriptions", lambda: stances.items(prompts.stance.inputs)


@dataclass(frozen=True)
class _Variants:
    """The prompt injection variants that the model would judge."""

    step: StanceStep
    items: list[Item[StanceInputs]]
    summary: str


def _variants(settings: Settings, injection: PromptInjection, store: Store) -> _Variants:
    """The variants of the videos with a label; before all videos are judged, as many variants as there can be.

    The labels hardly change the price, so until they are known any label will do.
    """
    prompt, target = settings.prompts.stance, settings.study.stance
    step = stances.step_of(settings, settings.llm.base_url, _NO_KEY, store.root)
    items = [entry for entry in stances.items(prompt.inputs) if isinstance(entry, Item)]
    if is_upper_bound := bool(_missing(step, items, store)):
        labels = dict.fromkeys((item.video_id for item in items), target.labels[0])
    else:
        labels = _labels(Asking(step, store, LocalEngine(), Event()), items)
    chosen = [variant.item for variant in variant_items(step, injection, items, labels)]
    summary = f"{len(chosen)} for {min(injection.videos, len(labels))} videos"
    if is_upper_bound:
        summary = f"at most {summary}, known once the videos are judged"
    return _Variants(step, chosen, summary)


def _labels(asking: Asking, items: Iterable[Item[StanceInputs]]) -> dict[str, str]:
    """The labels of the videos by their stored answers; a video without a label is left out."""
    rows = (row for item in items for row in asking.rows(item, {}))
    return {row["video_id"]: row["label"] for row in rows if row["status"] == "ok"}


def _missing(step: DescribeStep | StanceStep, items: Sequence[Item[Any]], store: Store) -> list[Item[Any]]:
    keys = {item.video_id: key_of(step, item).digest for item in items}
    known = store.known(keys.values())
    return [item for item in items if keys[item.video_id] not in known]


def _estimate(
    step: DescribeStep | StanceStep, items: list[Item[Any]], llm: Llm, call_log: CallLog
) -> CostEstimate:
    missing: dict[str, tuple[str, CallSize]] = {}
    with Progress("plan", len(items), 0) as progress:
        for item in items:
            for call in _first_calls(step, item):
                request = request_digest(call, llm)
                if call_log.stored_reply(request) is None and not call_log.is_in_batch(request):
                    missing[request] = call.model_name(llm), call.size(llm)
            progress.add("priced")
    priced = [(size, prices_of(llm, model)) for model, size in missing.values()]
    return CostEstimate(
        len(missing),
        tuple(dict.fromkeys(model for model, _ in missing.values())) or (llm.model,),
        sum((typical_usd(*call) for call in priced), Decimal(0)),
        sum((worst_case_with_repair_usd(*call) for call in priced), Decimal(0)),
    )


def _first_calls(step: DescribeStep | StanceStep, item: Item[Any]) -> Iterable[ModelCall]:
    conversation = step.conversation(item.content)
    try:
        return next(conversation)
    except Unusable:
        return ()
    finally:
        conversation.close()


def _budget(call_log: CallLog, llm: Llm, most: Decimal, *, is_complete: bool) -> Iterator[str]:
    """What is spent, and whether the rest of the budget is enough for what is priced."""
    spent, by_model = call_log.spent_usd(), call_log.by_model()
    unknown = sum(model.unknown for model in by_model)
    counted = f"; {unknown} calls of unknown cost count in full" if unknown else ""
    yield f"spent so far: ${spent:.4f} in {sum(model.calls for model in by_model)} calls{counted}"
    if llm.budget_usd is None:
        yield "no budget is set: with llm.budget_usd, a run stops before it costs more"
        return
    left = Decimal(str(llm.budget_usd)) - spent
    verdict = "it may not be enough"
    if most <= left:
        verdict = "it is enough" if is_complete else "it is enough for what is priced here"
    yield f"budget: ${llm.budget_usd:.4f}, of which ${left:.4f} are left; {verdict}"
