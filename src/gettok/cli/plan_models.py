"""`gettok plan`, the models' part: what they would be asked, and what it would cost, before anything is spent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Event
from typing import Any

from gettok.describe import DescribeStep
from gettok.engine import LocalEngine
from gettok.errors import Unusable
from gettok.llm import Call, Calls, digest
from gettok.llm.client import prices_of
from gettok.llm.pricing import Size, about_usd, worst_with_mending_usd
from gettok.pipeline.annotating import descriptions, stances
from gettok.pipeline.annotating.prompt_injection import attacked
from gettok.pipeline.answering import Asking, Skipped, key_of
from gettok.pipeline.paths import DATA
from gettok.pipeline.progress import Progress
from gettok.settings import Llm, PromptInjection, Settings
from gettok.settings.secrets import Secret
from gettok.stance import StanceInputs, StanceStep
from gettok.stance.prompt_injection.attack_types import WAYS
from gettok.step import Item
from gettok.store import Store

_UNASKED = Secret("nobody is asked")


@dataclass(frozen=True)
class Estimate:
    """Calls that are still to be made, and what they cost as a rule and at most."""

    calls: int
    models: tuple[str, ...]
    about: Decimal
    most: Decimal

    def said(self) -> str:
        return f"{self.calls} calls to {', '.join(self.models)}, about ${self.about:.4f}, at most ${self.most:.4f}"


def price(settings: Settings, store: Store) -> Iterator[str]:
    """What each stage that asks a model would cost now, line by line; nothing is asked."""
    llm = settings.llm
    if llm.prices is None:
        yield f"no price is set for {llm.model} (llm.prices), so nothing will be asked"
        return
    with Calls(store.root, None) as calls:
        most, is_all = Decimal(0), True
        for step, needs, entries in _stages(settings, store):
            if not (DATA / needs).is_dir():
                yield f"{step.stage}: not priced yet, as data/{needs} is not there: run `dvc repro {step.stage}`"
                is_all = False
                continue
            items = [entry for entry in entries() if isinstance(entry, Item)]
            missing = _missing(step, items, store)
            found = _estimate(step, missing, llm, calls)
            most += found.most
            yield f"{step.stage}: {len(items)} videos, {len(items) - len(missing)} answered; {found.said()}"
        if attacks := settings.prompt_injection:
            if (DATA / "descriptions").is_dir():
                variants = _variants(settings, attacks, store)
                found = _estimate(variants.step, _missing(variants.step, variants.items, store), llm, calls)
                most += found.most
                yield f"attacked variants: {variants.said}; {found.said()}"
            else:
                yield f"attacked variants: not priced yet; at most {attacks.videos} videos in {len(WAYS)} ways"
        yield from _purse(calls, llm, most, is_all=is_all)


def _stages(
    settings: Settings, store: Store
) -> Iterator[tuple[DescribeStep | StanceStep, str, Callable[[], Iterable[Item[Any] | Skipped]]]]:
    llm, prompts = settings.llm, settings.prompts
    describing = descriptions.step_of(settings, llm.base_url, _UNASKED, store.root)
    yield describing, "frames", lambda: descriptions.items(llm.max_frames)
    judging = stances.step_of(settings, llm.base_url, _UNASKED, store.root)
    yield judging, "descriptions", lambda: stances.items(prompts.stance.inputs)


@dataclass(frozen=True)
class _Variants:
    """What the judging model would be asked about attacked variants."""

    step: StanceStep
    items: list[Item[StanceInputs]]
    said: str


def _variants(settings: Settings, attacks: PromptInjection, store: Store) -> _Variants:
    """The variants of the videos that have a label; before all are judged, as many as there can be.

    What the label is makes hardly a difference to the price, so any will do.
    """
    prompt, target = settings.prompts.stance, settings.study.stance
    step = stances.step_of(settings, settings.llm.base_url, _UNASKED, store.root)
    items = [entry for entry in stances.items(prompt.inputs) if isinstance(entry, Item)]
    if unjudged := bool(_missing(step, items, store)):
        labels = dict.fromkeys((item.video_id for item in items), target.labels[0])
    else:
        labels = _labels(Asking(step, store, LocalEngine(), Event()), items)
    found = [one.item for one in attacked(step, attacks, items, labels)]
    count = min(attacks.videos, len(labels))
    if unjudged:
        return _Variants(
            step, found, f"at most {len(found)} of {count} videos, known once the videos are judged"
        )
    return _Variants(step, found, f"{len(found)} of {count} videos")


def _labels(asking: Asking, items: Iterable[Item[StanceInputs]]) -> dict[str, str]:
    """The labels that the store has answers for; a video that has none is left out."""
    rows = (row for item in items for row in asking.rows(item, {}))
    return {row["video_id"]: row["label"] for row in rows if row["status"] == "ok"}


def _missing(step: DescribeStep | StanceStep, items: Sequence[Item[Any]], store: Store) -> list[Item[Any]]:
    keys = {item.video_id: key_of(step, item).digest for item in items}
    known = store.known(keys.values())
    return [item for item in items if keys[item.video_id] not in known]


def _estimate(step: DescribeStep | StanceStep, items: list[Item[Any]], llm: Llm, calls: Calls) -> Estimate:
    asked: dict[str, tuple[str, Size]] = {}
    with Progress("plan", len(items), 0) as progress:
        for item in items:
            for call in _first_calls(step, item):
                request = digest(call, llm)
                if calls.known(request) is None and not calls.is_in_batch(request):
                    asked[request] = call.asked(llm), call.size(llm)
            progress.add("priced")
    priced = [(size, prices_of(llm, model)) for model, size in asked.values()]
    return Estimate(
        len(asked),
        tuple(dict.fromkeys(model for model, _ in asked.values())) or (llm.model,),
        sum((about_usd(*each) for each in priced), Decimal(0)),
        sum((worst_with_mending_usd(*each) for each in priced), Decimal(0)),
    )


def _first_calls(step: DescribeStep | StanceStep, item: Item[Any]) -> Iterable[Call]:
    talk = step.talk(item.content)
    try:
        return next(talk)
    except Unusable:
        return ()
    finally:
        talk.close()


def _purse(calls: Calls, llm: Llm, most: Decimal, *, is_all: bool) -> Iterator[str]:
    """What is spent, and whether the rest of the budget is enough for what is priced."""
    spent = calls.spent_usd()
    unknown = sum(one.unknown for one in calls.by_model())
    counted = f"; {unknown} calls of unknown cost count in full" if unknown else ""
    yield f"spent so far: ${spent:.4f} in {sum(one.calls for one in calls.by_model())} calls{counted}"
    if llm.budget_usd is None:
        yield "no budget is set: llm.budget_usd stops a run before it costs more"
        return
    left = Decimal(str(llm.budget_usd)) - spent
    enough = "it may not be enough"
    if most <= left:
        enough = "it is enough" if is_all else "it is enough for what is priced here"
    yield f"budget: ${llm.budget_usd:.4f}, of which ${left:.4f} are left; {enough}"
